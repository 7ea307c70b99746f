from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from zlib import crc32

import pytest

from control_plane.proof.timeline import Claim, Kind, Step, claim_of, spread, steps_of, timeline
from control_plane.proof.xes import Event, Trace

START = datetime(2017, 1, 9, 8, tzinfo=UTC)
DOMESTIC = {"(case)_id": "declaration 1", "(case)_Amount": "26.855", "(case)_DeclarationNumber": "number 1"}
APPROVED, REJECTED, PAID = (
    "Declaration FINAL_APPROVED by SUPERVISOR",
    "Declaration REJECTED by EMPLOYEE",
    "Payment Handled",
)


def _trace(names: Sequence[str], marked: Mapping[str, str] = DOMESTIC, own: Mapping[str, str] | None = None) -> Trace:
    events = [Event(name, START + timedelta(days=day), dict(marked)) for day, name in enumerate(names)]
    return Trace({"concept:name": "declaration1", **(own or {})}, tuple(events))


def _kinds(*names: str) -> str:
    return " ".join(step.kind for step in steps_of(_trace(names)))


def test_a_claim_is_named_numbered_and_rounded_half_even() -> None:
    assert claim_of(_trace([PAID])) == Claim("declaration 1", "number 1", 2686)


def test_attributes_may_stand_on_the_case() -> None:
    own = {"id": "declaration 1", "Amount": "26.855", "DeclarationNumber": "number 1"}

    assert claim_of(_trace([PAID], marked={}, own=own)) == claim_of(_trace([PAID]))


@pytest.mark.parametrize(
    ("own", "claim"),
    [
        (
            {"Rfp_id": "request 7", "RequestedAmount": "34.336", "RfpNumber": "number 7"},
            Claim("request 7", "number 7", 3434),
        ),
        (
            {"id": "travel permit 3", "TotalDeclared": "100", "RequestedAmount_0": "7", "RequestedBudget": "500"},
            Claim("travel permit 3", "", 10000),
        ),
        (
            {"id": "declaration 2", "Amount": "1", "Permit id": "travel permit 3", "RequestedAmount": "9"},
            Claim("declaration 2", "", 100),
        ),
        ({"Permit id": "travel permit 3", "Rfp_id": "request 8", "RequestedAmount": "2"}, Claim("request 8", "", 200)),
    ],
)
def test_every_log_of_the_challenge_has_its_document(own: dict[str, str], claim: Claim) -> None:
    assert claim_of(_trace([PAID], marked={}, own=own)) == claim


def test_an_unknown_number_is_none() -> None:
    found = claim_of(_trace([PAID], marked=DOMESTIC | {"(case)_DeclarationNumber": "UNKNOWN"}))

    assert found is not None
    assert found.number == ""


def test_without_an_amount_there_is_no_document() -> None:
    assert claim_of(_trace([PAID], marked={"(case)_id": "declaration 1"})) is None
    assert list(steps_of(_trace([APPROVED], marked={}))) == []


def test_an_amount_of_nothing_is_a_document() -> None:
    found = claim_of(_trace([PAID], marked=DOMESTIC | {"(case)_Amount": "0.0"}))

    assert found is not None
    assert found.amount_minor == 0


def test_what_the_log_lacks_follows_from_the_hash() -> None:
    claim, number = Claim("declaration 1", "", 1), crc32(b"declaration 1")

    assert (claim.employee, claim.project) == (number % 500, number % 40)


@pytest.mark.parametrize(
    ("names", "kinds"),
    [
        ([APPROVED, PAID], "approved paid"),
        ([REJECTED, APPROVED], "approved"),
        ([APPROVED, REJECTED, REJECTED], "approved recalled"),
        ([APPROVED, REJECTED, APPROVED, PAID], "approved recalled approved paid"),
        ([APPROVED, APPROVED], "approved approved"),
        ([PAID], "paid"),
        ([REJECTED, PAID, REJECTED], "paid"),
        (["Declaration FINAL_APPROVED by DIRECTOR"], "approved"),
        (["Request For Payment FINAL_APPROVED by SUPERVISOR"], "approved"),
        (["Permit FINAL_APPROVED by SUPERVISOR", "Permit REJECTED by EMPLOYEE", APPROVED], "approved"),
        (["Declaration APPROVED by ADMINISTRATION", "Declaration SUBMITTED by EMPLOYEE", "Start trip"], ""),
    ],
)
def test_approvals_rejections_and_payments_tell_the_story_of_the_money(names: list[str], kinds: str) -> None:
    assert _kinds(*names) == kinds


def test_the_timeline_is_in_the_order_of_time() -> None:
    late = _trace([APPROVED, "Request Payment", PAID])
    early = _trace([APPROVED, PAID], marked=DOMESTIC | {"(case)_id": "declaration 2"})

    steps = timeline([late, early])

    assert [(step.claim.id, step.kind) for step in steps] == [
        ("declaration 1", Kind.APPROVED),
        ("declaration 2", Kind.APPROVED),
        ("declaration 2", Kind.PAID),
        ("declaration 1", Kind.PAID),
    ]


def test_half_of_the_recalls_stand_far_behind_their_approvals_and_nothing_else_changes_places() -> None:
    claims = [Claim(f"declaration {number}", "", 100) for number in range(100)]
    story = (Kind.APPROVED, Kind.RECALLED, Kind.APPROVED, Kind.PAID)
    recalled = claims[:60:5]
    steps = [
        Step(START, kind, claim) for claim in claims for kind in (story if claim in recalled else (Kind.APPROVED,))
    ]

    moved = spread(steps, apart=20)

    assert sorted(moved, key=lambda step: step.claim.id) == sorted(steps, key=lambda step: step.claim.id)
    for claim in recalled:
        approved_at, recalled_at, *_ = (place for place, step in enumerate(moved) if step.claim == claim)
        assert tuple(step.kind for step in moved if step.claim == claim) == story
        assert (recalled_at - approved_at > 10) == bool(claim.hash % 2)
