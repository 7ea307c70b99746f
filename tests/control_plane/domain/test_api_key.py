import pytest

from control_plane.domain.api_key import ENTROPY_BYTES, make_key, read_key

KEY = make_key(bytes(range(ENTROPY_BYTES)))


def test_a_key_has_a_form_that_scanners_know() -> None:
    prefix, key_id, secret, checksum = KEY.text.split("_")

    assert (prefix, key_id, len(secret), len(checksum)) == ("tie", KEY.key_id, 52, 8)


def test_a_key_is_read_back_as_it_was_made() -> None:
    assert read_key(KEY.text) == KEY


def test_a_key_fits_its_own_hash_only() -> None:
    assert KEY.fits(KEY.sha256)
    assert not KEY.fits(make_key(bytes(ENTROPY_BYTES)).sha256)


def test_a_key_does_not_show_itself() -> None:
    assert KEY.text not in repr(KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tie",
        KEY.text[:-1],
        f"{KEY.text}0",
        KEY.text.replace("tie", "foo"),
        KEY.text.upper(),
        f"{KEY.text[:-8]}00000000",
    ],
)
def test_what_is_no_key_is_refused_before_anything_is_looked_up(text: str) -> None:
    assert read_key(text) is None


@pytest.mark.parametrize("count", [0, ENTROPY_BYTES - 1, ENTROPY_BYTES + 1])
def test_a_key_takes_exactly_its_bytes_of_chance(count: int) -> None:
    with pytest.raises(ValueError, match=str(ENTROPY_BYTES)):
        make_key(bytes(count))
