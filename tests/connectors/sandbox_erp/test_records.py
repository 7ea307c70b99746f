from dataclasses import replace
from datetime import UTC, date, datetime

import orjson
import pytest

from connectors.canonical.events import EventType
from connectors.canonical.master_data import Domain, MasterRecord
from connectors.canonical.money import Money
from connectors.contract import Document, Envelope, Page, Payment, PaymentStatus, Unreadable
from connectors.sandbox_erp import wire
from connectors.sandbox_erp.records import page_of_records, translation_of
from tests.connectors.sandbox_erp.running_erp import SandboxHarness, an_intent, payment_envelope
from tests.suites.connector import posting_in

MOST_PAGES = 30


def item_envelope(**changed: object) -> Envelope:
    item = {
        "domain": "project",
        "code": "P-05",
        "name": "Project 05",
        "active": True,
        "company": None,
        "attributes": {},
        "modified_at": "2026-10-15T09:00:00.000001+00:00",
        "version": 1,
    }
    at = datetime(2026, 10, 15, 9, tzinfo=UTC)
    payload = orjson.dumps({**item, **changed})
    return Envelope("project:P-05", "erp", EventType.MASTER_DATA_CHANGED, "project:P-05", at, payload)


def record_in(envelope: Envelope) -> MasterRecord:
    said = translation_of(envelope)
    assert isinstance(said, Document), said
    assert isinstance(said.content, MasterRecord)
    return said.content


def payment_in(envelope: Envelope) -> Payment:
    said = translation_of(envelope)
    assert isinstance(said, Document), said
    assert isinstance(said.content, Payment)
    return said.content


async def everything(outside: SandboxHarness, stream: str, cursor: str = "") -> tuple[list[Envelope], str]:
    envelopes: list[Envelope] = []
    for _ in range(MOST_PAGES):
        page = await outside.source.pull(stream, cursor, 1000)
        assert isinstance(page, Page)
        envelopes += page.envelopes
        cursor = page.cursor
        if not page.has_more:
            break
    return envelopes, cursor


@pytest.mark.parametrize("domain", list(Domain))
async def test_every_list_is_read_whole_and_in_our_words(outside: SandboxHarness, domain: Domain) -> None:
    envelopes, _ = await everything(outside, domain.value)
    records = [record_in(envelope) for envelope in envelopes]
    assert records
    assert {record.domain for record in records} == {domain}
    assert len({(record.legal_entity, record.code) for record in records}) == len(records)
    assert len({envelope.id for envelope in envelopes}) == len(envelopes)


async def test_periods_are_named_by_month_and_open_as_their_subledger_is(outside: SandboxHarness) -> None:
    envelopes, _ = await everything(outside, "period")
    by_key = {(record.legal_entity, record.code): record for record in map(record_in, envelopes)}
    closed, opened = by_key["1000", "2025-12"], by_key["1000", "2026-10"]
    assert (closed.active, opened.active) == (False, True)
    assert (opened.attributes["start"], opened.attributes["end"]) == ("2026-10-01", "2026-10-31")
    assert ("1000", "2026-10-gl") in by_key


async def test_approval_limits_are_minor_units_and_a_missing_one_is_no_limit(outside: SandboxHarness) -> None:
    envelopes, _ = await everything(outside, "approval_hierarchy")
    records = [record_in(envelope) for envelope in envelopes]
    limits = {record.attributes.get("limit_minor") for record in records}
    assert None in limits
    assert all(limit is None or int(limit) >= 0 for limit in limits)
    assert not [record for record in records if "limit" in record.attributes]


async def test_a_reactivated_project_comes_as_a_delta(outside: SandboxHarness) -> None:
    (subject,) = await outside.publish(1)
    code = subject.partition(":")[2]
    await outside.erp.reach("PATCH", f"master-data/project/{code}", {"active": False})
    before, cursor = await everything(outside, "project")
    await outside.erp.reach("PATCH", f"master-data/project/{code}", {"active": True})
    after, _ = await everything(outside, "project", cursor)
    assert not record_in(before[-1]).active
    assert [(record_in(each).code, record_in(each).active) for each in after] == [(code, True)]


async def test_payments_come_in_the_order_in_which_they_were_booked(outside: SandboxHarness) -> None:
    _, cursor = await everything(outside, "payments")
    (intent,) = outside.intents(1)
    (posted,) = await outside.target.post([intent])
    steps = [{"kind": "partial", "amount": "19.00"}, {"kind": "full"}, {"kind": "reversed"}]
    for step in steps:
        await outside.erp.reach("POST", "pay", {"payments": [{"reference": intent.reference, **step}]})
    envelopes, _ = await everything(outside, "payments", cursor)
    payments = [payment_in(envelope) for envelope in envelopes]
    assert [(each.status, each.amount) for each in payments] == [
        (PaymentStatus.PARTIAL, Money(1_900, "EUR")),
        (PaymentStatus.PAID, Money(10_000, "EUR")),
        (PaymentStatus.REVERSED, Money(-11_900, "EUR")),
    ]
    assert {(each.reference, each.source_document, each.erp_document_number) for each in payments} == {
        (intent.reference, intent.source_document, posting_in(posted).number)
    }


async def test_a_payment_without_posting_names_only_its_source_document(outside: SandboxHarness) -> None:
    _, cursor = await everything(outside, "payments")
    source = an_intent().source_document
    stray = {"source_document": source, "company": "1000", "currency": "EUR", "amount": "7.50"}
    await outside.erp.reach("POST", "pay", {"payments": [{**stray, "without_posting": True}]})
    envelopes, _ = await everything(outside, "payments", cursor)
    (payment,) = map(payment_in, envelopes)
    assert (payment.reference, payment.erp_document_number, payment.source_document) == ("", "", source)
    assert payment.amount == Money(750, "EUR")


@pytest.mark.parametrize(
    ("changed", "code", "path"),
    [
        ({"domain": "planet"}, "schema_violation", "domain"),
        ({"code": ""}, "schema_violation", "code"),
        ({"active": "yes"}, "schema_violation", "active"),
        ({"modified_at": "2026-10-15T09:00:00"}, "schema_violation", "modified_at"),
        ({"attributes": {"budget": "1.005", "budget_currency": "EUR"}}, "inexact_amount", "amount"),
        ({"attributes": {"budget": "1.00", "budget_currency": "EURO"}}, "unknown_currency", "currency"),
    ],
)
def test_a_record_that_cannot_be_read_says_where(changed: dict[str, object], code: str, path: str) -> None:
    said = translation_of(item_envelope(**changed))
    assert isinstance(said, Unreadable)
    assert [(failure.code, failure.field_path) for failure in said.failures] == [(code, path)]
    assert said.source_id == "project:P-05"


def test_words_that_the_erp_adds_are_passed_over_and_kept_in_the_payload() -> None:
    envelope = item_envelope(color="red", attributes={"budget": None, "tags": ["a", "b"], "rank": 3})
    record = record_in(envelope)
    assert record.attributes == {"tags": '["a","b"]', "rank": "3"}
    assert b'"color":"red"' in envelope.payload


def test_a_legal_entity_stands_above_the_entities() -> None:
    record = record_in(item_envelope(domain="legal_entity", code="1000", company="1000"))
    assert record.legal_entity == ""


def test_validity_and_change_are_kept() -> None:
    record = record_in(item_envelope(valid_from="2020-01-01", valid_to="2029-12-31"))
    assert (record.valid_from, record.valid_to) == (date(2020, 1, 1), date(2029, 12, 31))
    assert record.source_updated_at == datetime(2026, 10, 15, 9, 0, 0, 1, tzinfo=UTC)


def test_an_event_of_another_kind_is_unreadable() -> None:
    said = translation_of(replace(payment_envelope(), type="expense_report.approved.v1"))
    assert isinstance(said, Unreadable)
    assert said.failures[0].field_path == "type"


@pytest.mark.parametrize("item", [{}, {"code": 7, "modified_at": "soon"}, {"modified_at": None}])
def test_a_record_that_nobody_can_read_is_still_taken_over_whole(item: dict[str, object]) -> None:
    page = page_of_records(wire.Items(items=[item], watermark="w"), "erp", "")
    (envelope,) = page.envelopes
    assert orjson.loads(envelope.payload) == item
    assert envelope.time == datetime(1970, 1, 1, tzinfo=UTC)
    assert isinstance(translation_of(envelope), Unreadable)


def test_an_empty_page_keeps_the_cursor() -> None:
    page = page_of_records(wire.Items(items=[]), "erp", "2026-10-15T09:00:00.000001+00:00")
    assert (page.cursor, page.has_more) == ("2026-10-15T09:00:00.000001+00:00", False)
