from datetime import UTC, datetime, timedelta

import pytest

from connectors.tryton.cursor import OVERLAP, Cursor, UnreadableCursorError

NOON = datetime(2026, 10, 15, 12, 0, 0, 5, tzinfo=UTC)
ROWS = [{"id": 7, "last_modified_at": NOON - timedelta(days=1)}, {"id": 4, "last_modified_at": NOON}]


@pytest.mark.parametrize("cursor", [Cursor(), Cursor(NOON), Cursor(NOON, 4)])
def test_a_cursor_survives_as_text(cursor: Cursor) -> None:
    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize("text", ["7", "[]", "nonsense", '["yesterday", 4]', '["2026-10-15", "x"]', "null"])
def test_a_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(UnreadableCursorError):
        Cursor.parse(text)


def test_within_a_sweep_it_goes_on_behind_the_last_record() -> None:
    following = Cursor().after(ROWS, NOON, has_more=True)
    assert following == Cursor(NOON, 4)
    assert following.domain == [
        ["OR", ["last_modified_at", ">", NOON], [["last_modified_at", "=", NOON], ["id", ">", 4]]],
    ]


def test_the_next_sweep_looks_back_from_the_server_s_own_clock() -> None:
    as_of = NOON + timedelta(hours=3)
    following = Cursor(NOON, 4).after([], as_of, has_more=False)
    assert following == Cursor(as_of - OVERLAP)
    assert following.domain == [["last_modified_at", ">=", as_of - OVERLAP]]


def test_without_that_clock_it_looks_back_from_the_last_record() -> None:
    assert Cursor().after(ROWS, None, has_more=False) == Cursor(NOON - OVERLAP)
    assert Cursor(NOON).after([], None, has_more=False) == Cursor(NOON)


def test_the_beginning_reads_everything() -> None:
    assert Cursor.parse("").domain == []
