"""`tieout people`: who may what, changed by two persons."""

import json

import pytest

from control_plane.domain.access import Role
from tests.control_plane.cli.desk import Desk

BECAUSE = ("--reason", "The yearly review of rights")


@pytest.fixture
def ada(desk: Desk) -> str:
    desk.stand.key(Role.ANALYST, login="anna")
    return desk.stand.key(Role.ADMIN, login="ada")


@pytest.mark.parametrize("grant", ["king", "approver@", "approver=a lot", "approver@DE01=-1", ""])
def test_a_grant_that_is_none_is_a_wrong_command(desk: Desk, ada: str, grant: str) -> None:
    answer = desk.run(ada, "people", "propose-access", "anna", "--grant", grant, *BECAUSE)
    assert (answer.exit_code, "is not ROLE[@ENTITY][=LIMIT]" in answer.stderr) == (2, True)


def test_somebody_who_is_not_known_has_no_access(desk: Desk, ada: str) -> None:
    assert desk.run(ada, "people", "propose-access", "nobody", "--reports-to", "ada", *BECAUSE).exit_code == 1


def test_access_is_proposed_with_limits_and_shown_once_it_is_approved(desk: Desk, ada: str) -> None:
    carl = desk.stand.key(Role.CONTROLLER, login="carl")
    grants = ("--grant", "approver@DE01=2500.50", "--grant", "viewer")
    proposed = desk.run(ada, "people", "propose-access", "anna", "--reports-to", "carl", *grants, *BECAUSE)
    number = proposed.stdout.split()[0]
    content = json.loads(desk.run(carl, "approvals", "show", number, "--json").stdout)["content_sha256"]
    assert desk.run(carl, "approvals", "approve", number, "--content", content, *BECAUSE).exit_code == 0
    shown = desk.run(ada, "people", "list").stdout
    assert "approver in DE01 up to 2500.50 EUR, viewer in *" in shown
    people = json.loads(desk.run(ada, "people", "list", "--json").stdout)["items"]
    assert {one["login"]: one["reports_to"] for one in people} == {"ada": "", "anna": "carl", "carl": ""}
