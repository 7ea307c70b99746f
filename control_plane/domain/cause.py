"""What several exceptions have in common: one fingerprint."""

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from connectors.canonical.master_data import Domain
from connectors.failures import UNKNOWN_ANSWER, Failure

FINGERPRINT_VERSION: Final = 1
_PLACE: Final = re.compile(r"(?<=\.)[0-9]+(?=\.|$)|(?<=\[)[0-9]+(?=\])")
_CODE: Final = re.compile(r"[^a-z0-9]+")
_LIST_OF: Final = {"account": Domain.GL_ACCOUNT.value, "posting_date": Domain.PERIOD.value}
"""Lists of which a field of a document does not bear the name."""
_ABOUT_A_RECORD: Final = frozenset(
    {"missing_binding", "inactive_master_data", "unmapped_legal_entity", "closed_period", "no_open_period"}
)
_LIST_OF_CODE: Final = {
    "unmapped_legal_entity": Domain.LEGAL_ENTITY.value,
    "closed_period": Domain.PERIOD.value,
    "no_open_period": Domain.PERIOD.value,
}
_LONGEST_CODE: Final = 200
"""What stands in an index is bounded there."""
ANSWER: Final = "answer"
"""In place of a list: what a target said and nobody knows yet."""


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


@dataclass(frozen=True, slots=True)
class Record:
    """The one record that a document waits for, by list and key; empty where its failure names none."""

    domain: str = ""
    code: str = ""


def record_of(failure: Failure) -> Record:
    """Return the record that must change: what stops documents together is released together."""
    if failure.code == UNKNOWN_ANSWER:
        return Record(ANSWER, failure.values.get("answer_code", "")[:_LONGEST_CODE])
    code = failure.values.get("value", "")
    if failure.code not in _ABOUT_A_RECORD or not code:
        return Record()
    place = failure.field_path.rpartition(".")[2]
    domain = failure.values.get("domain") or _LIST_OF_CODE.get(failure.code) or _LIST_OF.get(place, place)
    return Record(domain, code[:_LONGEST_CODE]) if domain in set(Domain) else Record()


def cause_of(flow: str, step: str, failure: Failure) -> Cause:
    """Return a failure's cause."""
    return cause_in(flow, step, failure.kind.value, failure.code, failure.field_path)


def cause_in(flow: str, step: str, kind: str, code: str, field_path: str) -> Cause:
    """Return the cause of what is on record: code in plain letters, line numbers out of the field path."""
    return Cause(flow, step, kind, _CODE.sub("_", code.lower()).strip("_"), _PLACE.sub("*", field_path))
