"""Where we may send to by ourselves: public https endpoints, never a machine inside."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

HTTPS: Final = 443
PORTS: Final = frozenset({HTTPS, 8443})

_ALSO_INSIDE: Final = tuple(
    ip_network(text)
    for text in (
        "100.64.0.0/10",  # carriers' own network
        "192.0.0.0/24",  # protocol assignments: some clouds serve their metadata there
        "64:ff9b::/96",  # an IPv4 address behind a translator
        "64:ff9b:1::/48",
        "2001::/32",  # Teredo: an IPv4 address inside
        "2002::/16",  # 6to4: an IPv4 address inside
        "fec0::/10",
    )
)
"""Networks that lead inside although the library calls (some of) them global."""


class UnsafeEndpointError(ValueError):
    """The address leads, or may lead, to a machine inside."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A checked address; its host is checked again, as an IP address, when it is connected to."""

    origin: str
    path: str
    allows_loopback: bool = False


def endpoint(url: str, *, allows_loopback: bool = False) -> Endpoint:
    """Return the endpoint behind a URL; `allows_loopback` is for trying things out on one machine.

    Raises:
        UnsafeEndpointError: another scheme than https, credentials, a fragment, an unusual port, or an inner address.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UnsafeEndpointError("the URL cannot be read") from error
    host = parts.hostname or ""
    if not host or parts.username is not None or parts.fragment or set(url) & set("\\ \t\r\n"):
        raise UnsafeEndpointError("an endpoint is https://host/path, without credentials or fragment")
    is_loopback = allows_loopback and _is_loopback(host)
    if parts.scheme != "https" and not (is_loopback and parts.scheme == "http"):
        raise UnsafeEndpointError("an endpoint is reached by https")
    if not is_loopback and (port or HTTPS) not in PORTS:
        raise UnsafeEndpointError(f"an endpoint listens on port {' or '.join(map(str, sorted(PORTS)))}")
    _check_literal(host, allows_loopback=allows_loopback)
    path = parts.path or "/"
    return Endpoint(
        f"{parts.scheme}://{parts.netloc}", f"{path}?{parts.query}" if parts.query else path, allows_loopback
    )


def is_reachable(address: str, *, allows_loopback: bool) -> bool:
    """Return whether we may connect to this IP address."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if ip.is_loopback:
        return allows_loopback
    return ip.is_global and not ip.is_multicast and not _leads_inside(ip)


def _leads_inside(ip: IPv4Address | IPv6Address) -> bool:
    return any(ip in network for network in _ALSO_INSIDE)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _check_literal(host: str, *, allows_loopback: bool) -> None:
    try:
        is_public = is_reachable(host, allows_loopback=allows_loopback)
    except ValueError:  # a name: it is checked when it is resolved
        is_public = not _is_odd_number(host) and (allows_loopback or host != "localhost")
    if not is_public:
        raise UnsafeEndpointError("an endpoint is a public address")


def _is_odd_number(host: str) -> bool:
    """Return whether the host is an unusual spelling of an IP address, such as `127.1` or `0x7f000001`."""
    last = host.rstrip(".").rpartition(".")[2].lower()
    return last.isdecimal() or last.startswith("0x")
