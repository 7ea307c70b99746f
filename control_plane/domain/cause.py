"""What several exceptions have in common: one fingerprint."""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from connectors.failures import Failure

FINGERPRINT_VERSION: Final = 1
_PLACE: Final = re.compile(r"(?<=\.)[0-9]+(?=\.|$)")
_CODE: Final = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Cause:
    """Where and why something stopped, without the values of the single case."""

    flow: str
    step: str
    kind: str
    code: str
    field_path: str

    @property
    def clear(self) -> str:
        """Return the cause in words a person can read."""
        return f"{self.flow} | {self.step} | {self.kind} | {self.code} | {self.field_path}"

    @property
    def fingerprint(self) -> str:
        """Return the cause as one key, with the version of its making in front."""
        return f"v{FINGERPRINT_VERSION}:{sha256(self.clear.encode()).hexdigest()}"


def cause_of(flow: str, step: str, failure: Failure) -> Cause:
    """Return a failure's cause: code in plain letters, line numbers out of the field path."""
    code = _CODE.sub("_", failure.code.lower()).strip("_")
    return Cause(flow, step, failure.kind.value, code, _PLACE.sub("*", failure.field_path))
