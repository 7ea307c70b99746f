"""The invented group that the sample set is about: its codes agree with the sandbox ERP's by value."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final


@dataclass(frozen=True, slots=True)
class Company:
    """A legal entity whose employees claim."""

    code: str
    currency: str
    country: str
    region: str
    full_rate: tuple[str, Decimal]
    """A tax code that is reclaimed in full, with its rate in percent."""

    lost_rate: tuple[str, Decimal]
    """A tax code of which nothing is reclaimed."""


@dataclass(frozen=True, slots=True)
class ExpenseType:
    """What money is spent on."""

    code: str
    name: str
    account: str
    vendors: tuple[str, ...]


COMPANIES: Final = (
    Company("1000", "EUR", "DE", "DE-HH", ("V19", Decimal(19)), ("V19N", Decimal(19))),
    Company("2000", "CHF", "CH", "CH-ZH", ("C81", Decimal("8.1")), ("C00", Decimal(0))),
    Company("3000", "USD", "US", "US-MA", ("U00", Decimal(0)), ("U08N", Decimal("8.25"))),
)
EXPENSE_TYPES: Final = (
    ExpenseType("AIRFR", "Airfare", "474100", ("Skyhop Air", "Cloudlane")),
    ExpenseType("TRAIN", "Train", "474110", ("Regio Rail", "Twin Track Lines")),
    ExpenseType("LODNG", "Lodging", "474120", ("Lindenhof Inn", "Harbor Lights Hotel", "Three Pines Lodge")),
    ExpenseType("DINNR", "Dinner", "474130", ("Blue Anchor Kitchen", "The Copper Ladle")),
    ExpenseType("TAXIX", "Taxi", "474140", ("Taxi Nine", "Citywheel")),
    ExpenseType("CARRT", "Car Rental", "474150", ("Rollaway Cars",)),
    ExpenseType("PARKG", "Parking", "474160", ("Level Four Parking",)),
    ExpenseType("OFCSP", "Office Supplies", "474170", ("Paper and Pin",)),
    ExpenseType("TELPH", "Telephone", "474180", ("Ringtone Mobile",)),
    ExpenseType("ENTOT", "Entertainment", "474190", ("Lantern Theater",)),
    ExpenseType("FEESX", "Fees", "474200", ("Visa Desk",)),
)
CARD_CLEARING: Final = "332000"
ADVANCE_ACCOUNT: Final = "182000"
COST_CENTERS: Final = 8
PROJECTS: Final = 40
INACTIVE_PROJECT: Final = "P-13"
CLOSED_MONTH: Final = (2025, 12)
UNKNOWN_EMPLOYEE: Final = 900
UNKNOWN_CURRENCY: Final = "XQZ"
CLAIMANTS: Final = range(30, 500)
_HEADS: Final = 3
_MANAGERS: Final = 30
_TEAM_LEADS: Final = 120
LIMITS: Final[Mapping[int, Decimal | None]] = {1: Decimal(5000), 2: Decimal(25000), 3: None}
"""What an approver of a level may approve in the currency of the company; None is without limit."""

RATES_TO_EUR: Final = {
    "EUR": Decimal(1),
    "USD": Decimal("0.9050"),
    "CHF": Decimal("1.0510"),
    "GBP": Decimal("1.1620"),
    "JPY": Decimal("0.00622"),
}


def company_of(employee: int) -> Company:
    """Return the legal entity of an employee: the number modulo three."""
    return COMPANIES[employee % len(COMPANIES)]


def cost_center_of(employee: int) -> str:
    """Return the cost center where an employee works."""
    return cost_center(company_of(employee), employee // len(COMPANIES) % COST_CENTERS + 1)


def cost_center(company: Company, number: int) -> str:
    """Return the code of a company's cost center."""
    return f"CC-{int(company.code) + number}"


def approver_of(employee: int, amount: Decimal, currency: str) -> tuple[str, int]:
    """Return who approves a claim and at which level: the first above the employee whose limit suffices."""
    manager, level = _manager_of(employee)
    company = company_of(employee)
    while (limit := LIMITS[level]) is not None and (currency != company.currency or abs(amount) > limit):
        manager, level = _manager_of(manager)
    return f"E-{manager:03d}", level


def _manager_of(employee: int) -> tuple[int, int]:
    if employee < _MANAGERS:
        return employee % _HEADS, 3
    if employee < _TEAM_LEADS:
        return _HEADS + (employee - _MANAGERS) % (_MANAGERS - _HEADS), 2
    return _MANAGERS + (employee - _TEAM_LEADS) % (_TEAM_LEADS - _MANAGERS), 1
