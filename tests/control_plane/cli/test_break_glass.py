"""`tieout break-glass`: taken in an emergency, looked at by somebody else."""

import json
from datetime import timedelta

import pytest

from control_plane.domain.access import Role
from tests.control_plane.cli.desk import Desk

EMERGENCY = ("--reason", "Everything stands still today", "--minutes", "5")
BECAUSE = ("--reason", "It was right so")


@pytest.fixture
def anna(desk: Desk) -> str:
    return desk.stand.key(Role.ANALYST, login="anna")


@pytest.fixture
def carl(desk: Desk) -> str:
    return desk.stand.key(Role.CONTROLLER, login="carl")


def taken(desk: Desk, key: str) -> str:
    answer = desk.run(key, "break-glass", "take", "approver", "--entity", "DE01", *EMERGENCY, "--json")
    assert answer.exit_code == 0, answer.stderr
    return str(json.loads(answer.stdout)["id"])


def test_a_role_that_nobody_lends_is_refused_with_the_reason(desk: Desk, anna: str) -> None:
    refused = desk.run(anna, "break-glass", "take", "admin", *EMERGENCY)
    assert (refused.exit_code, refused.stderr) == (1, "Admin is no role for an emergency.\n")
    assert desk.run(anna, "break-glass", "list").exit_code == 1


def test_nobody_looks_at_their_own_nor_before_it_is_over(desk: Desk, anna: str, carl: str) -> None:
    number = taken(desk, anna)
    own = desk.run(anna, "break-glass", "justify", number, *BECAUSE)
    early = desk.run(carl, "break-glass", "justify", number, *BECAUSE)
    assert (own.exit_code, early.exit_code, early.stderr) == (1, 1, "It is not over yet.\n")


def test_what_was_taken_is_given_back_and_reviewed(desk: Desk, anna: str, carl: str) -> None:
    number = taken(desk, anna)
    assert number in desk.run(carl, "break-glass", "list", "--unreviewed").stdout
    given = desk.run(anna, "break-glass", "give-back", number, *BECAUSE)
    desk.stand.runtime.advance(timedelta(seconds=1))
    said = desk.run(carl, "break-glass", "object", number, "--reason", "Nothing stood still")
    shown = desk.run(carl, "break-glass", "show", number).stdout
    assert (given.exit_code, said.exit_code) == (0, 0)
    assert all(text in shown for text in ("approver in DE01", "by anna", "by carl, not justified", "Nothing stood"))
    assert desk.run(carl, "break-glass", "list", "--unreviewed").exit_code == 1
