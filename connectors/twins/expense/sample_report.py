"""An expense report before it is written down: entries, allocations, journals, taxes."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from connectors.twins.expense.sample_claims import Claim
from connectors.twins.expense.sample_group import ExpenseType


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax inside an allocation, and what of it is reclaimed."""

    code: str
    amount: Decimal
    reclaimed: Decimal
    guid: str
    country: str


@dataclass(frozen=True, slots=True)
class Journal:
    """Who owes whom how much, on which account."""

    account: str
    payer: str
    payee: str
    gross: Decimal
    taxes: tuple[Tax, ...] = ()
    card: Decimal | None = None
    card_reference: str | None = None


@dataclass(frozen=True, slots=True)
class Allocation:
    """The share of an entry that a cost object bears."""

    guid: str
    cost_center: str
    company: str
    journals: tuple[Journal, ...]
    project: str | None = None
    percentage: Decimal | int | None = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that money was spent on."""

    guid: str
    type: ExpenseType
    vendor: str
    approved: Decimal
    allocations: tuple[Allocation, ...]
    payment: str
    day: date
    spent: Decimal | None = None
    spent_currency: str | None = None
    rate: Decimal | int = 1
    rate_direction: str = "M"
    is_personal: bool = False
    clearing_account: str | None = None
    card_reference: str | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """A part of a cash advance that a report settles."""

    advance_id: str
    amount: Decimal
    account: str


@dataclass(frozen=True, slots=True)
class Report:
    """An expense report before it is written down."""

    claim: Claim
    report_id: str
    name: str
    entries: tuple[Entry, ...]
    applications: tuple[Application, ...] = ()
    returned: Decimal = field(default=Decimal(0))

    @property
    def total(self) -> Decimal:
        """Return the sum of all journals."""
        journals = (
            journal for entry in self.entries for allocation in entry.allocations for journal in allocation.journals
        )
        return sum((journal.gross for journal in journals), Decimal(0))
