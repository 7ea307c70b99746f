"""`tieout approvals`: read, then decided by somebody else."""

import json

import pytest

from control_plane.acts.approvals import Consequence
from control_plane.acts.decided import CONSEQUENCES
from control_plane.domain.access import Role
from control_plane.domain.identity import public_id
from control_plane.store.tables import ApprovalRow
from tests.control_plane.api.test_approvals import KIND, propose
from tests.control_plane.cli.desk import Desk

BECAUSE = ("--reason", "It is right so")


@pytest.fixture(autouse=True)
def _nothing_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONSEQUENCES, KIND, Consequence(lambda _hand, _row: None, lambda _hand, _row: None))


@pytest.fixture
def anna(desk: Desk) -> str:
    return desk.stand.key(Role.ANALYST, login="anna")


@pytest.fixture
def carl(desk: Desk) -> str:
    return desk.stand.key(Role.APPROVER, login="carl")


@pytest.fixture
def row(desk: Desk, anna: str) -> ApprovalRow:
    assert anna
    return propose(desk.stand, "anna")


def apr(row: ApprovalRow) -> str:
    return public_id("apr", row.id)


def test_proposals_are_listed_to_whom_they_wait_for(desk: Desk, row: ApprovalRow, anna: str, carl: str) -> None:
    assert apr(row) in desk.run(carl, "approvals", "list", "--waiting").stdout
    told = json.loads(desk.run(anna, "approvals", "list", "--mine", "--json").stdout)
    assert [one["id"] for one in told["items"]] == [apr(row)]
    nothing = desk.run(carl, "approvals", "list", "--state", "approved")
    assert (nothing.exit_code, nothing.stderr) == (1, "There is no such proposal.\n")


def test_a_proposal_is_shown_with_exactly_what_is_asked_for(desk: Desk, row: ApprovalRow, carl: str) -> None:
    shown = desk.run(carl, "approvals", "show", apr(row))
    assert all(text in shown.stdout for text in (apr(row), "412.50 EUR", "P2", row.content_sha256, "by anna"))
    assert json.loads(desk.run(carl, "approvals", "show", apr(row), "--json").stdout)["content"] == {"project": "P2"}


@pytest.mark.parametrize(("act", "state"), [("approve", "approved"), ("refuse", "refused")])
def test_a_second_person_decides_what_they_read(desk: Desk, row: ApprovalRow, carl: str, act: str, state: str) -> None:
    answer = desk.run(carl, "approvals", act, apr(row), "--content", row.content_sha256[:8], *BECAUSE)
    assert (answer.exit_code, answer.stdout) == (0, f"{apr(row)} is {state}.\n")


def test_another_content_than_the_one_that_was_read_is_not_decided(desk: Desk, row: ApprovalRow, carl: str) -> None:
    other = desk.run(carl, "approvals", "approve", apr(row), "--content", "f" * 64, *BECAUSE)
    short = desk.run(carl, "approvals", "approve", apr(row), "--content", row.content_sha256[:7], *BECAUSE)
    assert (other.exit_code, "has another content" in other.stderr, short.exit_code) == (1, True, 2)
    assert json.loads(desk.run(carl, "approvals", "show", apr(row), "--json").stdout)["state"] == "open"


def test_nobody_decides_what_they_proposed_but_takes_it_back(desk: Desk, row: ApprovalRow, anna: str) -> None:
    own = desk.run(anna, "approvals", "approve", apr(row), "--content", row.content_sha256, *BECAUSE)
    withdrawn = desk.run(anna, "approvals", "withdraw", apr(row), *BECAUSE)
    assert (own.exit_code, withdrawn.stdout) == (1, f"{apr(row)} is withdrawn.\n")
