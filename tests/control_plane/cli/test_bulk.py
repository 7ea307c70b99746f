"""`tieout bulk`: planned from a filter or a pasted list, started, watched, halted."""

import json
from typing import Any

import pytest
from typer.testing import Result

from control_plane.cli import bulk
from control_plane.domain.access import Role
from tests.control_plane.api.stand import exc
from tests.control_plane.cli.desk import Desk

BECAUSE = ("--reason", "The tax codes are right now")


@pytest.fixture
def anna(desk: Desk) -> str:
    return desk.stand.key(Role.ANALYST, login="anna")


def planned(desk: Desk, key: str, *more: str) -> dict[str, Any]:
    answer = desk.run(key, "bulk", "plan", "retry", *BECAUSE, "--json", *more, "--code", "tax_refused")
    operation: dict[str, Any] = json.loads(answer.stdout)
    return operation


def state_of(answer: Result) -> str:
    assert answer.exit_code == 0, answer.output
    return str(json.loads(answer.stdout)["state"])


def test_a_plan_says_what_it_is_worth_and_what_would_be_called(desk: Desk, anna: str) -> None:
    desk.stand.failed(3)
    answer = desk.run(anna, "bulk", "plan", "retry", "--code", "tax_refused", *BECAUSE)
    assert answer.exit_code == 0
    assert all(text in answer.stdout for text in ("3, 300.00 EUR", "0 of 3 done", "calls to erp", "planned by anna"))


def test_a_pasted_list_is_planned_and_what_is_unknown_is_named(desk: Desk, anna: str) -> None:
    rows = desk.stand.failed(3)
    pasted = "\n".join([*map(exc, rows), "4711"])
    answer = desk.run(anna, "bulk", "plan", "retry", "-", *BECAUSE, pasted=pasted)
    assert (answer.exit_code, "4711" in answer.stdout) == (0, True)


def test_what_an_act_needs_to_know_is_part_of_its_plan(desk: Desk, anna: str) -> None:
    desk.stand.failed(1)
    change = ("--change", "lines.1.project=P-1=>P-2", "--reason-code", "wrong_coding")
    corrected = desk.run(anna, "bulk", "plan", "correct", "--code", "tax_refused", *change, *BECAUSE, "--json")
    replayed = desk.run(anna, "bulk", "plan", "replay", "--code", "tax_refused", "--as-of", "then", *BECAUSE, "--json")
    assert json.loads(corrected.stdout)["parameters"] == {
        "changes": [{"path": "lines.1.project", "before": "P-1", "after": "P-2"}],
        "reason_code": "wrong_coding",
    }
    assert json.loads(replayed.stdout)["parameters"] == {"as_of": "then"}


def test_a_change_without_before_and_after_is_a_wrong_command(desk: Desk, anna: str) -> None:
    answer = desk.run(anna, "bulk", "plan", "correct", "--change", "lines.1.project=P-2", *BECAUSE)
    assert (answer.exit_code, "is not PATH=BEFORE=>AFTER" in answer.stderr) == (2, True)


def test_a_list_that_is_too_long_is_a_wrong_command(desk: Desk, anna: str) -> None:
    answer = desk.run(anna, "bulk", "plan", "retry", "-", *BECAUSE, pasted="\n".join(map(str, range(201))))
    assert (answer.exit_code, "a pasted list has 200 entries at most, not 201" in answer.stderr) == (2, True)


def test_operations_are_listed_and_shown_with_their_items(desk: Desk, anna: str) -> None:
    (row,) = desk.stand.failed(1)
    operation = planned(desk, anna)["id"]
    assert operation in desk.run(anna, "bulk", "list").stdout
    assert operation in desk.run(anna, "bulk", "show", operation).stdout
    assert exc(row) in desk.run(anna, "bulk", "items", operation).stdout
    told = json.loads(desk.run(anna, "bulk", "items", operation, "--json").stdout)
    assert [one["exception_id"] for one in told["items"]] == [exc(row)]
    nothing = desk.run(anna, "bulk", "list", "--state", "finished")
    assert (nothing.exit_code, nothing.stderr) == (1, "There is no such operation.\n")


def test_a_long_list_of_items_says_how_it_goes_on(desk: Desk, anna: str) -> None:
    desk.stand.failed(2)
    page = desk.run(anna, "bulk", "items", planned(desk, anna)["id"], "--limit", "1")
    assert page.stderr.startswith("There are more: --cursor ")


def test_an_operation_is_started_paused_resumed_and_cancelled(desk: Desk, anna: str) -> None:
    desk.stand.failed(3)
    operation = planned(desk, anna)["id"]
    acts = ("start", "pause", "resume", "cancel")
    answers = [desk.run(anna, "bulk", act, operation, *BECAUSE, "--json") for act in acts]
    assert [state_of(one) for one in answers] == ["running", "paused", "running", "cancelled"]
    again = desk.run(anna, "bulk", "start", operation, *BECAUSE)
    assert (again.exit_code, again.stderr) == (1, "It is cancelled.\n")


def test_a_changed_set_is_refused_with_the_difference(desk: Desk, anna: str) -> None:
    desk.stand.failed(2)
    operation = planned(desk, anna)["id"]
    desk.stand.failed(1)
    answer = desk.run(anna, "bulk", "start", operation, *BECAUSE)
    assert (answer.exit_code, "1 came (DOC-" in answer.stderr) == (1, True)


def test_who_watches_in_vain_gets_a_no_after_their_time(desk: Desk, anna: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_LOOK_EVERY", 0.1)
    desk.stand.failed(1)
    operation = planned(desk, anna)["id"]
    answer = desk.run(anna, "bulk", "start", operation, *BECAUSE, "--watch", "--for", "1")
    assert (answer.exit_code, answer.stderr) == (1, "0 of 1 done: 0 succeeded, 0 failed, 0 skipped\n")


def test_who_watches_what_is_over_gets_its_outcome(desk: Desk, anna: str) -> None:
    desk.stand.failed(1)
    operation = planned(desk, anna)["id"]
    desk.run(anna, "bulk", "cancel", operation, *BECAUSE)
    answer = desk.run(anna, "bulk", "watch", operation)
    assert (answer.exit_code, "1 of 1 done: 0 succeeded, 0 failed, 1 skipped" in answer.stdout) == (1, True)
