"""Whether the sandbox ERP books a document: its rules in one table, in the order in which they are asked."""

import re
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Protocol

from connectors.twins.currencies import DECIMALS
from connectors.twins.erp.chart import DOCUMENT_TYPES, LEDGERS, SUBLEDGER_OF
from connectors.twins.erp.master_data import Item
from connectors.twins.erp.wire import REFERENCE_MISSING, Document, Line, Rejection

_DECIMAL: Final = re.compile(r"-?\d{1,18}(\.\d{1,10})?")
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")


class Known(Protocol):
    """What the rules ask the books."""

    def item(self, domain: str, code: str) -> Item | None:
        """Return a record of master data."""

    def period(self, company: str, subledger: str, day: date) -> Item | None:
        """Return the period of a day."""

    def spent(self, project: str, currency: str) -> Decimal:
        """Return the net debits booked on a project in a currency."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What the lines' keys must be, by domain."""

    field: str
    domain: str
    word: str
    label: str


_KEYS: Final = (
    Rule("account", "gl_account", "account", "Account"),
    Rule("party", "employee", "party", "Party"),
    Rule("cost_center", "cost_center", "cost_center", "Cost center"),
    Rule("project", "project", "project", "Project"),
    Rule("tax_code", "tax_code", "tax_code", "Tax code"),
)


def judge(document: Document, known: Known) -> Rejection | None:
    """Return the first reason not to book a document, or None."""
    for check in _CHECKS:
        for rejection in check(document, known):
            return rejection
    return None


def judge_day(text: str, field: str, company: str, subledger: str, known: Known) -> Rejection | None:
    """Return why nothing can be booked in a company's subledger on a day, or None."""
    day = parsed_day(text)
    if day is None:
        return Rejection("date_invalid", f"{text} is not a date", field, text)
    period = known.period(company, subledger, day)
    if period is None:
        return Rejection("period_missing", f"{company} has no {subledger} period for {text}", field, text)
    if period.attributes["status"] != "open":
        return Rejection("period_closed", f"Period {period.code} is closed", field, text)
    return None


def judge_tax(document: Document, *, percent: int) -> Rejection | None:
    """Return why a document is refused whose tax set-up is incomplete: a share of all, told by its source's name."""
    if zlib.crc32(f"tax {document.source_document}".encode()) % 100 >= percent:
        return None
    account = document.lines[0].account
    return Rejection("tax_code_missing", f"Account {account} needs a tax code", "lines[0].tax_code", account)


def parsed_day(text: str) -> date | None:
    """Return the day that a text names, or None."""
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def _reference(document: Document, _: Known) -> Iterator[Rejection]:
    if not document.reference.strip():
        yield REFERENCE_MISSING


def _header(document: Document, known: Known) -> Iterator[Rejection]:
    if known.item("legal_entity", document.company) is None:
        yield _unknown("company", "Company", "company", document.company)
    if document.ledger not in LEDGERS:
        yield _unknown("ledger", "Ledger", "ledger", document.ledger)
    if document.document_type not in DOCUMENT_TYPES:
        yield _unknown("document_type", "Document type", "document_type", document.document_type)
    if document.currency not in DECIMALS:
        yield _unknown("currency", "Currency", "currency", document.currency)


def _dates(document: Document, known: Known) -> Iterator[Rejection]:
    subledger = SUBLEDGER_OF[document.document_type]
    closed = judge_day(document.posting_date, "posting_date", document.company, subledger, known)
    if closed:
        yield closed
    if parsed_day(document.document_date) is None:
        text = document.document_date
        yield Rejection("date_invalid", f"{text} is not a date", "document_date", text)


def _amounts(document: Document, _: Known) -> Iterator[Rejection]:
    if not document.lines:
        yield Rejection("lines_missing", "A document needs lines", "lines")
    decimals = DECIMALS[document.currency]
    for index, line in enumerate(document.lines):
        yield from _amount(line.debit, f"lines[{index}].debit", decimals)
        yield from _amount(line.credit, f"lines[{index}].credit", decimals)
        if Decimal(line.debit) and Decimal(line.credit):
            yield Rejection("amount_two_sided", "A line is debit or credit", f"lines[{index}]")


def _amount(text: str, field: str, decimals: int) -> Iterator[Rejection]:
    if not _DECIMAL.fullmatch(text):
        yield Rejection("amount_invalid", f"{text} is not an amount", field, text)
    if text.startswith("-"):
        yield Rejection("amount_negative", f"{text} is negative", field, text)
    if len(text.partition(".")[2]) > decimals:
        yield Rejection("decimals_exceeded", f"{text} has more than {decimals} decimals", field, text)


def _keys(document: Document, known: Known) -> Iterator[Rejection]:
    for index, line in enumerate(document.lines):
        for rule in _KEYS:
            yield from _key(rule, f"lines[{index}].{rule.field}", line, document.company, known)


def _key(rule: Rule, field: str, line: Line, company: str, known: Known) -> Iterator[Rejection]:
    code: str | None = getattr(line, rule.field)
    if code is None:
        if rule.field == "party" and _needs_party(line, known):
            yield Rejection("party_missing", f"Account {line.account} needs a party", field)
        return
    item = known.item(rule.domain, code)
    if item is None:
        yield _unknown(rule.word, rule.label, field, code)
    elif not item.active:
        yield Rejection(f"{rule.word}_inactive", f"{rule.label} {code} is inactive", field, code)
    elif item.company not in (None, company):
        sentence = f"{rule.label} {code} belongs to company {item.company}, not to {company}"
        yield Rejection(f"{rule.word}_of_other_company", sentence, field, code)


def _needs_party(line: Line, known: Known) -> bool:
    account = known.item("gl_account", line.account)
    return account is not None and account.attributes["party"] is not None


def _balance(document: Document, _: Known) -> Iterator[Rejection]:
    difference = sum((net(line) for line in document.lines), Decimal(0))
    if difference:
        yield Rejection("unbalanced", f"Debits and credits differ by {difference}", "lines", str(difference))


def _budget(document: Document, known: Known) -> Iterator[Rejection]:
    for code, amount in _spending(document).items():
        budget = _budget_of(known.item("project", code), document.currency)
        if budget is None or amount <= 0:
            continue
        after = known.spent(code, document.currency) + amount
        if after > budget:
            sentence = f"Project {code} would stand at {after} of {budget}"
            yield Rejection("budget_exceeded", sentence, _line_of(document, code), code)


def _budget_of(project: Item | None, currency: str) -> Decimal | None:
    attributes = project.attributes if project else {}
    budget = attributes.get("budget")
    return Decimal(budget) if budget is not None and attributes.get("budget_currency") == currency else None


def _spending(document: Document) -> dict[str, Decimal]:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in document.lines:
        if line.project is not None:
            sums[line.project] += net(line)
    return sums


def net(line: Line) -> Decimal:
    """Return debit minus credit."""
    return Decimal(line.debit) - Decimal(line.credit)


def _line_of(document: Document, project: str) -> str:
    index = next(index for index, line in enumerate(document.lines) if line.project == project)
    return f"lines[{index}].project"


def _unknown(word: str, label: str, field: str, value: str) -> Rejection:
    return Rejection(f"{word}_unknown", f"{label} {value} is unknown", field, value)


_CHECKS: Final[tuple[Callable[[Document, Known], Iterator[Rejection]], ...]] = (
    _reference,
    _header,
    _dates,
    _amounts,
    _keys,
    _balance,
    _budget,
)
