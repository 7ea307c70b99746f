"""What one company's books know of the codes that a batch of postings uses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from connectors.contract import Intent, PostingLine
from connectors.tryton.wire import Domain, Row, at


@dataclass(frozen=True, slots=True)
class Roots:
    """Tryton has one kind of cost object; its two roots tell cost centers from projects."""

    cost_center: str
    project: str


@dataclass(frozen=True, slots=True)
class Company:
    """A legal entity under Tryton's id."""

    id: int
    code: str
    currency: str


@dataclass(frozen=True, slots=True)
class Period:
    """A month (or another stretch of days) of a company's fiscal year."""

    id: int
    name: str
    start: date
    end: date
    is_open: bool


@dataclass(frozen=True, slots=True)
class Account:
    """A general ledger account."""

    id: int
    is_closed: bool
    start: date | None
    end: date | None
    needs_party: bool
    has_due_date: bool

    def takes(self, day: date) -> bool:
        """Return whether the account may be posted to on that day."""
        return not self.is_closed and (self.start or date.min) <= day <= (self.end or date.max)


@dataclass(frozen=True, slots=True)
class CostObject:
    """A cost center or a project."""

    id: int
    is_active: bool


@dataclass(frozen=True, slots=True)
class TaxCode:
    """A tax; a line on its own account carries tax, any other the base."""

    id: int
    account: str


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency with its rate of a day, in units per unit of Tryton's base currency."""

    id: int
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Ledger:
    """The company's records by code; what is missing is not there, what is inactive says so."""

    company: Company
    journals: Mapping[str, int]
    periods: Sequence[Period]
    accounts: Mapping[str, Account]
    cost_centers: Mapping[str, CostObject]
    projects: Mapping[str, CostObject]
    parties: Mapping[str, int]
    tax_codes: Mapping[str, TaxCode]
    currencies: Mapping[tuple[str, date], Currency]

    def period_of(self, day: date) -> Period | None:
        """Return the period that holds the day."""
        return next((period for period in self.periods if period.start <= day <= period.end), None)


@dataclass(frozen=True, slots=True)
class Question:
    """One list to read for a batch."""

    model: str
    fields: tuple[str, ...]
    domain: Domain


def questions(company: Company, intents: Sequence[Intent]) -> dict[str, Question]:
    """Return what must be read for the batch, by name; lists that no line uses are left out."""
    lines = [line for intent in intents for line in intent.lines]
    days = [intent.posting_date for intent in intents]
    own = ["company", "=", company.id]
    cost_objects = _codes(lines, "cost_center") | _codes(lines, "project")
    asked = {
        "journals": Question("account.journal", ("code",), [_among("code", {i.document_type for i in intents})]),
        "periods": Question(
            "account.period",
            ("name", "start_date", "end_date", "state"),
            [own, ["type", "=", "standard"], ["end_date", ">=", min(days)], ["start_date", "<=", max(days)]],
        ),
        "accounts": Question(
            "account.account",
            ("code", "closed", "start_date", "end_date", "party_required", "type.payable", "type.receivable"),
            [own, ["type", "!=", None], _among("code", _codes(lines, "account"))],
        ),
        "cost_objects": Question(
            "analytic_account.account",
            ("code", "active", "state", "root.code"),
            [own, ["type", "=", "normal"], _among("code", cost_objects)],
        ),
        "parties": Question("party.party", ("code",), [_among("code", _codes(lines, "party"))]),
        "tax_codes": Question(
            "account.tax", ("name", "invoice_account.code"), [own, _among("name", _codes(lines, "tax_code"))]
        ),
    }
    return {name: question for name, question in asked.items() if question.domain[-1][-1]}


def foreign_days(company: Company, intents: Iterable[Intent]) -> list[date]:
    """Return the posting dates of documents in another currency than the company's."""
    return sorted({intent.posting_date for intent in intents if intent.currency != company.currency})


def currency_question(company: Company, intents: Iterable[Intent]) -> Question:
    """Return how to read the currencies of the batch; the day belongs into the context."""
    codes = {company.currency, *(intent.currency for intent in intents)}
    return Question("currency.currency", ("code", "rate"), [_among("code", codes)])


def ledger(
    company: Company,
    roots: Roots,
    found: Mapping[str, Sequence[Row]],
    rates: Mapping[date, Sequence[Row]],
) -> Ledger:
    """Return the answers to all questions as one ledger."""
    cost_objects = found.get("cost_objects", ())
    return Ledger(
        company=company,
        journals={row["code"]: row["id"] for row in found.get("journals", ())},
        periods=[_period(row) for row in found.get("periods", ())],
        accounts={row["code"]: _account(row) for row in found.get("accounts", ())},
        cost_centers=_cost_objects(cost_objects, roots.cost_center),
        projects=_cost_objects(cost_objects, roots.project),
        parties={row["code"]: row["id"] for row in found.get("parties", ())},
        tax_codes={
            row["name"]: TaxCode(row["id"], at(row, "invoice_account.code") or "") for row in found.get("tax_codes", ())
        },
        currencies={
            (row["code"], day): Currency(row["id"], row["rate"]) for day, rows in rates.items() for row in rows
        },
    )


def _codes(lines: Iterable[PostingLine], name: str) -> set[str]:
    return {getattr(line, name) for line in lines} - {""}


def _among(name: str, codes: Iterable[str]) -> list[object]:
    return [name, "in", sorted(codes)]


def _period(row: Row) -> Period:
    return Period(row["id"], row["name"], row["start_date"], row["end_date"], is_open=row["state"] == "open")


def _account(row: Row) -> Account:
    return Account(
        id=row["id"],
        is_closed=bool(row["closed"]),
        start=row["start_date"],
        end=row["end_date"],
        needs_party=bool(row["party_required"]),
        has_due_date=bool(at(row, "type.payable") or at(row, "type.receivable")),
    )


def _cost_objects(rows: Iterable[Row], root: str) -> dict[str, CostObject]:
    return {
        row["code"]: CostObject(row["id"], is_active=bool(row["active"]) and row["state"] != "closed")
        for row in rows
        if at(row, "root.code") == root
    }
