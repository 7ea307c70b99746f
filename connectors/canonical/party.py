"""Who pays and who is paid."""

from dataclasses import dataclass
from enum import StrEnum

from connectors.canonical.privacy import internal, personal


class Payer(StrEnum):
    """A side of a posting: who bears or who receives the money."""

    COMPANY = "company"
    EMPLOYEE = "employee"
    COMPANY_BILLED_CARD = "company_billed_card"
    INDIVIDUALLY_BILLED_CARD = "individually_billed_card"
    COMPANY_PAID = "company_paid"
    """Paid by the company directly (an invoice, a travel agency), not through the employee."""
    CASH_ADVANCE = "cash_advance"


@dataclass(frozen=True, slots=True)
class Employee:
    """The employee that a document is about, under the source's key."""

    employee_ref: str = internal()
    name: str = personal(default="")
    country_code: str = internal(default="")


@dataclass(frozen=True, slots=True)
class Approver:
    """Who approved, at which level, up to which limit (minor units of the document's currency)."""

    employee_ref: str = internal()
    level: int = internal(default=1)
    limit_minor: int | None = internal(default=None)
    approved_at: str = internal(default="")
    """RFC 3339 in UTC, as evidence."""
