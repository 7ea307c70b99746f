"""`tieout presence`: away, back, and who does whose work."""

import json

import pytest

from control_plane.domain.access import Role
from tests.control_plane.cli.desk import Desk

WHEN = ("--from", "2026-03-17", "--until", "2026-03-20", "--reason", "A holiday")


@pytest.fixture
def anna(desk: Desk) -> str:
    return desk.stand.key(Role.ANALYST, login="anna")


def test_somebody_is_away_and_back_earlier(desk: Desk, anna: str) -> None:
    assert desk.run(anna, "presence", "show").stderr == "Nobody is away.\n"
    told = json.loads(desk.run(anna, "presence", "away", *WHEN, "--json").stdout)
    shown = desk.run(anna, "presence", "show")
    back = desk.run(anna, "presence", "back", told["absences"][0]["id"], "--reason", "It rained")
    assert all(text in shown.stdout for text in ("anna", "2026-03-17 00:00:00", "A holiday"))
    assert (back.exit_code, back.stderr) == (0, "Nobody is away.\n")


def test_a_colleague_does_the_work_for_a_while(desk: Desk, anna: str) -> None:
    desk.stand.key(Role.VIEWER, login="bert")
    told = json.loads(desk.run(anna, "presence", "delegate", "--to", "bert", *WHEN, "--json").stdout)
    number = told["delegations"][0]["id"]
    assert "bert" in desk.run(anna, "presence", "show").stdout
    ended = desk.run(anna, "presence", "end-delegation", number, "--reason", "I am back")
    assert (ended.exit_code, ended.stderr) == (0, "Nobody is away.\n")


def test_who_nobody_knows_does_no_work(desk: Desk, anna: str) -> None:
    assert desk.run(anna, "presence", "delegate", "--to", "nobody", *WHEN).exit_code == 1
