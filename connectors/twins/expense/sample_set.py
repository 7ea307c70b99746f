"""The built-in documents of the demo and the tests: every case, the same for the same seed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import count
from types import MappingProxyType
from typing import Any, Final  # a document is JSON

from connectors.twins.expense import sample_entries as entries
from connectors.twins.expense.exact import exact_bytes
from connectors.twins.expense.sample_claims import Claim, Dice, claim_of
from connectors.twins.expense.sample_group import (
    ADVANCE_ACCOUNT,
    CLOSED_MONTH,
    COMPANIES,
    INACTIVE_PROJECT,
    UNKNOWN_CURRENCY,
    UNKNOWN_EMPLOYEE,
    cost_center,
)
from connectors.twins.expense.sample_report import Application, Entry, Report
from connectors.twins.expense.sample_shapes import advance_document, expense_document

TODAY: Final = date(2026, 11, 16)
SEED: Final = 2026

Words = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """One document of the set, which case it stands for, and whether it is recalled afterwards."""

    case: str
    envelope: Words
    is_recalled: bool = False

    @property
    def id(self) -> str:
        """Return the document's id on the platform."""
        return str(self.envelope["id"])


Case = Callable[[Claim], Sequence[Sample]]


def sample_set(seed: int = SEED, today: date = TODAY) -> tuple[Sample, ...]:
    """Return the whole set, well mixed by the seed: about 560 documents."""
    dice = Dice(f"set/{seed}")
    claims = (claim_of(dice, number, today) for number in count(1))
    groups = [case(next(claims)) for case, times in CASES.items() for _ in range(times)]
    return tuple(sample for group in dice.shuffled(groups) for sample in group)


def trickle(seed: int = SEED, today: date = TODAY) -> Iterator[Sample]:
    """Yield further documents without end, most of them good."""
    dice = Dice(f"trickle/{seed}")
    cases = [case for case, times in CASES.items() for _ in range(times)]
    for number in count(100_000):
        yield from dice.pick(cases)(claim_of(dice, number, today))


def as_json(samples: Sequence[Sample]) -> bytes:
    """Return samples as the body that the twin's admin path takes."""
    return exact_bytes({"fIDocuments": [sample.envelope for sample in samples]})


def _sample(case: str, claim: Claim, document: Words, doc_type: str = "expense") -> Sample:
    envelope = {
        "id": claim.dice.hexadecimal(32).lower(),
        "docType": doc_type,
        "companyId": "100200",
        "entityId": f"p{claim.company.code}",
        "document": document,
    }
    return Sample(case, envelope)


def _report(claim: Claim, *parts: Entry) -> Report:
    report_id = claim.dice.hexadecimal(20)
    return Report(claim, report_id, f"Report {claim.number}", parts)


def _plainly(case: str, *makers: Callable[[Claim], Entry], most: int = 1) -> Case:
    def build(claim: Claim) -> Sequence[Sample]:
        times = claim.dice.number(1, most)
        parts = [maker(claim) for _ in range(times) for maker in makers]
        return [_sample(case, claim, expense_document(_report(claim, *parts)))]

    return build


def _in_currency(case: str, currency: str) -> Case:
    def build(claim: Claim) -> Sequence[Sample]:
        other = claim.in_currency(currency)
        return [_sample(case, other, expense_document(_report(other, entries.plain(other), entries.split(other))))]

    return build


def _card(payment: str) -> Callable[[Claim], Entry]:
    return lambda claim: entries.plain(claim, payment)


def _test_document(claim: Claim) -> Sequence[Sample]:
    return _plainly("test_document", entries.plain)(replace(claim, is_test=True))


def _advance_and_report(case: str, *, covered: Decimal) -> Case:
    """Return a case of an advance and the report that settles it; `covered` is its share of the expenses."""

    def build(claim: Claim) -> Sequence[Sample]:
        report = _report(claim, entries.plain(claim), entries.plain(claim))
        advance, advance_id = (report.total * covered).quantize(Decimal(1)), claim.dice.hexadecimal(32)
        settled = min(advance, report.total)
        returned = advance - settled
        parts = [amount for amount in (settled, returned) if amount]
        applied = tuple(Application(advance_id, amount, ADVANCE_ACCOUNT) for amount in parts)
        issued = _sample("advance_issued", claim, advance_document(claim, advance_id, advance), "cashadvance")
        document = expense_document(replace(report, applications=applied, returned=returned))
        return [issued, _sample(case, claim, document)]

    return build


def _duplicate(claim: Claim) -> Sequence[Sample]:
    report = _report(claim, entries.plain(claim), entries.taxed(claim, reclaimed=Decimal(1)))
    again = replace(report, report_id=claim.dice.hexadecimal(20))
    return [
        _sample("original", claim, expense_document(report)),
        _sample("duplicate", claim, expense_document(again)),
    ]


def _inactive_project(claim: Claim) -> Sequence[Sample]:
    part = entries.on_cost_object(claim, claim.home, INACTIVE_PROJECT)
    return [_sample("inactive_project", claim, expense_document(_report(claim, part)))]


def _other_company(claim: Claim) -> Sequence[Sample]:
    other = next(company for company in COMPANIES if company is not claim.company)
    part = entries.on_cost_object(claim, cost_center(other, 1), None, other.code)
    return [_sample("other_company", claim, expense_document(_report(claim, part)))]


def _closed_period(claim: Claim) -> Sequence[Sample]:
    year, month = CLOSED_MONTH
    late = replace(claim, day=date(year, month, 1 + claim.number % 28))
    return _plainly("closed_period", entries.plain)(late)


def _unknown_employee(claim: Claim) -> Sequence[Sample]:
    document = expense_document(_report(claim, entries.plain(claim)))
    document["employee"]["employeeId"] = f"E-{UNKNOWN_EMPLOYEE + claim.number % 10}"
    return [_sample("unknown_employee", claim, document)]


def _over_limit(claim: Claim) -> Sequence[Sample]:
    parts = [entries.plain(claim) for _ in range(40)]
    document = expense_document(_report(claim, *parts))
    document["report"] |= {"lastApproverId": f"E-{30 + claim.employee % 3:03d}", "reportCustom1Code": "1"}
    return [_sample("over_limit", claim, document)]


def _wrong_total(claim: Claim) -> Sequence[Sample]:
    document = expense_document(_report(claim, entries.plain(claim), entries.plain(claim)))
    document["report"]["totalApprovedAmount"] += Decimal(10)
    return [_sample("wrong_total", claim, document)]


def _schema_violation(claim: Claim) -> Sequence[Sample]:
    document = expense_document(_report(claim, entries.plain(claim)))
    document["expenseEntry"][0]["entryApprovedAmount"] = "about forty"
    document["expenseEntry"][0]["allocation"][0]["journal"] = {}
    return [_sample("schema_violation", claim, document)]


def _unknown_currency(claim: Claim) -> Sequence[Sample]:
    document = expense_document(_report(claim, entries.plain(claim)))
    document["report"]["employeeCurrencyAlphaCode"] = UNKNOWN_CURRENCY
    return [_sample("unknown_currency", claim, document)]


def _too_many_decimals(claim: Claim) -> Sequence[Sample]:
    document = expense_document(_report(claim, entries.plain(claim)))
    journal = document["expenseEntry"][0]["allocation"][0]["journal"][0]
    crumb = Decimal("0.0004")
    for amount in ("amountGross", "amountNetOfReclaim", "amountNetOfTax"):
        journal[amount] += crumb
    document["expenseEntry"][0]["entryApprovedAmount"] += crumb
    document["report"]["totalApprovedAmount"] += crumb
    return [_sample("too_many_decimals", claim, document)]


def _recalled(claim: Claim) -> Sequence[Sample]:
    return [replace(sample, is_recalled=True) for sample in _plainly("recalled", entries.plain)(claim)]


CASES: Final[Mapping[Case, int]] = MappingProxyType(
    {
        _plainly("employee_paid", entries.plain, most=4): 150,
        _plainly("company_card", _card("CBCP"), most=3): 60,
        _plainly("individual_card", _card("IBCP"), most=3): 50,
        _plainly("company_paid", _card("COPD")): 20,
        _plainly("cash_and_cards", entries.plain, _card("CBCP"), _card("IBCP")): 20,
        _plainly("personal_on_card", _card("CBCP"), entries.personal): 30,
        _plainly("reclaimable_tax", lambda claim: entries.taxed(claim, reclaimed=Decimal(1)), most=2): 40,
        _plainly("partly_reclaimable_tax", lambda claim: entries.taxed(claim, reclaimed=Decimal("0.5"))): 15,
        _plainly("lost_tax", lambda claim: entries.taxed(claim, reclaimed=Decimal(0))): 20,
        _plainly("split", entries.split, most=2): 35,
        _plainly("foreign_currency", entries.foreign, most=2): 20,
        _plainly("refund", entries.refund): 12,
        _plainly("company_paid_refund", lambda claim: entries.refund(claim, "COPD")): 3,
        _plainly("nothing_approved", entries.nothing): 4,
        _in_currency("yen", "JPY"): 8,
        _in_currency("dinar", "KWD"): 5,
        _in_currency("franc", "CHF"): 5,
        _in_currency("dollar", "USD"): 5,
        _advance_and_report("advance_settled", covered=Decimal("0.6")): 6,
        _advance_and_report("advance_returned", covered=Decimal("1.4")): 6,
        _test_document: 6,
        _duplicate: 5,
        _inactive_project: 5,
        _closed_period: 4,
        _unknown_employee: 3,
        _other_company: 4,
        _over_limit: 3,
        _wrong_total: 3,
        _schema_violation: 3,
        _unknown_currency: 2,
        _too_many_decimals: 3,
        _recalled: 4,
    },
)
"""How often each case stands in the set."""
