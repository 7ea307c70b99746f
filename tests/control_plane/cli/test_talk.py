"""`tieout exceptions`: what people say, and what one shift hands to the next."""

import json

import pytest

from control_plane.domain.access import Role
from control_plane.domain.transaction import Reason, State
from control_plane.store.tables import ExceptionCaseRow
from tests.control_plane.api.stand import exc
from tests.control_plane.cli.desk import Desk


@pytest.fixture
def anna(desk: Desk) -> str:
    return desk.stand.key(Role.ANALYST, login="anna")


@pytest.fixture
def row(desk: Desk) -> ExceptionCaseRow:
    return desk.stand.stuck(State.FAILED, Reason.REJECTED, document_number="RE-1", intents_payload_id=1)


def test_who_is_named_in_a_comment_reads_it(desk: Desk, anna: str, row: ExceptionCaseRow) -> None:
    bert = desk.stand.key(Role.ANALYST, login="bert")
    written = desk.run(anna, "exceptions", "comment", "RE-1", "@bert and @nobody: is P-7 right?")
    assert (written.exit_code, written.stderr) == (0, "@nobody cannot be told.\n")
    number = written.stdout.split(" ")[0]
    assert "is P-7 right?" in desk.run(bert, "exceptions", "comments", exc(row)).stdout
    assert number in desk.run(bert, "exceptions", "mentions").stdout
    assert desk.run(bert, "exceptions", "mentions", "--read", number).stderr == "Nobody has named you.\n"


def test_what_is_said_can_be_read_by_scripts(desk: Desk, anna: str, row: ExceptionCaseRow) -> None:
    written = json.loads(desk.run(anna, "exceptions", "comment", exc(row), "I asked them", "--json").stdout)
    told = json.loads(desk.run(anna, "exceptions", "comments", exc(row), "--json").stdout)
    assert [one["id"] for one in told["items"]] == [written["id"]]
    assert json.loads(desk.run(anna, "exceptions", "mentions", "--json").stdout)["items"] == []


@pytest.mark.parametrize(("identifier", "text", "code"), [("RE-1", "  ", 2), ("RE-9", "Hello", 1)])
def test_nothing_and_about_nothing_is_not_said(
    desk: Desk, anna: str, row: ExceptionCaseRow, identifier: str, text: str, code: int
) -> None:
    assert row.id
    assert desk.run(anna, "exceptions", "comment", identifier, text).exit_code == code


def test_letters_are_shown_with_the_documents_values(desk: Desk, anna: str, row: ExceptionCaseRow) -> None:
    shown = desk.run(anna, "exceptions", "replies", exc(row))
    letters = json.loads(desk.run(anna, "exceptions", "replies", exc(row), "--json").stdout)["items"]
    assert (shown.exit_code, "RE-1" in shown.stdout) == (0, True)
    assert all(letter["subject"] in shown.stdout for letter in letters)


def test_a_shift_hands_over_what_came_and_what_is_left(desk: Desk, anna: str, row: ExceptionCaseRow) -> None:
    assert row.id
    shown = desk.run(anna, "exceptions", "shift", "--since", "2026-03-16T08:00")
    told = json.loads(desk.run(anna, "exceptions", "shift", "--since", "2026-03-16T08:00", "--json").stdout)
    assert (shown.exit_code, "RE-1" in shown.stdout, "412.50 EUR" in shown.stdout) == (0, True, True)
    assert {part["name"]: part["totals"]["count"] for part in told["parts"]}["new"] == 1
