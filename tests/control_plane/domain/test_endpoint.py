import pytest

from control_plane.domain.endpoint import UnsafeEndpointError, endpoint, is_reachable


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "0",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0.0.0.0",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "100.64.0.1",
        "192.0.0.192",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[2001:0:53aa:64c::1]",
        "10.0.0.1",
        "192.168.1.1",
        "224.0.0.1",
        "localhost",
        "localhost:8443",
    ],
)
def test_an_address_inside_is_refused(host: str) -> None:
    with pytest.raises(UnsafeEndpointError):
        endpoint(f"https://{host}/hook")


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "file:///etc/passwd",
        "gopher://hooks.example.com/",
        "https://user:pw@hooks.example.com/",
        "https://hooks.example.com/#@127.0.0.1/",
        "https://hooks.example.com\\@127.0.0.1/",
        "https://hooks.example.com:22/",
        "https://hooks.example.com:25/",
        "https://hooks.example.com:6379/",
        "https://hooks.example.com:99999/",
        "https://[::1/",
        "https:///path",
        "hooks.example.com",
        "https://hooks.example.com/a b",
    ],
)
def test_an_unusual_url_is_refused(url: str) -> None:
    with pytest.raises(UnsafeEndpointError):
        endpoint(url)


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://hooks.example.com", "https://hooks.example.com", "/"),
        ("https://hooks.example.com:8443/in?team=7", "https://hooks.example.com:8443", "/in?team=7"),
        ("https://93.184.215.14/x", "https://93.184.215.14", "/x"),
    ],
)
def test_a_public_address_is_taken(url: str, origin: str, path: str) -> None:
    found = endpoint(url)
    assert (found.origin, found.path) == (origin, path)


def test_loopback_is_open_where_it_is_allowed() -> None:
    assert endpoint("http://127.0.0.1:9000/hook", allows_loopback=True).origin == "http://127.0.0.1:9000"
    assert endpoint("http://localhost:9000", allows_loopback=True).path == "/"
    with pytest.raises(UnsafeEndpointError):
        endpoint("http://10.0.0.1:9000/hook", allows_loopback=True)


@pytest.mark.parametrize(
    ("address", "is_open"), [("93.184.215.14", True), ("::ffff:10.0.0.1", False), ("127.0.0.1", False)]
)
def test_what_a_name_resolves_to_is_judged_alike(address: str, *, is_open: bool) -> None:
    assert is_reachable(address, allows_loopback=False) is is_open
