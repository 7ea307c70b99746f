"""Answers become tables: right columns, right words, also where there is nothing."""

from datetime import UTC, timedelta

import pandas as pd
import pytest

from control_plane.api.schemas import Found, LedgerAnswer, LedgerState, PostingView
from control_plane.domain.transaction import Place, State
from monitor_ui import columns, frames
from tests.monitor_ui.factories import (
    ANNA,
    FRESH,
    NOW,
    amount,
    cause,
    connection,
    document,
    document_detail,
    entry,
    euros,
    exception,
    ledger_line,
    run,
    sla_line,
    stands,
    stream,
    totals,
)

POSTING = PostingView(
    id="pst_1",
    transaction_id="txn_1",
    legal_entity_id="DE01",
    target="erp",
    company="1000",
    fiscal_year="2026",
    document_type="EX",
    number="0000000042",
    reference="EXR-1",
    posting_date=NOW.date(),
    total=euros(57_780),
    reverses="",
    payment_status="paid",
    recorded_at=NOW,
)

FULL = {
    "ledger": frames.ledger([ledger_line(received=stands(500, 1), blocked=stands(500, 1))]),
    "states": frames.ledger_states(
        [
            LedgerState(
                flow="expense_report",
                place=Place.BLOCKED,
                state=State.ON_HOLD,
                reason="master_data",
                totals=totals(amount(500)),
            )
        ]
    ),
    "transactions": frames.transactions([document()]),
    "found": frames.found([Found(identifier="201", transactions=[document()]), Found(identifier="x", transactions=[])]),
    "slas": frames.slas([sla_line(breached=totals(amount(500)), attainment=0.5)]),
    "exceptions": frames.exceptions([exception(claimed_by=ANNA)]),
    "causes": frames.causes([cause(amount(500))]),
    "timeline": frames.timeline([entry(to_state="posted")], UTC),
    "postings": frames.postings([POSTING]),
    "versions": frames.versions([document(version=2)]),
    "in_force": frames.in_force(document_detail()),
    "connections": frames.connections([connection()]),
    "streams": frames.streams([stream(), stream(last_run=None, is_stale=True)]),
    "runs": frames.runs([run(), run(started_at=None)], UTC),
}
EMPTY = {
    "ledger": frames.ledger([]),
    "states": frames.ledger_states([]),
    "transactions": frames.transactions([]),
    "found": frames.found([]),
    "slas": frames.slas([]),
    "exceptions": frames.exceptions([]),
    "causes": frames.causes([]),
    "timeline": frames.timeline([], UTC),
    "postings": frames.postings([]),
    "versions": frames.versions([]),
    "connections": frames.connections([]),
    "streams": frames.streams([]),
    "runs": frames.runs([], UTC),
}


@pytest.mark.parametrize("name", FULL)
def test_every_column_of_every_table_is_titled(name: str) -> None:
    assert set(FULL[name].columns) <= set(columns.COLUMNS)
    assert not FULL[name].empty


@pytest.mark.parametrize("name", EMPTY)
def test_a_table_without_rows_has_the_same_columns(name: str) -> None:
    assert list(EMPTY[name].columns) == list(FULL[name].columns)
    assert EMPTY[name].empty


def test_every_title_is_used_by_a_table() -> None:
    used = {column for frame in FULL.values() for column in frame.columns}

    assert set(columns.COLUMNS) == used
    assert set(columns.RECORDS) == set(columns.COLUMNS)


def test_a_ledger_line_says_where_it_stands_and_whether_it_adds_up() -> None:
    broken = ledger_line(received=stands(700, 2), posted=stands(500, 1), difference=stands(200, 1), is_balanced=False)

    (row,) = frames.ledger([broken]).to_dict("records")

    assert (row["received"], row["posted"], row["blocked"]) == ("7.00 EUR", "5.00 EUR", "—")
    assert row["adds_up"] == "2.00 EUR"
    assert FULL["ledger"]["adds_up"].tolist() == ["Yes"]


def test_a_line_s_name_leads_back_to_its_filters() -> None:
    line = ledger_line(flow="expense_report", legal_entity_id="DE01", currency="EUR")

    assert frames.line_filters(frames.line_id(line)) == {
        "flow": "expense_report",
        "legal_entity_id": "DE01",
        "currency": "EUR",
    }
    assert frames.line_filters(frames.line_id(sla_line())) == {"flow": "expense_report", "legal_entity_id": "DE01"}


def test_the_filters_offer_what_the_ledger_knows() -> None:
    nothing = totals()
    answer = LedgerAnswer(
        day=None,
        items=[ledger_line(currency="USD"), ledger_line(legal_entity_id="AT01")],
        received=nothing,
        open=nothing,
        oldest_open_at=None,
        unexplained=nothing,
        is_balanced=True,
        as_of=NOW,
        freshness=FRESH,
    )

    assert frames.choices(answer) == frames.Choices(["expense_report"], ["AT01", "DE01"], ["EUR", "USD"])


def test_moments_are_columns_of_moments() -> None:
    due = NOW + timedelta(hours=8)
    frame = frames.transactions([document(due_at=due), document(due_at=None)])

    assert frame["due_at"][0] == pd.Timestamp(due)
    assert pd.isna(frame["due_at"][1])


@pytest.mark.parametrize(
    ("text", "identifiers"),
    [
        ("", []),
        ("  R-1001 ", ["R-1001"]),
        ("1,234.50", ["1,234.50"]),
        ("A\nB\r\nC", ["A", "B", "C"]),
        ("A, B,C;D\tE", ["A", "B,C", "D", "E"]),
        ("A B,", ["A", "B"]),
    ],
)
def test_a_pasted_list_is_taken_apart(text: str, identifiers: list[str]) -> None:
    assert frames.identifiers(text) == identifiers


def test_a_pasted_list_has_at_most_as_many_identifiers_as_one_call_takes() -> None:
    assert len(frames.identifiers(" ".join(map(str, range(300))))) == 200


def test_what_a_list_does_not_find_has_a_line_that_opens_nothing() -> None:
    items = [Found(identifier="201", transactions=[document(id="txn_9")]), Found(identifier="x", transactions=[])]

    assert frames.found_ids(items) == ["txn_9", ""]
    assert frames.found(items)["document"].tolist() == ["201", "nothing found"]


def test_only_lines_with_open_documents_are_drawn() -> None:
    busy = sla_line(at_risk=totals(amount(500)))

    assert frames.with_open([sla_line(), busy]) == [busy]
