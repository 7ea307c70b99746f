"""The seeded master data of the sandbox ERP: the same codes every time, from three small numbers."""

import calendar
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final  # attributes are JSON: text, numbers, truth, lists

from connectors.twins.erp.chart import ACCOUNTS, DOCUMENT_TYPES, LEDGERS
from connectors.twins.people import name_of

EMPLOYEES: Final = 500
PROJECTS: Final = 40
COST_CENTERS: Final = 8
YEARS: Final = range(2017, 2028)
SUBLEDGERS: Final = ("ap", "gl")
HEADS: Final = 3
MANAGERS: Final = 30
TEAM_LEADS: Final = 120


@dataclass(frozen=True, slots=True)
class Company:
    """A legal entity of the group."""

    code: str
    name: str
    currency: str
    country: str
    time_zone: str
    tax_codes: Mapping[str, tuple[str, str]]
    """Code to rate in percent and the share that may be reclaimed."""


COMPANIES: Final = (
    Company(
        code="1000",
        name="Meadow Group GmbH",
        currency="EUR",
        country="DE",
        time_zone="Europe/Berlin",
        tax_codes={"V19": ("19", "1"), "V07": ("7", "1"), "V00": ("0", "0"), "V19N": ("19", "0")},
    ),
    Company(
        code="2000",
        name="Meadow Alpine AG",
        currency="CHF",
        country="CH",
        time_zone="Europe/Zurich",
        tax_codes={"C81": ("8.1", "1"), "C26": ("2.6", "1"), "C38": ("3.8", "1"), "C00": ("0", "0")},
    ),
    Company(
        code="3000",
        name="Meadow Harbor Inc.",
        currency="USD",
        country="US",
        time_zone="America/New_York",
        tax_codes={"U00": ("0", "0"), "U08N": ("8.25", "0")},
    ),
)
PAYMENT_TERMS: Final = {"NET00": ("Due at once", 0), "NET14": ("14 days", 14), "NET30": ("30 days", 30)}
RATES_TO_EUR: Final = {
    "USD": Decimal("0.9000"),
    "CHF": Decimal("1.0500"),
    "GBP": Decimal("1.1600"),
    "JPY": Decimal("0.0062"),
    "KWD": Decimal("2.9400"),
    "CAD": Decimal("0.6700"),
}


@dataclass(frozen=True, slots=True)
class Item:
    """One record of master data as the ERP holds it."""

    domain: str
    code: str
    name: str
    company: str | None = None
    active: bool = True
    valid_from: str | None = None
    valid_to: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seed:
    """What may be chosen about the seeded set."""

    inactive_projects: frozenset[str] = frozenset({"P-13"})
    closed_months: frozenset[str] = frozenset({"2025-12"})


def company_of(employee: int) -> Company:
    """Return the legal entity of an employee: the number modulo three."""
    return COMPANIES[employee % len(COMPANIES)]


def manager_of(employee: int) -> int | None:
    """Return the number of an employee's manager, in the same legal entity; heads have none."""
    if employee < HEADS:
        return None
    if employee < MANAGERS:
        return employee % HEADS
    if employee < TEAM_LEADS:
        return HEADS + (employee - MANAGERS) % (MANAGERS - HEADS)
    return MANAGERS + (employee - TEAM_LEADS) % (TEAM_LEADS - MANAGERS)


def limit_of(employee: int) -> str | None:
    """Return up to which amount an employee may approve; None is without limit."""
    if employee < HEADS:
        return None
    if employee < MANAGERS:
        return "25000.00"
    return "5000.00" if employee < TEAM_LEADS else "0.00"


def cost_center_of(employee: int) -> str:
    """Return the cost center where an employee works."""
    company = company_of(employee)
    return cost_center(company, employee // len(COMPANIES) % COST_CENTERS + 1)


def cost_center(company: Company, number: int) -> str:
    """Return the code of a company's cost center, CC-1001 to CC-1008 for company 1000."""
    return f"CC-{int(company.code) + number}"


def items(seed: Seed) -> Iterator[Item]:
    """Yield the whole set in a fixed order."""
    yield from _legal_entities()
    yield from _accounts()
    yield from _cost_centers()
    yield from _projects(seed)
    yield from _tax_codes()
    yield from _payment_terms()
    yield from _employees()
    yield from _approval_hierarchy()
    yield from _periods(seed)
    yield from _rates()


def _legal_entities() -> Iterator[Item]:
    for company in COMPANIES:
        attributes = {
            "currency": company.currency,
            "country": company.country,
            "calendar": company.country,
            "time_zone": company.time_zone,
            "fiscal_year_start": "01-01",
            "ledgers": list(LEDGERS),
            "document_types": list(DOCUMENT_TYPES),
        }
        yield Item("legal_entity", company.code, company.name, company.code, attributes=attributes)


def _accounts() -> Iterator[Item]:
    for account in ACCOUNTS:
        attributes = {"kind": account.kind, "role": account.role, "party": account.party}
        yield Item(
            "gl_account",
            account.code,
            account.name,
            active=account.active,
            attributes=attributes,
        )


def _cost_centers() -> Iterator[Item]:
    for company in COMPANIES:
        for number in range(1, COST_CENTERS + 1):
            code = cost_center(company, number)
            yield Item("cost_center", code, f"Department {number} of {company.code}", company.code)


def _projects(seed: Seed) -> Iterator[Item]:
    for number in range(PROJECTS):
        code = f"P-{number:02d}"
        attributes = {"budget": None, "budget_currency": "EUR"}
        yield Item(
            "project",
            code,
            f"Project {number:02d}",
            active=code not in seed.inactive_projects,
            attributes=attributes,
        )


def _tax_codes() -> Iterator[Item]:
    for company in COMPANIES:
        for code, (rate, reclaimable) in company.tax_codes.items():
            attributes = {"rate": rate, "reclaimable": reclaimable, "country": company.country}
            yield Item("tax_code", code, f"Input tax {rate} %", company.code, attributes=attributes)


def _payment_terms() -> Iterator[Item]:
    for code, (name, days) in PAYMENT_TERMS.items():
        yield Item("payment_term", code, name, attributes={"days": days})


def _employees() -> Iterator[Item]:
    for number in range(EMPLOYEES):
        company = company_of(number)
        first, last = name_of(number)
        attributes = {
            "manager": _employee_code(manager_of(number)),
            "cost_center": cost_center_of(number),
            "currency": company.currency,
            "country": company.country,
        }
        yield Item("employee", f"E-{number:03d}", f"{first} {last}", company.code, attributes=attributes)


def _approval_hierarchy() -> Iterator[Item]:
    for number in range(EMPLOYEES):
        company = company_of(number)
        first, last = name_of(number)
        attributes = {
            "manager": _employee_code(manager_of(number)),
            "limit": limit_of(number),
            "currency": company.currency,
            "level": _level(number),
        }
        yield Item(
            "approval_hierarchy",
            f"E-{number:03d}",
            f"{first} {last}",
            company.code,
            attributes=attributes,
        )


def _periods(seed: Seed) -> Iterator[Item]:
    for company in COMPANIES:
        for subledger in SUBLEDGERS:
            for year in YEARS:
                for month in range(1, 13):
                    yield _period(company.code, subledger, year, month, seed)


def _period(company: str, subledger: str, year: int, month: int, seed: Seed) -> Item:
    key = f"{year}-{month:02d}"
    attributes = {
        "subledger": subledger,
        "fiscal_year": year,
        "month": month,
        "status": "closed" if key in seed.closed_months else "open",
    }
    return Item(
        "period",
        f"{company}-{subledger}-{key}",
        f"{key} {subledger} of {company}",
        company,
        valid_from=date(year, month, 1).isoformat(),
        valid_to=date(year, month, calendar.monthrange(year, month)[1]).isoformat(),
        attributes=attributes,
    )


def _rates() -> Iterator[Item]:
    for year in YEARS:
        for month in range(1, 13):
            for currency, base in RATES_TO_EUR.items():
                yield _rate(currency, base, f"{year}-{month:02d}", month)


def _rate(currency: str, base: Decimal, period: str, month: int) -> Item:
    rate = base * (1000 + month) / 1000
    attributes = {"from": currency, "to": "EUR", "period": period, "rate": str(rate.normalize())}
    return Item("rate", f"{period}-{currency}", f"{currency} to EUR in {period}", attributes=attributes)


def _employee_code(number: int | None) -> str | None:
    return None if number is None else f"E-{number:03d}"


def _level(employee: int) -> int:
    return sum(employee < bound for bound in (HEADS, MANAGERS, TEAM_LEADS))
