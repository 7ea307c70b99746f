"""A correction: what is said instead of what, why, and who may do so."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class FieldClass(StrEnum):
    """What a correction of a field touches, and so who may make it."""

    FREE = "free"
    """Words: nothing is booked by them."""
    CODING = "coding"
    """Where and when it is booked."""
    AMOUNT = "amount"
    """How much: by default the source corrects it."""
    BANK = "bank"
    """To whom the money goes."""
    TAX = "tax"
    """What is reclaimed."""


TWO_PERSONS: Final = frozenset({FieldClass.AMOUNT, FieldClass.BANK, FieldClass.TAX})
"""Classes that one person never corrects alone, however small the amount."""

Correctable = Mapping[str, FieldClass]
"""A flow's allow-list: fields by name, those of lines under `lines.`; what it does not name is not corrected."""


class CorrectionReason(StrEnum):
    """Why a document is corrected here and not at its source."""

    INACTIVE_MASTER_DATA = "inactive_master_data"
    WRONG_CODING = "wrong_coding"
    WRONG_TAX = "wrong_tax"
    WRONG_PAYEE = "wrong_payee"
    WRONG_AMOUNT = "wrong_amount"
    TYPING_ERROR = "typing_error"


@dataclass(frozen=True, slots=True)
class Change:
    """One value in place of another one, at every spot of the path where the former stands.

    A path is a field's name, such as `title`, or that of a line, such as `lines.2.project`.
    """

    path: str
    before: str
    after: str
