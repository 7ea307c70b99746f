"""What of a document may be corrected, and what was."""

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from control_plane.api.schemas.common import Answer, Command, MoneyView
from control_plane.api.schemas.exceptions import Because
from control_plane.domain.correction import CorrectionReason, FieldClass
from control_plane.domain.hand_posting import Claimed

Path = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Number = Annotated[str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True)]
Value = Annotated[str, StringConstraints(max_length=500)]


class CorrectableField(Answer):
    """A field that may be corrected, with what the document says now."""

    path: str
    field_class: FieldClass
    value: str
    needs_second_person: bool
    """However small the amount."""
    default_act: str
    """What is done about it by default: a wrong amount is `return_to_source`, all else `propose_correction`."""


class CorrectableFields(Answer):
    """All fields of one document that may be corrected."""

    items: list[CorrectableField]
    alone_up_to: MoneyView
    """Up to so much a day one person corrects words and coding alone."""
    reason_codes: list[CorrectionReason]
    revision: int
    """Of the exception."""


class FieldChange(Command):
    """One value instead of another one."""

    path: Path
    before: Value
    after: Value


class Correction(Because):
    """Correct the document of an exception."""

    changes: Annotated[list[FieldChange], Field(min_length=1, max_length=200)]
    reason_code: CorrectionReason


class HandPosting(Because):
    """Say what became of the document of an exception in the target's books."""

    claimed: Claimed
    numbers: Annotated[tuple[Number, ...], Field(max_length=10)] = ()
    """The target's own; they are read back."""
    posting_date: date | None = None
    accepts_difference: bool = False
    """Of a document in doubt: it is this posting although it differs from what was meant."""

    @model_validator(mode="after")
    def _say_all(self) -> Self:
        is_said = bool(self.numbers) and self.posting_date is not None
        if is_said is not (self.claimed is Claimed.POSTED) or len(set(self.numbers)) < len(self.numbers):
            raise ValueError("What is posted has numbers, each once, and a posting date; what is not has none")
        return self


class FieldDifference(Answer):
    """What a corrected version says, and what the one before said."""

    path: str
    before: str
    after: str


class CorrectionView(Answer):
    """What was corrected in a document version, by whom and why."""

    transaction_id: str
    corrects_id: str
    approval_id: str
    changes: list[FieldDifference]
    reason_code: CorrectionReason
    reason: str
    maker: str
    recorded_at: datetime
