"""The expense report and the cash advance in our words."""

from dataclasses import dataclass
from datetime import date, datetime

from connectors.canonical.coding import Coding
from connectors.canonical.money import Money
from connectors.canonical.party import Approver, Employee, Payer
from connectors.canonical.privacy import internal, personal, reimbursement


@dataclass(frozen=True, slots=True)
class ExpenseTax:
    """Tax of one journal: total, and the part that may be reclaimed. Minor units of the report's currency."""

    tax_code_ref: str = internal()
    amount_minor: int = internal()
    reclaimable_minor: int = internal(default=0)


@dataclass(frozen=True, slots=True)
class ExpenseJournal:
    """An amount that a payer owes a payee, with its coding. Minor units of the report's currency.

    `gross = net of reclaim + Σ reclaimable = net of tax + Σ tax`; a negative gross runs the other way.
    """

    payer: Payer = internal()
    payee: Payer = internal()
    gross_minor: int = reimbursement()
    net_of_reclaim_minor: int = reimbursement()
    net_of_tax_minor: int = reimbursement()
    coding: Coding = internal()
    taxes: tuple[ExpenseTax, ...] = internal(default=())


@dataclass(frozen=True, slots=True)
class ExpenseLine:
    """One expense of a report with the journals that it causes."""

    line_number: int = internal()
    line_ref: str = internal()
    expense_type: str = internal()
    transaction_date: date | None = internal()
    description: str = personal(default="")
    merchant: str = personal(default="")
    approved_minor: int = reimbursement(default=0)
    transaction_amount: str = reimbursement(default="")
    """As spent, an exact decimal string in `transaction_currency`: a fact of the source, never recomputed."""
    transaction_currency: str = internal(default="")
    exchange_rate: str = internal(default="")
    """The source's rate, an exact decimal string, never recomputed."""
    exchange_rate_divides: bool = internal(default=False)
    """True: approved = spent / rate. False: approved = spent x rate."""
    is_personal: bool = internal(default=False)
    receipt_ref: str = internal(default="")
    card_transaction_ref: str = internal(default="")
    journals: tuple[ExpenseJournal, ...] = internal(default=())


@dataclass(frozen=True, slots=True)
class ExpenseReport:
    """An approved expense report (or cash advance): one version of one business object."""

    source_system: str = internal()
    source_id: str = internal()
    """The report's own id: the order key, shared by all its versions."""
    source_document_id: str = internal()
    """The id under which the source hands over and confirms this version."""
    document_number: str = internal()
    legal_entity_ref: str = internal()
    employee: Employee = internal()
    total: Money = reimbursement()
    approved_at: datetime | None = internal()
    document_date: date | None = internal()
    title: str = personal(default="")
    approvers: tuple[Approver, ...] = internal(default=())
    policy_status: str = internal(default="")
    travel_permit_ref: str = internal(default="")
    service_from: date | None = internal(default=None)
    service_to: date | None = internal(default=None)
    is_test: bool = internal(default=False)
    total_is_stated: bool = internal(default=True)
    """False where the source left the total open and we took the sum of the journals."""
    lines: tuple[ExpenseLine, ...] = internal(default=())

    @property
    def journals(self) -> tuple[ExpenseJournal, ...]:
        """Return the journals of all lines in order."""
        return tuple(journal for line in self.lines for journal in line.journals)
