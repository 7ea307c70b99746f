"""Who bears a journal and who is owed: cost accounts by key, control accounts by role."""

from collections.abc import Mapping
from typing import Any, Final  # policy values are JSON

from connectors.canonical.expense import ExpenseJournal, ExpenseLine
from connectors.canonical.party import Payer

RECEIVABLE: Final = "employee_receivable"
PAYABLE: Final = "employee"
ADVANCE: Final = "cash_advance"
INPUT_TAX: Final = "input_tax"

ROLES_OF_EMPLOYEES: Final = frozenset({RECEIVABLE, PAYABLE, ADVANCE})
"""Control accounts that say whose money it is."""


def account_key(line: ExpenseLine, journal: ExpenseJournal, policy: Mapping[str, Any]) -> str | None:
    """Return the key of the account that bears the cost; None where a control account bears it.

    The source's account comes first, then the policy's account for the expense type, then its default; without any
    the expense type itself is the key, so that it can be bound. Empty: nobody said anything.
    """
    if journal.coding.account_ref:
        return journal.coding.account_ref
    if bearing_role(line, journal):
        return None
    accounts = policy["accounts"]
    by_type: Mapping[str, str] = accounts.get("by_expense_type", {})
    return by_type.get(line.expense_type) or str(accounts.get("default", "")) or line.expense_type


def bearing_role(line: ExpenseLine, journal: ExpenseJournal) -> str:
    """Return the control account that bears what is no cost of the company; empty for a cost.

    Personal spend on a company card is owed by the employee; a settled advance is taken off what the employee gets;
    an advance that is handed out is a receivable. Only in a line that nets to zero may it be the party's own account.
    """
    role = _role_beside_costs(line, journal)
    is_own = role == control_role(line, journal)
    return "" if is_own and not nets_to_zero(line) else role


def control_role(line: ExpenseLine, journal: ExpenseJournal) -> str:
    """Return the control account of the party that is owed, or that owes the company."""
    if journal.payee is not Payer.COMPANY:
        return journal.payee
    if journal.payer is Payer.EMPLOYEE:
        return PAYABLE if settles_advance(line) else RECEIVABLE
    return journal.payer


def nets_to_zero(line: ExpenseLine) -> bool:
    """Return whether the journals of a line only move money between parties."""
    return sum(journal.gross_minor for journal in line.journals) == 0


def settles_advance(line: ExpenseLine) -> bool:
    """Return whether the line takes a cash advance into account."""
    return any(journal.payee is Payer.CASH_ADVANCE for journal in line.journals)


def _role_beside_costs(line: ExpenseLine, journal: ExpenseJournal) -> str:
    if Payer.COMPANY not in {journal.payer, journal.payee}:
        return RECEIVABLE if journal.payer is Payer.EMPLOYEE else journal.payer
    if line.is_personal:
        return RECEIVABLE
    if settles_advance(line):
        return PAYABLE
    return ADVANCE if line.expense_type.lower() == ADVANCE else ""
