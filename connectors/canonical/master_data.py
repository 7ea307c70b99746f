"""Master data: the ERP's own lists that every posting must fit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from connectors.canonical.privacy import internal, personal


class Domain(StrEnum):
    """A list of master data, named as in ISO 21378's base module."""

    LEGAL_ENTITY = "legal_entity"
    EMPLOYEE = "employee"
    GL_ACCOUNT = "gl_account"
    COST_CENTER = "cost_center"
    PROJECT = "project"
    TAX_CODE = "tax_code"
    PAYMENT_TERM = "payment_term"
    APPROVAL_HIERARCHY = "approval_hierarchy"
    PERIOD = "period"
    """Code `2026-03` of one legal entity; active means open for expenses; attributes `start` and `end` (ISO dates)."""
    RATE = "rate"
    """A group's rate of a period: attributes `from`, `to`, `period`, `rate`. Or, under `REFERENCE_RATES` and the day,
    what one euro was worth on that day: attributes from currency to units."""


REFERENCE_RATES: Final = "ECB/"
"""Begins the code of a day's reference rates, such as `ECB/2026-10-30`."""


@dataclass(frozen=True, slots=True)
class MasterRecord:
    """One record of a list under the ERP's key, as it stood when it was read."""

    domain: Domain = internal()
    code: str = internal()
    name: str = personal()
    active: bool = internal()
    attributes: Mapping[str, str] = internal()
    """The list's own facts as strings: `currency`, `country`, `manager`, `limit_minor`, `start`, `end`, `rate`."""
    legal_entity: str = internal(default="")
    """Empty: valid for every legal entity."""
    valid_from: date | None = internal(default=None)
    valid_to: date | None = internal(default=None)
    source_updated_at: datetime | None = internal(default=None)
