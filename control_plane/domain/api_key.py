"""API keys as text: recognizable by scanners, checkable before anything is looked up, kept as a hash only."""

import base64
import hashlib
import hmac
import re
import zlib
from dataclasses import dataclass, field
from typing import Final

ENTROPY_BYTES: Final = 37
"""5 for the public part, 32 for the secret."""
_FORM: Final = re.compile(r"(tie_([a-z2-7]{8})_[a-z2-7]{52})_([0-9a-f]{8})")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key in the form `tie_<public part>_<secret>_<checksum>`."""

    key_id: str
    """The public part: it names the key in lists, logs and the audit."""
    text: str = field(repr=False)

    @property
    def sha256(self) -> str:
        """Return what is kept of the key: with 256 bits of chance in it, a fast hash is enough."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def fits(self, sha256: str) -> bool:
        """Return whether this is the key that was kept, in a time that tells nothing."""
        return hmac.compare_digest(self.sha256, sha256)


def make_key(entropy: bytes) -> ApiKey:
    """Return the key made of `ENTROPY_BYTES` bytes of chance.

    Raises:
        ValueError: there are fewer or more.
    """
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"A key takes {ENTROPY_BYTES} bytes of chance, not {len(entropy)}")
    key_id, secret = (_letters(part) for part in (entropy[:5], entropy[5:]))
    text = f"tie_{key_id}_{secret}"
    return ApiKey(key_id, f"{text}_{_checksum(text)}")


def read_key(text: str) -> ApiKey | None:
    """Return the key that the text is, or None where its form or its checksum is wrong."""
    found = _FORM.fullmatch(text)
    if found is None or found[3] != _checksum(found[1]):
        return None
    return ApiKey(found[2], text)


def _letters(part: bytes) -> str:
    return base64.b32encode(part).decode().rstrip("=").lower()


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"
