"""Ids: 63 bits of time, worker slot and sequence, with a public form a person can read out."""

from typing import Final

SLOT_BITS: Final = 10
SEQUENCE_BITS: Final = 12
MAX_SLOT: Final = (1 << SLOT_BITS) - 1
MAX_ID: Final = (1 << 63) - 1
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
_LENGTH: Final = 13


class UnknownIdError(ValueError):
    """The text is no public id of the wanted kind."""


def compose_id(milliseconds: int, slot: int, sequence: int) -> int:
    """Return the id for a moment (milliseconds since 1970), a worker slot and a sequence number within both."""
    return (milliseconds << (SLOT_BITS + SEQUENCE_BITS)) | (slot << SEQUENCE_BITS) | sequence


def public_id(prefix: str, number: int) -> str:
    """Return the public form, such as `txn_06f2k8v3q0001` (Crockford's base 32)."""
    letters = [_ALPHABET[(number >> (5 * place)) & 31] for place in reversed(range(_LENGTH))]
    return f"{prefix}_{''.join(letters)}"


def parse_public_id(prefix: str, text: str) -> int:
    """Return the number behind a public id.

    Raises:
        UnknownIdError: the text is not a public id with this prefix.
    """
    head, _, letters = text.lower().partition("_")
    if head != prefix or len(letters) != _LENGTH or not set(letters) <= _VALUES.keys():
        message = f"{text[:40]!r} is not an id of the form {prefix}_…"
        raise UnknownIdError(message)
    number = 0
    for letter in letters:
        number = (number << 5) | _VALUES[letter]
    if number > MAX_ID:
        raise UnknownIdError(f"{text[:40]!r} is larger than any id")
    return number
