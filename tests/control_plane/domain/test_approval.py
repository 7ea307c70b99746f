"""Who may decide a proposal, and when one person is not enough."""

from dataclasses import replace

import pytest

from control_plane.domain.access import Actor, Grant, Role
from control_plane.domain.approval import APPROVAL_TRANSITIONS, ApprovalState, Asked, needs_second_person, objection
from control_plane.domain.machine import is_final

ASKED = Asked(
    maker_id=1,
    maker_employee_ref="E1",
    legal_entity="DE01",
    beneficiary="E7",
    barred=frozenset({5}),
    group_minor=50_000,
)
PAUL = Actor(2, "paul", frozenset({Grant(Role.APPROVER, "DE01")}), employee_ref="E2")


def limited(*limits: int | None, entity: str = "DE01") -> Actor:
    return replace(PAUL, grants=frozenset(Grant(Role.APPROVER, entity, limit) for limit in limits))


def test_another_approver_may_decide() -> None:
    assert objection(ASKED, PAUL) == ""


@pytest.mark.parametrize(
    ("decider", "because"),
    [
        (replace(PAUL, person_id=1), "You proposed it"),
        (replace(PAUL, employee_ref="E1"), "You proposed it"),
        (replace(PAUL, stands_for=frozenset({1})), "You proposed it"),
        (replace(PAUL, person_id=5), "You had a hand in it"),
        (replace(PAUL, stands_for=frozenset({5})), "You had a hand in it"),
        (replace(PAUL, employee_ref="E7"), "It pays you"),
        (replace(PAUL, superior_refs=frozenset({"E7"})), "It pays you"),
        (replace(PAUL, is_machine=True), "A machine decides nothing"),
        (limited(49_999), "It is above your limit"),
        (limited(None, entity="FR02"), "It is above your limit"),
    ],
)
def test_nobody_decides_who_had_a_hand_in_it(decider: Actor, because: str) -> None:
    assert objection(ASKED, decider).startswith(because)


@pytest.mark.parametrize("decider", [limited(50_000), limited(1, None), limited(50_000, entity="*")])
def test_the_highest_limit_counts_and_is_inclusive(decider: Actor) -> None:
    assert objection(ASKED, decider) == ""


def test_what_is_taken_back_counts_as_much_as_what_is_paid() -> None:
    assert objection(replace(ASKED, group_minor=-50_001), limited(50_000))


def test_an_amount_without_a_rate_is_above_every_limit() -> None:
    assert objection(replace(ASKED, group_minor=None), limited(10**12))
    assert objection(replace(ASKED, group_minor=None), PAUL) == ""


def test_two_who_have_no_employee_number_are_not_the_same_person_for_it() -> None:
    assert objection(replace(ASKED, maker_employee_ref="", beneficiary=""), replace(PAUL, employee_ref="")) == ""


@pytest.mark.parametrize(
    ("worth", "earlier", "free", "expected"),
    [
        (100, 0, None, True),
        (100, 0, 100, False),
        (100, 1, 100, True),
        (-100, 1, 100, True),
        (None, 0, 100, True),
        (0, 100, 100, False),
        (0, 0, 0, False),
    ],
)
def test_small_ones_add_up(worth: int | None, earlier: int, free: int | None, expected: bool) -> None:  # noqa: FBT001
    assert needs_second_person(worth, earlier_minor=earlier, free_up_to_minor=free) is expected


def test_a_decision_is_for_good() -> None:
    assert all(is_final(APPROVAL_TRANSITIONS, state) for state in ApprovalState if state is not ApprovalState.OPEN)
