"""The books that a fresh Tryton gets: the seeded master data of the sandbox ERP, by JSON-RPC."""

import calendar
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Final

from connectors.twins.currencies import DECIMALS, smallest_unit
from connectors.twins.erp.chart import ACCOUNTS, DOCUMENT_TYPES, Account
from connectors.twins.erp.master_data import (
    COMPANIES,
    COST_CENTERS,
    EMPLOYEES,
    PAYMENT_TERMS,
    PROJECTS,
    RATES_TO_EUR,
    YEARS,
    Company,
    Seed,
    company_of,
    cost_center,
    manager_of,
)
from connectors.twins.people import name_of
from connectors.twins.tryton.rpc import Rpc, Values

MODULES: Final = ("account_invoice", "analytic_account")
USER: Final = "connector"
COST_CENTER_ROOT: Final = "COST-CENTERS"
PROJECT_ROOT: Final = "PROJECTS"
_GROUPS: Final = ("Accounting", "Analytic Administration")
_TYPES: Final[Mapping[str, Values]] = {
    "bank": {"statement": "balance", "assets": True},
    "asset": {"statement": "balance", "assets": True},
    "receivable": {"statement": "balance", "assets": True, "receivable": True},
    "payable": {"statement": "balance", "payable": True},
    "expense": {"statement": "income", "expense": True},
}
_YEARS_PER_CALL: Final = 4
"""Tryton joins the periods of one call in one nested expression, and SQLite parses a depth of 100."""
_FORMER: Final = date(2016, 12, 31)
"""The day on which an inactive account ended."""


def set_up(rpc: Rpc, password: str) -> None:
    """Fill an empty Tryton with the seeded group and the connector's user. Call it once per database."""
    seed = Seed()
    currencies = _currencies(rpc)
    companies = _companies(rpc, currencies)
    _admit(rpc, companies, password)
    accounts = _accounts(rpc, companies)
    _tax_codes(rpc, companies, accounts)
    _analytic_accounts(rpc, companies, seed)
    _payment_terms(rpc)
    _journals(rpc)
    _employees(rpc, companies)
    _periods(rpc, companies, seed)


def _currencies(rpc: Rpc) -> dict[str, int]:
    codes = sorted({company.currency for company in COMPANIES} | RATES_TO_EUR.keys())
    ids = rpc.create("currency.currency", [_currency(code) for code in codes])
    return dict(zip(codes, ids, strict=True))


def _currency(code: str) -> Values:
    return {
        "code": code,
        "name": code,
        "digits": DECIMALS[code],
        "rounding": smallest_unit(code),
        "rates": [["create", [_rate(code, year) for year in YEARS]]],
    }


def _rate(code: str, year: int) -> Values:
    euros = RATES_TO_EUR.get(code, Decimal(1))
    return {"date": date(year, 1, 1), "rate": (1 / euros).quantize(Decimal("0.000001"))}


def _companies(rpc: Rpc, currencies: Mapping[str, int]) -> dict[str, int]:
    countries = [{"code": company.country, "name": company.country} for company in COMPANIES]
    parties = rpc.create(
        "party.party",
        [
            {"code": company.code, "name": company.name, "addresses": [["create", [{"country": country}]]]}
            for company, country in zip(COMPANIES, rpc.create("country.country", countries), strict=True)
        ],
    )
    records = [
        {"party": party, "currency": currencies[company.currency], "timezone": company.time_zone}
        for party, company in zip(parties, COMPANIES, strict=True)
    ]
    ids = rpc.create("company.company", records)
    return {company.code: number for company, number in zip(COMPANIES, ids, strict=True)}


def _admit(rpc: Rpc, companies: Mapping[str, int], password: str) -> None:
    groups = rpc.ids("res.group", "name", [["name", "in", list(_GROUPS)]])
    ids = list(companies.values())
    admin = rpc.ids("res.user", "login")["admin"]
    access = {"companies": [["add", ids]], "company": ids[0], "company_filter": "all"}
    rpc.call("model.res.user.write", [admin], access)
    user = {"login": USER, "name": "Connector", "password": password, "groups": [["add", list(groups.values())]]}
    rpc.create("res.user", [user | access])
    rpc.within(ids)


def _accounts(rpc: Rpc, companies: Mapping[str, int]) -> dict[tuple[str, str], int]:
    keys = [(company, kind) for company in companies for kind in _TYPES]
    types = rpc.create(
        "account.account.type",
        [_TYPES[kind] | {"name": kind.capitalize(), "company": companies[company]} for company, kind in keys],
    )
    type_of = dict(zip(keys, types, strict=True))
    places = [(company, account) for company in companies for account in ACCOUNTS]
    ids = rpc.create(
        "account.account",
        [_account(account, companies[code], type_of[code, account.kind]) for code, account in places],
    )
    return {(code, account.code): number for (code, account), number in zip(places, ids, strict=True)}


def _account(account: Account, company: int, account_type: int) -> Values:
    return {
        "code": account.code,
        "name": account.name,
        "company": company,
        "type": account_type,
        "party_required": account.party is not None,
        "reconcile": account.kind in {"payable", "receivable"},
        "end_date": None if account.active else _FORMER,
    }


def _tax_codes(rpc: Rpc, companies: Mapping[str, int], accounts: Mapping[tuple[str, str], int]) -> None:
    records = [
        _tax_code(code, rate, companies[company.code], accounts[company.code, "154000"])
        for company in COMPANIES
        for code, (rate, _) in company.tax_codes.items()
    ]
    rpc.create("account.tax", records)


def _tax_code(code: str, rate: str, company: int, account: int) -> Values:
    return {
        "name": code,
        "description": f"Input tax {rate} %",
        "type": "percentage",
        "rate": Decimal(rate) / 100,
        "company": company,
        "invoice_account": account,
        "credit_note_account": account,
    }


def _analytic_accounts(rpc: Rpc, companies: Mapping[str, int], seed: Seed) -> None:
    for root, name in ((COST_CENTER_ROOT, "Cost centers"), (PROJECT_ROOT, "Projects")):
        roots = rpc.create(
            "analytic_account.account",
            [{"code": root, "name": name, "type": "root", "company": number} for number in companies.values()],
        )
        children = [
            child | {"company": companies[company.code], "root": parent, "parent": parent, "state": "opened"}
            for company, parent in zip(COMPANIES, roots, strict=True)
            for child in (_cost_centers(company) if root == COST_CENTER_ROOT else _projects())
        ]
        rpc.create("analytic_account.account", children)
    inactive = rpc.ids("analytic_account.account", "id", [["code", "in", sorted(seed.inactive_projects)]])
    rpc.call("model.analytic_account.account.write", list(inactive.values()), {"active": False})


def _cost_centers(company: Company) -> list[Values]:
    numbers = range(1, COST_CENTERS + 1)
    return [{"code": cost_center(company, number), "name": f"Department {number}"} for number in numbers]


def _projects() -> list[Values]:
    return [{"code": f"P-{number:02d}", "name": f"Project {number:02d}"} for number in range(PROJECTS)]


def _payment_terms(rpc: Rpc) -> None:
    records = [
        {
            "name": code,
            "description": name,
            "lines": [["create", [{"type": "remainder", "relativedeltas": [["create", [{"days": days}]]]}]]],
        }
        for code, (name, days) in PAYMENT_TERMS.items()
    ]
    rpc.create("account.invoice.payment_term", records)


def _journals(rpc: Rpc) -> None:
    records = [{"code": code, "name": f"Documents of type {code}", "type": "general"} for code in DOCUMENT_TYPES]
    rpc.create("account.journal", records)


def _employees(rpc: Rpc, companies: Mapping[str, int]) -> None:
    people = [{"code": f"E-{number:03d}", "name": " ".join(name_of(number))} for number in range(EMPLOYEES)]
    parties = rpc.create("party.party", people)
    records = [{"party": party, "company": companies[company_of(number).code]} for number, party in enumerate(parties)]
    ids = rpc.create("company.employee", records)
    teams: dict[int, list[int]] = {}
    for number, record in enumerate(ids):
        if (manager := manager_of(number)) is not None:
            teams.setdefault(ids[manager], []).append(record)
    changes = [part for manager, team in teams.items() for part in (team, {"supervisor": manager})]
    rpc.call("model.company.employee.write", *changes)


def _periods(rpc: Rpc, companies: Mapping[str, int], seed: Seed) -> None:
    kind = rpc.ids("ir.sequence.type", "name")["Account Move"]
    keys = [(number, year) for number in companies.values() for year in YEARS]
    sequences = rpc.create(
        "ir.sequence.strict",
        [
            {"name": f"Moves of {year}", "sequence_type": kind, "company": number, "prefix": f"{year}/", "padding": 5}
            for number, year in keys
        ],
    )
    years = [_year(*key, sequence) for key, sequence in zip(keys, sequences, strict=True)]
    for start in range(0, len(years), _YEARS_PER_CALL):
        rpc.create("account.fiscalyear", years[start : start + _YEARS_PER_CALL])
    closed = rpc.ids("account.period", "id", [["name", "in", sorted(seed.closed_months)]])
    rpc.call("model.account.period.close", list(closed.values()))


def _year(company: int, year: int, sequence: int) -> Values:
    return {
        "name": str(year),
        "company": company,
        "start_date": date(year, 1, 1),
        "end_date": date(year, 12, 31),
        "move_sequence": sequence,
        "periods": [["create", [_month(year, month) for month in range(1, 13)]]],
    }


def _month(year: int, month: int) -> Values:
    last = calendar.monthrange(year, month)[1]
    return {
        "name": f"{year}-{month:02d}",
        "start_date": date(year, month, 1),
        "end_date": date(year, month, last),
    }
