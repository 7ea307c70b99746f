"""The sandbox ERP's chart of accounts and its kinds of documents."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Account:
    """A general ledger account, valid in every company."""

    code: str
    name: str
    kind: str
    role: str
    """What it is for: stable, and easier to configure by than the code."""

    party: str | None = None
    """`employee` where each line must name one."""

    active: bool = True


ACCOUNTS: Final = (
    Account("113100", "Bank", "bank", "bank"),
    Account("154000", "Input tax", "asset", "input_tax"),
    Account("181000", "Receivables from employees", "receivable", "employee_receivable", "employee"),
    Account("182000", "Cash advances to employees", "receivable", "cash_advance", "employee"),
    Account("183000", "Due from group companies", "receivable", "due_from"),
    Account("331000", "Payables to employees", "payable", "employee_payable", "employee"),
    Account("332000", "Company card, company billed", "payable", "company_card"),
    Account("333000", "Company card, individually billed", "payable", "individual_card"),
    Account("334000", "Paid by the company", "payable", "company_paid"),
    Account("335000", "Due to group companies", "payable", "due_to"),
    Account("474100", "Airfare", "expense", "airfare"),
    Account("474110", "Rail and local transport", "expense", "rail"),
    Account("474120", "Lodging", "expense", "lodging"),
    Account("474130", "Meals", "expense", "meals"),
    Account("474140", "Taxi", "expense", "taxi"),
    Account("474150", "Car rental", "expense", "car_rental"),
    Account("474160", "Parking", "expense", "parking"),
    Account("474170", "Office supplies", "expense", "office_supplies"),
    Account("474180", "Telephone and internet", "expense", "telephone"),
    Account("474190", "Entertainment", "expense", "entertainment"),
    Account("474200", "Fees", "expense", "fees"),
    Account("474300", "Other travel cost", "expense", "other_travel"),
    Account("474999", "Travel until 2016", "expense", "former_travel", active=False),
    Account("484000", "Rounding differences", "expense", "rounding_difference"),
)
SUBLEDGER_OF: Final[Mapping[str, str]] = {"EX": "ap", "CC": "ap", "CA": "ap", "GJ": "gl"}
DOCUMENT_TYPES: Final = tuple(SUBLEDGER_OF)
LEDGERS: Final = ("main",)
PAYABLE: Final = frozenset(account.code for account in ACCOUNTS if account.kind == "payable")
