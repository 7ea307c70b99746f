import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical.coding import Coding
from connectors.canonical.events import EventType
from connectors.canonical.expense import ExpenseJournal, ExpenseLine, ExpenseReport, ExpenseTax
from connectors.canonical.master_data import Domain, MasterRecord
from connectors.canonical.money import MAX_MINOR, Money
from connectors.canonical.party import Approver, Employee, Payer
from connectors.contract import Document, Payment, PaymentStatus, Recall, Unreadable
from connectors.events.translation import translation_of
from connectors.failures import sentence_of
from tests.connectors.events.papers import AT, SAID, event, payment, record, report, wire_of
from tests.suites.connector import assert_is_whole

RECALLED = EventType.EXPENSE_REPORT_RECALLED
CHANGED = EventType.MASTER_DATA_CHANGED
PAID = EventType.PAYMENT_CONFIRMED


def content_of(*args: Any, **keywords: Any) -> Any:
    said = translation_of(event(*args, **keywords))
    assert isinstance(said, Document), said
    assert said.mapping_version == "events/1"
    return said.content


def refused(*args: Any, **keywords: Any) -> dict[str, str]:
    """Return the codes of the reasons against an event, by path."""
    envelope = event(*args, **keywords)
    said = translation_of(envelope)
    assert isinstance(said, Unreadable), said
    assert said == translation_of(envelope)
    for failure in said.failures:
        assert_is_whole(failure)
    return {failure.field_path: failure.code for failure in said.failures}


def test_an_approved_report_is_read_field_by_field() -> None:
    assert content_of(report()) == ExpenseReport(
        source_system="travel",
        source_id="TR-4711",
        source_document_id="TR-4711-2",
        document_number="TR-4711",
        legal_entity_ref="1000",
        employee=Employee("E-003"),
        total=Money(11900, "EUR"),
        approved_at=AT,
        document_date=None,
        lines=(
            ExpenseLine(
                line_number=1,
                line_ref="L1",
                expense_type="LODNG",
                transaction_date=date(2026, 10, 12),
                merchant="Hotel Elbe",
                approved_minor=11900,
                journals=(
                    ExpenseJournal(
                        Payer.COMPANY,
                        Payer.EMPLOYEE,
                        11900,
                        10000,
                        10000,
                        Coding(cost_center_ref="CC-1001", project_ref="P-05"),
                        (ExpenseTax("V19", 1900, 1900),),
                    ),
                ),
            ),
        ),
    )


def test_a_recall_names_a_version_or_all_of_them() -> None:
    assert content_of({"source_document_id": "TR-4711-2"}, RECALLED) == Recall("travel", "TR-4711", "TR-4711-2", AT)
    assert content_of({"source_document_id": ""}, RECALLED) == Recall("travel", "TR-4711", "", AT)


def test_a_payment_is_read_exactly() -> None:
    assert content_of(payment(), PAID) == Payment(
        reference="EXR-1000-travel-TR-4711-1",
        source_document="TR-4711",
        erp_document_number="0000000017",
        status=PaymentStatus.PAID,
        amount=Money(11900, "EUR"),
        paid_on=date(2026, 10, 31),
    )


def test_master_data_is_read_with_its_amounts_in_minor_units() -> None:
    attributes = {"manager": "E-000", "limit": "5000.00", "currency": "EUR"}
    sent = record("approval_hierarchy", "E-001", attributes=attributes, legal_entity="1000", valid_from="2026-01-01")
    assert content_of(sent, CHANGED) == MasterRecord(
        domain=Domain.APPROVAL_HIERARCHY,
        code="E-001",
        name="E-001",
        active=True,
        attributes={"manager": "E-000", "currency": "EUR", "limit_minor": "500000"},
        legal_entity="1000",
        valid_from=date(2026, 1, 1),
    )
    budget = record("project", "P-05", attributes={"budget": "1000", "budget_currency": "JPY"})
    assert content_of(budget, CHANGED).attributes == {"budget_minor": "1000", "budget_currency": "JPY"}


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
KEY = TEXT.filter(lambda text: bool(text.strip()))
MINOR = st.integers(-MAX_MINOR, MAX_MINOR)
DAY = st.none() | st.dates(date(1000, 1, 1), date(2999, 12, 31))
MOMENT = st.datetimes(datetime(1001, 1, 1), datetime(2999, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  (UTC is added)
DECIMAL = st.just("") | st.decimals(0, 10**9, places=6).map(str)
CODING = st.builds(Coding, TEXT, TEXT, TEXT, TEXT, TEXT)
JOURNAL = st.builds(
    ExpenseJournal,
    *(st.sampled_from(Payer), st.sampled_from(Payer), MINOR, MINOR, MINOR, CODING),
    st.lists(st.builds(ExpenseTax, KEY, MINOR, MINOR), max_size=2).map(tuple),
)
LINE = st.builds(
    ExpenseLine,
    *(st.integers(0, 9999), KEY, KEY, DAY, TEXT, TEXT, MINOR, DECIMAL, TEXT, DECIMAL),
    *(st.booleans(), st.booleans(), TEXT, TEXT),
    st.lists(JOURNAL, max_size=2).map(tuple),
)
REPORT = st.builds(
    ExpenseReport,
    *(st.just("travel"), st.just("TR-4711"), st.just("TR-4711-2"), KEY, KEY),
    st.builds(Employee, KEY, TEXT, TEXT),
    st.builds(Money, MINOR, st.sampled_from(["EUR", "JPY", "KWD", "CLF"])),
    *(st.none() | MOMENT, DAY, TEXT),
    st.lists(st.builds(Approver, KEY, st.integers(0, 99), st.none() | MINOR, TEXT), max_size=2).map(tuple),
    *(TEXT, TEXT, DAY, DAY, st.booleans(), st.booleans()),
    st.lists(LINE, max_size=2).map(tuple),
)


@given(REPORT)
def test_what_is_sent_is_what_is_read_to_the_last_digit(sent: ExpenseReport) -> None:
    assert content_of(wire_of(sent, sent.total.currency, frozenset(SAID))) == sent


def test_unknown_fields_are_passed_over() -> None:
    employee = {"employee_ref": "E-003", "shoe_size": 43}
    more = {"approved": True, "status": "posted", "id": 7, "depth": [[{"a": 1.5}]]}
    assert content_of(report(employee=employee, **more)) == content_of(report())


@pytest.mark.parametrize(
    "payload",
    [
        *(b"", b"<html>", b"null", b"[]", b"7", b"{", b"\xff\xfe{}", b'{"a": NaN}', b'{"a": Infinity}'),
        *(b'{"a": 1, "a": 1}', b'{"a": "\\u0000"}', b'{"a": ["\\ud800"]}', b'{"\\u0000": 1}'),
        *(b'{"a":' * 100_000, b'{"a": ' + b"9" * 5000 + b"}"),
    ],
    ids=range(15),
)
def test_what_has_no_one_meaning_is_unreadable(payload: bytes) -> None:
    assert refused(payload) == {"": "unreadable_document"}


@pytest.mark.parametrize("depth", [66, 300, 900])
def test_what_is_nested_too_deeply_is_unreadable(depth: int) -> None:
    assert refused(b'{"a": ' * depth + b"1" + b"}" * depth) == {"": "unreadable_document"}


@pytest.mark.parametrize("number", ["1e999999999", "-0.0", "9" * 400])
def test_an_odd_number_in_an_unknown_field_does_no_harm(number: str) -> None:
    payload = json.dumps(report(odd="?")).replace('"?"', number).encode()
    assert content_of(payload) == content_of(report())


TOTAL = {"amount": "119.00", "currency": "EUR"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"total": {"amount": "119.005", "currency": "EUR"}}, {"total.amount": "inexact_amount"}),
        ({"total": {"amount": "119.5", "currency": "JPY"}}, {"total.amount": "inexact_amount"}),
        ({"total": {"amount": "9" * 15, "currency": "EUR"}}, {"total.amount": "inexact_amount"}),
        ({"total": {"amount": "119.00", "currency": "ZZZ"}}, {"currency": "unknown_currency"}),
        ({"total": {"amount": "119.00", "currency": "XXX"}}, {"total.currency": "schema_violation"}),
        ({"total": {"amount": "119.00", "currency": "eur"}}, {"total.currency": "schema_violation"}),
        *(
            ({"total": {"amount": amount, "currency": "EUR"}}, {"total.amount": "schema_violation"})
            for amount in (
                "NaN",
                "Infinity",
                "1e3",
                "1_000",
                " 1 ",
                "1,00",
                "",
                "1.",
                "+1",
                "1\n",
                119,
                119.0,
                True,
                None,
            )
        ),
        ({"total": {"amount": "\N{ARABIC-INDIC DIGIT ONE}", "currency": "EUR"}}, {"total.amount": "schema_violation"}),
        ({"total": None}, {"": "schema_violation"}),
        ({"approved_at": "2026-10-15"}, {"approved_at": "schema_violation"}),
        ({"approved_at": "2026-10-15T10:30:00"}, {"approved_at": "schema_violation"}),
        ({"approved_at": "2026-12-31T23:59:60Z"}, {"approved_at": "schema_violation"}),
        ({"document_date": "2026-02-31"}, {"document_date": "schema_violation"}),
        ({"document_date": "0000-01-01"}, {"document_date": "schema_violation"}),
        ({"document_number": "   "}, {"document_number": "schema_violation"}),
        ({"document_number": "9" * 501}, {"document_number": "schema_violation"}),
        ({"is_test": "true"}, {"is_test": "schema_violation"}),
        ({"approvers": {}}, {"approvers": "schema_violation"}),
        ({"approvers": [{"level": 1}]}, {"approvers.0": "schema_violation"}),
        ({"approvers": [{"employee_ref": "E-1", "limit": "1.005"}]}, {"approvers.0.limit": "inexact_amount"}),
    ],
    ids=str,
)
def test_a_report_that_does_not_fit_says_where(changes: dict[str, Any], expected: dict[str, str]) -> None:
    assert refused(report(**changes)) == expected


def test_a_reason_is_told_in_words() -> None:
    said = translation_of(event(report(total={"amount": "1e3", "currency": "EUR"})))
    assert isinstance(said, Unreadable)
    assert sentence_of(said.failures[0], {"document": "TR-4711"}) == (
        "Document TR-4711 does not fit the agreed schema: total.amount: "
        "a value is not an amount in plain decimals such as 119.00."
    )


def test_every_inexact_amount_is_told_with_its_place() -> None:
    data = report()
    data["lines"][0] |= {"approved": "1.005", "transaction_amount": "NaN"}
    assert refused(data) == {"lines.0.transaction_amount": "schema_violation"}
    data["lines"][0]["transaction_amount"] = "1.005"
    data["lines"][0]["journals"][0]["gross"] = "0.001"
    assert refused(data) == {"lines.0.approved": "inexact_amount", "lines.0.journals.0.gross": "inexact_amount"}


@pytest.mark.parametrize("type_", [EventType.EXPENSE_REPORT_APPROVED, RECALLED])
def test_an_event_about_a_report_must_name_it(type_: EventType) -> None:
    data = report() if type_ != RECALLED else {"source_document_id": ""}
    assert refused(data, type_, subject=" ") == {"subject": "schema_violation"}


def test_an_event_that_nobody_agreed_on_is_refused() -> None:
    assert refused({}, "invoice.guessed.v9") == {"type": "schema_violation"}


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "perhaps"},
        {"erp_document_number": ""},
        {"paid_on": "31.10.2026"},
        {"amount": {"amount": "119.005", "currency": "EUR"}},
        {"amount": {"amount": "119", "currency": "ZZZ"}},
    ],
)
def test_a_payment_that_does_not_fit_is_refused(changes: dict[str, Any]) -> None:
    assert refused(payment(**changes), PAID)


@pytest.mark.parametrize(
    ("domain", "attributes"),
    [
        ("project", {"budget": "1000.005", "budget_currency": "EUR"}),
        ("project", {"budget": "1000.00", "budget_currency": "ZZZ"}),
        ("project", {"budget": "1000.00"}),
        ("project", {"budget_minor": "lots"}),
        ("approval_hierarchy", {"limit": "a lot", "currency": "EUR"}),
        ("approval_hierarchy", {"limit_minor": "a lot", "currency": "EUR"}),
        ("period", {}),
        ("period", {"start": "2026-01-01", "end": "soon"}),
        ("rate", {"to": "EUR"}),
        ("rate", {"from": "USD", "to": "EUR", "period": "2026-13", "rate": "0.9"}),
        ("rate", {"from": "USD", "to": "EUR", "period": "2026-10", "rate": "NaN"}),
        ("moon_phase", {}),
        ("employee", {"country": None}),
        ("employee", {"country": 7}),
    ],
)
def test_a_record_that_would_mislead_a_check_is_refused(domain: str, attributes: dict[str, Any]) -> None:
    assert refused(record(domain, "X-1", attributes=attributes), CHANGED)


def test_what_cannot_be_read_keeps_its_names() -> None:
    said = translation_of(event(report(total=TOTAL | {"amount": "x"})))
    assert isinstance(said, Unreadable)
    names = (said.source_id, said.source_document_id, said.document_number, said.legal_entity_ref)
    assert names == ("TR-4711", "TR-4711-2", "TR-4711", "1000")
    nameless = translation_of(event(report(document_number=7, legal_entity_ref="1" * 501)))
    assert isinstance(nameless, Unreadable)
    assert (nameless.document_number, nameless.legal_entity_ref) == ("", "")


def test_reasons_never_repeat_what_may_be_personal() -> None:
    said = translation_of(event(report(title={"secret": "Rita"}, employee={"employee_ref": "E-003", "name": 7})))
    assert isinstance(said, Unreadable)
    assert "Rita" not in repr(said.failures)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(st.sampled_from(EventType), st.dictionaries(st.sampled_from(sorted(report())), JSON), st.binary())
def test_whatever_comes_is_read_or_refused(type_: EventType, changes: dict[str, Any], noise: bytes) -> None:
    for payload in (json.dumps(report() | changes).encode(), noise):
        assert isinstance(translation_of(event(payload, type_)), Document | Unreadable)
