"""`tieout exceptions`: found, shown, and acted on one by one or as a pasted list."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import typer

from control_plane.cli.moments import moment_of
from control_plane.domain.access import Role
from control_plane.domain.transaction import Reason, State
from control_plane.store.tables import ExceptionCaseRow
from tests.control_plane.api.stand import exc, txn
from tests.control_plane.cli.desk import Desk

NOW = datetime(2026, 3, 16, 9, tzinfo=UTC)
BECAUSE = ("--reason", "It is open again")


@pytest.fixture
def anna(desk: Desk) -> str:
    return desk.stand.key(Role.ANALYST, Role.CONTROLLER, login="anna")


def stuck(desk: Desk, number: str = "RE-1") -> ExceptionCaseRow:
    return desk.stand.stuck(State.FAILED, Reason.REJECTED, document_number=number, intents_payload_id=1)


def state_of(desk: Desk, row: ExceptionCaseRow) -> str:
    return desk.stand.case_row(row.id).state


def test_exceptions_are_listed_for_people_and_for_scripts(desk: Desk, anna: str) -> None:
    row = stuck(desk)
    shown = desk.run(anna, "exceptions", "list", "RE-1")
    told = json.loads(desk.run(anna, "exceptions", "list", "--unclaimed", "--json").stdout)
    assert (shown.exit_code, [one["id"] for one in told["items"]]) == (0, [exc(row)])
    assert all(text in shown.stdout for text in (exc(row), "RE-1", "412.50 EUR"))


def test_where_nothing_fits_the_answer_is_no(desk: Desk, anna: str) -> None:
    stuck(desk)
    for nothing in (("--mine",), ("RE-2",), ("--state", "deferred"), ("--offered",)):
        answer = desk.run(anna, "exceptions", "list", *nothing)
        assert (answer.exit_code, answer.stderr) == (1, "There is no such exception.\n")


def test_a_long_list_says_how_it_goes_on(desk: Desk, anna: str) -> None:
    first, second = stuck(desk), stuck(desk, "RE-2")
    page = desk.run(anna, "exceptions", "list", "--limit", "1")
    cursor = page.stderr.rpartition(" ")[2].strip()
    rest = desk.run(anna, "exceptions", "list", "--limit", "1", "--cursor", cursor)
    assert (exc(first) in page.stdout, exc(second) in rest.stdout, rest.stderr) == (True, True, "")


def test_an_exception_is_shown_by_any_number_of_its_document(desk: Desk, anna: str) -> None:
    row = stuck(desk)
    for identifier in (exc(row), "RE-1"):
        shown = desk.run(anna, "exceptions", "show", identifier)
        assert (shown.exit_code, row.sentence in shown.stdout, "you may" in shown.stdout) == (0, True, True)
    assert json.loads(desk.run(anna, "exceptions", "show", "RE-1", "--json").stdout)["id"] == exc(row)
    assert desk.run(anna, "exceptions", "show", "RE-2").stderr == "RE-2: it names no open exception\n"


def test_a_pasted_list_is_claimed_and_what_is_unknown_is_named(desk: Desk, anna: str) -> None:
    rows = [stuck(desk, f"RE-{number}") for number in (1, 2, 3)]
    answer = desk.run(anna, "exceptions", "claim", "-", pasted=f"RE-1\n{exc(rows[1])}, RE-9;RE-1\n\n")
    assert (answer.exit_code, answer.stderr) == (1, "RE-9: it names nothing\n")
    assert answer.stdout.splitlines() == [f"{exc(rows[0])} is yours: RE-1", f"{exc(rows[1])} is yours: {exc(rows[1])}"]
    assert [state_of(desk, row) for row in rows] == ["assigned", "assigned", "new"]


def test_a_list_of_any_length_is_claimed_two_hundred_at_a_time(desk: Desk, anna: str) -> None:
    rows = [stuck(desk, f"RE-{number}") for number in (1, 2)]
    unknown = [f"XX-{number}" for number in range(250)]
    answer = desk.run(anna, "exceptions", "claim", "-", "--json", pasted="\n".join(["RE-1", *unknown, "RE-2"]))
    told = json.loads(answer.stdout)
    assert (answer.exit_code, told["found_count"], told["unknown"]) == (1, 2, unknown)
    assert [state_of(desk, row) for row in rows] == ["assigned", "assigned"]


def test_what_became_of_each_can_be_read_by_scripts(desk: Desk, anna: str) -> None:
    row = stuck(desk)
    desk.run(anna, "exceptions", "claim", "RE-1")
    told = json.loads(desk.run(anna, "exceptions", "give-back", "RE-1", "RE-9", "--json").stdout)
    assert [(one["identifier"], one["problem"]) for one in told] == [
        ("RE-1", ""),
        ("RE-9", "it names no open exception"),
    ]
    assert (told[0]["exception"]["id"], told[1]["exception"]) == (exc(row), None)


def test_a_number_of_several_exceptions_names_none_for_an_act_that_ends_them(desk: Desk, anna: str) -> None:
    rows = [stuck(desk), stuck(desk)]
    claimed = desk.run(anna, "exceptions", "claim", "RE-1")
    answer = desk.run(anna, "exceptions", "retry", "RE-1", *BECAUSE)
    assert (claimed.exit_code, answer.exit_code, "it names several" in answer.stderr) == (0, 1, True)
    assert [state_of(desk, row) for row in rows] == ["assigned", "assigned"]


def test_what_another_person_has_is_refused_with_the_reason(desk: Desk, anna: str) -> None:
    row = stuck(desk)
    desk.run(anna, "exceptions", "claim", exc(row))
    answer = desk.run(desk.stand.key(Role.ANALYST), "exceptions", "claim", exc(row))
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert answer.stderr.startswith(f"{exc(row)}: ")


def test_a_wrong_key_ends_a_list_at_once(desk: Desk) -> None:
    answer = desk.run("tie_wrong", "exceptions", "claim", "RE-1", "RE-2")
    assert (answer.exit_code, answer.stderr) == (3, "Name a valid API key.\n")


def test_an_exception_is_worked_on_put_aside_given_back_and_let_go(desk: Desk, anna: str) -> None:
    row, seen = stuck(desk), []
    ways = (
        ("claim", exc(row)),
        ("start-work", exc(row)),
        ("defer", exc(row), "--until", "2026-03-18", "--reason", "The ERP is closed"),
        ("claim", exc(row)),
        ("give-back", exc(row)),
        ("claim", exc(row)),
        ("retry", exc(row), *BECAUSE),
    )
    for way in ways:
        answer = desk.run(anna, "exceptions", *way)
        seen.append((answer.exit_code, state_of(desk, row)))
    assert seen[:3] == [(0, "assigned"), (0, "in_progress"), (0, "deferred")]
    assert seen[-1] == (0, "retrying")


def test_exceptions_are_handed_over_and_accepted(desk: Desk, anna: str) -> None:
    row, bert = stuck(desk), desk.stand.key(Role.ANALYST, login="bert")
    desk.run(anna, "exceptions", "claim", exc(row))
    offered = desk.run(anna, "exceptions", "hand-over", exc(row), "--to", "bert", "--reason", "I am away")
    listed = desk.run(bert, "exceptions", "list", "--offered")
    accepted = desk.run(bert, "exceptions", "accept", exc(row))
    assert [one.exit_code for one in (offered, listed, accepted)] == [0, 0, 0]
    assert "bert" in desk.run(bert, "exceptions", "show", exc(row)).stdout


def test_a_hand_over_is_refused(desk: Desk, anna: str) -> None:
    row, bert = stuck(desk), desk.stand.key(Role.ANALYST, login="bert")
    desk.run(anna, "exceptions", "claim", exc(row))
    desk.run(anna, "exceptions", "hand-over", exc(row), "--to", "bert", "--reason", "I am away")
    assert desk.run(bert, "exceptions", "refuse", exc(row), "--reason", "So am I").exit_code == 0
    assert desk.run(bert, "exceptions", "accept", exc(row)).exit_code == 1


@pytest.mark.parametrize("to", [(), ("--to", "bert", "--to-team", "erp_team")])
def test_a_hand_over_names_one_receiver(desk: Desk, anna: str, to: tuple[str, ...]) -> None:
    answer = desk.run(anna, "exceptions", "hand-over", "RE-1", *to, "--reason", "I am away")
    assert (answer.exit_code, "name a person (--to) or a team (--to-team)" in answer.stderr) == (2, True)


def test_what_nobody_has_is_claimed_before_it_is_handed_over(desk: Desk, anna: str) -> None:
    row = stuck(desk)
    desk.stand.key(Role.ANALYST, login="bert")
    answer = desk.run(
        anna, "exceptions", "hand-over", "-", "--to", "bert", "--reason", "My week is over", pasted="RE-1"
    )
    assert (answer.exit_code, answer.stdout) == (0, f"{exc(row)} is handed over to bert: RE-1\n")
    assert state_of(desk, row) == "assigned"


def test_a_reason_that_says_nothing_is_a_wrong_command(desk: Desk, anna: str) -> None:
    answer = desk.run(anna, "exceptions", "retry", "RE-1", "--reason", "  x ")
    assert (answer.exit_code, "a reason has 3 to 500 letters" in answer.stderr) == (2, True)


def test_documents_are_returned_and_closed(desk: Desk, anna: str) -> None:
    row = stuck(desk)
    desk.run(anna, "exceptions", "claim", exc(row))
    assert desk.run(anna, "exceptions", "return-to-source", exc(row), *BECAUSE).exit_code == 0
    closed = desk.run(anna, "exceptions", "close", exc(row), *BECAUSE)
    assert (closed.exit_code, state_of(desk, row)) == (0, "closed")


def test_exceptions_are_merged_and_taken_apart(desk: Desk, anna: str) -> None:
    one, other = stuck(desk), stuck(desk, "RE-2")
    desk.run(anna, "exceptions", "claim", exc(one))
    merged = desk.run(anna, "exceptions", "merge", exc(one), "--into", exc(other), *BECAUSE)
    apart = desk.run(anna, "exceptions", "un-merge", exc(one), *BECAUSE)
    assert (merged.exit_code, apart.exit_code) == (0, 0), merged.stderr
    assert "is merged" in merged.stdout


def test_approvers_release_and_declare(desk: Desk) -> None:
    suspects = [desk.stand.stuck(State.ON_HOLD, Reason.DUPLICATE_SUSPECT) for _ in range(2)]
    other, carl = desk.stand.document(State.POSTED), desk.stand.key(Role.APPROVER)
    released = desk.run(carl, "exceptions", "release", exc(suspects[0]), *BECAUSE)
    declared = desk.run(carl, "exceptions", "declare-duplicate", exc(suspects[1]), "--of", txn(other), *BECAUSE)
    assert (released.exit_code, declared.exit_code) == (0, 0)


def test_causes_are_listed_shown_and_noted(desk: Desk, anna: str) -> None:
    row = stuck(desk)
    listed = desk.run(anna, "exceptions", "causes")
    assert (listed.exit_code, row.fingerprint in listed.stdout) == (0, True)
    noted = desk.run(anna, "exceptions", "note-cause", row.fingerprint, "Ask the ERP team")
    assert noted.stdout == "The cause has 1 notes now.\n"
    shown = desk.run(anna, "exceptions", "cause", row.fingerprint)
    assert all(text in shown.stdout for text in (row.fingerprint, "Ask the ERP team", "412.50 EUR"))
    told = json.loads(desk.run(anna, "exceptions", "cause", row.fingerprint, "--json").stdout)
    assert told["notes"][0]["author"] == "anna"
    assert json.loads(desk.run(anna, "exceptions", "causes", "--json").stdout)["items"][0]["totals"]["count"] == 1


def test_a_cause_that_nobody_knows_is_a_no(desk: Desk, anna: str) -> None:
    assert desk.run(anna, "exceptions", "cause", "nobody").exit_code == 1
    assert desk.run(anna, "exceptions", "causes").stderr == "Nothing is open.\n"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("+4h", NOW + timedelta(hours=4)),
        ("+2d", NOW + timedelta(days=2)),
        ("-8h", NOW - timedelta(hours=8)),
        ("2026-03-20", datetime(2026, 3, 20, tzinfo=UTC)),
        ("2026-03-20T08:00", datetime(2026, 3, 20, 8, tzinfo=UTC)),
        ("2026-03-20T08:00+01:00", datetime(2026, 3, 20, 7, tzinfo=UTC)),
    ],
)
def test_a_moment_is_a_day_an_hour_or_a_time_from_now(text: str, moment: datetime) -> None:
    assert moment_of(text, now=NOW) == moment


@pytest.mark.parametrize("text", ["soon", "+2w", "+99999h", "2026-13-01"])
def test_what_is_no_moment_is_a_wrong_command(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="is no moment"):
        moment_of(text, now=NOW)
