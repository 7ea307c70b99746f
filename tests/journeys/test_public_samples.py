import asyncio
import calendar
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import pytest

from control_plane.acts import exception_cases as acts
from control_plane.acts.door import Hand
from control_plane.domain.access import Actor, Grant, Role
from control_plane.proof.configuration import CONTROL_ACCOUNTS
from control_plane.store.database import Database, open_database
from control_plane.store.tables import ExceptionCaseRow, TransactionRow
from tests.journeys.public_samples import (
    ACCOUNT,
    ADVANCE,
    CODING,
    INPUT_TAX,
    OWED_BY,
    OWED_TO,
    SAMPLES,
    Movement,
    Sample,
    balances,
)
from tests.stands.databases import SqliteStand
from tests.stands.world import World, twins, world

APPROVER: Final = Actor(7, "ben", frozenset({Grant(Role.APPROVER)}))
SUSPECT: Final = "duplicate_suspect"
KNOWN_FOR: Final[Mapping[str, Mapping[str, str]]] = {
    "2.4": {"474210": "51.83", INPUT_TAX: "3.17", OWED_TO["EMPL"]: "-55"},
    "6.2.3": {"1234": "700", "123447262": "0", OWED_TO["CBCP"]: "-1000", OWED_BY["EMPL"]: "300"},
    "6.1.3": {"474230": "-349", OWED_BY["COPD"]: "349"},
    "1.2": {"5": "-50", OWED_BY["EMPL"]: "50"},
    "5.2.1": {"109": "245", "105": "60", "130": "10", "CADV": "0", ADVANCE: "-300", OWED_TO["EMPL"]: "-15"},
}
"""What some examples show, account by account: debits less credits."""

WITHIN: Final = [sample for sample in SAMPLES.values() if not sample.other_entities]
ACROSS: Final = [sample for sample in SAMPLES.values() if sample.other_entities]

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not SAMPLES, reason="TIEOUT_REFERENCE_DATA names no folder with the public samples"),
]


def records_of(sample: Sample) -> Iterator[tuple[str, str, Mapping[str, Any]]]:  # JSON
    """Yield domain, code and the rest of each record that a sample wants to find in the ERP's lists."""
    for entity in (sample.entity, *sample.other_entities):
        yield "legal_entity", entity, {"company": entity, "attributes": {"currency": sample.currency}}
    yield "employee", sample.employee, {"company": sample.entity}
    yield "period", f"{sample.entity}-ap-{sample.posting_date:%Y-%m}", _period(sample)
    for code in set(balances(sample.movements(), ACCOUNT)) - set(CONTROL_ACCOUNTS.values()):
        yield "gl_account", code, {"attributes": {"kind": "expense", "role": "public sample", "party": None}}
    for _, allocation in sample.parts:
        if allocation.get("allocationCustom4Code"):
            yield "cost_center", allocation["allocationCustom4Code"], {"company": allocation["allocationCustom2Code"]}
        for tax in allocation["tax"]:
            yield "tax_code", tax["taxReclaimCode"], {"company": sample.entity}


def _period(sample: Sample) -> Mapping[str, Any]:  # JSON
    day = sample.posting_date
    last = day.replace(day=calendar.monthrange(day.year, day.month)[1])
    attributes = {"subledger": "ap", "fiscal_year": day.year, "month": day.month, "status": "open"}
    days = {"valid_from": day.replace(day=1).isoformat(), "valid_to": last.isoformat()}
    return {"company": sample.entity, **days, "attributes": attributes}


@dataclass(frozen=True, slots=True)
class Played:
    """What each side says after the whole way, by the report's id."""

    booked: Mapping[str, Sequence[Any]]  # the ERP's words
    platform: Mapping[str, Any]  # the platform's words
    transactions: Mapping[str, TransactionRow]
    stopped: Mapping[str, ExceptionCaseRow]
    """The exceptions as they were before anybody lifted a hold."""

    def movements(self, sample: Sample) -> Iterator[Movement]:
        for document in self.booked[sample.source_id]:
            for line in document["lines"]:
                names = (line["account"], line["cost_center"] or "", line["tax_code"] or "", line["party"] or "")
                yield Movement(Decimal(line["debit"]) - Decimal(line["credit"]), *names)


@pytest.fixture(scope="module")
def played(sqlite_stand: SqliteStand) -> Played:
    with sqlite_stand.fresh() as url, twins() as urls, ThreadPoolExecutor(1) as aside:  # where no other loop runs
        database = open_database(url)
        try:
            return aside.submit(asyncio.run, _play(database, urls)).result()
        finally:
            database.dispose()


async def _play(database: Database, urls: tuple[str, str]) -> Played:
    async with world(database, urls, idle=timedelta(milliseconds=5)) as w:
        await w.learn()
        await _teach(w)
        await w.approve(*[sample.envelope for sample in SAMPLES.values()])
        await w.pull("concur", "expense_reports")
        await w.settle()
        stopped = await w.cases()
        for case in stopped:
            if case.code == SUSPECT:
                await _lift(w, case)
        await w.settle()
        return await _told(w, stopped)


async def _teach(w: World) -> None:
    """Let the ERP know what the samples name, and learn what is new."""
    records = {record[:2]: record[2] for sample in SAMPLES.values() for record in records_of(sample)}
    for (domain, code), rest in records.items():
        body = {"code": code, "name": code, **rest}
        (await w.erp.post(f"/twin/master-data/{domain}", json=body)).raise_for_status()
    for domain in {domain for domain, _ in records}:
        await w.pull("erp", domain)
    await w.settle()


async def _lift(w: World, case: ExceptionCaseRow) -> None:
    reason = "Both trips took place"
    await w.parts.write(
        lambda unit: acts.release(Hand(unit, APPROVER, b"key", reason=reason), case.id, revision=case.revision)
    )


async def _told(w: World, stopped: Sequence[ExceptionCaseRow]) -> Played:
    rows = await w.transactions()
    source_ids = {row.id: row.source_id for row in rows}
    booked: defaultdict[str, list[Any]] = defaultdict(list)
    for document in (await w.erp_books())["documents"]:
        booked[document["source_document"]].append(document)
    return Played(
        booked=dict(booked),
        platform={one["business_id"]: one["versions"][0] for one in await w.expense_books()},
        transactions={row.source_id: row for row in rows},
        stopped={source_ids[case.transaction_id or 0]: case for case in stopped},
    )


def of(samples: Iterable[Sample]) -> pytest.MarkDecorator:
    """Let a test run once for each sample."""
    return pytest.mark.parametrize("sample", [pytest.param(sample, id=sample.example) for sample in samples])


@of(SAMPLES.values())
def test_the_journals_sum_to_the_approved_total_and_so_does_the_transaction(played: Played, sample: Sample) -> None:
    row, told = played.transactions[sample.source_id], played.platform[sample.source_id]
    assert sample.approved in {sample.total, None}
    assert (row.amount_minor, row.currency) == (int(sample.total * 100), sample.currency)
    assert Decimal(told["journal_amount"]) == sample.total


def test_one_sample_states_no_total_and_two_are_older_than_the_first_open_period() -> None:
    samples = SAMPLES.values()
    assert {one.example for one in samples if one.approved is None} == {"6.1.1"}
    assert {one.example for one in samples if one.document_date < one.posting_date} == {"6.1.1", "6.2.3"}


@of(WITHIN)
def test_every_account_shows_what_the_sample_says(played: Played, sample: Sample) -> None:
    assert balances(played.movements(sample), CODING) == balances(sample.movements(), CODING)


@of(WITHIN)
def test_there_is_one_document_for_each_payer_and_payee_on_the_right_day(played: Played, sample: Sample) -> None:
    keys = ("status", "company", "currency", "document_date", "posting_date")
    days = (sample.document_date.isoformat(), sample.posting_date.isoformat())
    documents = played.booked[sample.source_id]
    assert [tuple(one[key] for key in keys) for one in documents] == [
        ("posted", sample.entity, sample.currency, *days) for _ in sample.ways
    ]


@of(WITHIN)
def test_what_no_party_owes_is_the_approved_total(played: Played, sample: Sample) -> None:
    parties = {*OWED_TO.values(), *OWED_BY.values(), ADVANCE}
    borne = [one.amount for one in played.movements(sample) if one.account not in parties]
    assert sum(borne) == sample.total


@of(WITHIN)
def test_the_platform_is_told_every_number_under_which_a_sample_is_posted(played: Played, sample: Sample) -> None:
    told = played.platform[sample.source_id]
    confirmation = told["posting_confirmation"]
    numbers = [(one["companyId"], one["documentNumber"]) for one in confirmation["words"]["postingDocs"]]
    assert (told["status"], confirmation["code"]) == ("POSTING_CONFIRMED_SUCCESS", "success")
    assert numbers == [(one["company"], one["number"]) for one in played.booked[sample.source_id]]


@pytest.mark.parametrize("example", KNOWN_FOR)
def test_the_books_show_what_the_example_is_known_for(played: Played, example: str) -> None:
    expected = {account: Decimal(amount) for account, amount in KNOWN_FOR[example].items()}
    assert balances(played.movements(SAMPLES[example]), ACCOUNT) == expected


def test_of_the_tax_only_what_comes_back_leaves_the_cost(played: Played) -> None:
    sample = SAMPLES["2.4"]
    taxes = [tax for _, allocation in sample.parts for tax in allocation["tax"]]
    booked = [one for one in played.movements(sample) if one.account == INPUT_TAX]
    assert sum(tax["amountTax"] for tax in taxes) == Decimal("6.32")
    assert [(one.tax_code, one.amount) for one in booked] == [("SG", Decimal("1.22")), ("SG", Decimal("1.95"))]


@of(ACROSS)
def test_costs_of_two_companies_wait_for_both_books(played: Played, sample: Sample) -> None:
    row, told = played.transactions[sample.source_id], played.platform[sample.source_id]
    assert (row.state, row.reason) == ("on_hold", "routing")
    assert played.stopped[sample.source_id].sentence == (
        f"Document {row.document_number} over {sample.total:.2f} {sample.currency} of {sample.entity} "
        f"charges cost objects of {' and '.join(sorted(sample.other_entities))}; both books must be posted."
    )
    assert sample.source_id not in played.booked
    assert (told["status"], told["posting_confirmation"]) == ("ACKNOWLEDGED", None)


def test_a_sample_that_looks_like_another_one_is_posted_once_an_approver_lets_it(played: Played) -> None:
    (suspect,) = played.stopped.keys() - {sample.source_id for sample in ACROSS}
    row = played.transactions[suspect]
    assert suspect == SAMPLES["6.2.4"].source_id
    assert played.stopped[suspect].sentence == (
        "Document 5216 over 305.00 USD looks like 5206: the same amount, the same employee, the same merchant, "
        "a date close by (75 % likely)."
    )
    assert (row.state, row.overrides) == ("posted", SUSPECT)
