"""Every check finds what it is there for: a history that ended well is tampered with, and the promise is named."""

from dataclasses import replace

import pytest

from connectors.contract import Dedupe, Traits
from control_plane.proof.simulator import checks
from control_plane.proof.simulator.history import History
from control_plane.proof.simulator.plan import Happening, What, plan
from control_plane.proof.simulator.scene import Scene, scene
from control_plane.proof.simulator.stage import Stage

QUIET = replace(
    plan(1),
    traits=Traits(dedupe=Dedupe.QUERYABLE),
    is_asynchronous=False,
    is_told=True,
    is_sent=False,
    takes_back=True,
    trouble=0.0,
    mishaps=0,
    happenings=tuple(Happening(What.APPROVED, name, (minor,)) for name, minor in (("R0", 1000), ("R1", 2000))),
)


@pytest.fixture
def lived(one: Stage) -> Scene:
    """Return the scene of a history in which two reports were booked."""
    one.restore()
    quiet = scene(one, QUIET)
    assert History(quiet).live().sins == ()
    return quiet


def test_a_document_that_was_acknowledged_and_is_not_on_record_is_lost(lived: Scene) -> None:
    lived.source.approve(replace(lived.source.approvals[0], document_id="R9-1", object_id="R9"))

    assert "P1: R9-1 is lost" in set(checks.found(lived))


def test_a_posting_that_the_erp_does_not_have_is_found(lived: Scene) -> None:
    lived.erp.books.pop()

    assert {sin[:2] for sin in checks.found(lived)} == {"P2", "P5"}


def test_a_posting_that_we_do_not_have_is_found(lived: Scene) -> None:
    booked = lived.erp.books[0]
    lived.erp.books.append(replace(booked, posting=replace(booked.posting, number="99", reference="EXR-1-x-R7-1")))

    assert "P2: the ERP's ['99'] are not on record" in set(checks.found(lived))


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        ("UPDATE ledger_balance SET positive_minor = positive_minor + 1 WHERE state = 'posted'", "P5"),
        ("UPDATE \"transaction\" SET state = 'in_doubt', is_open = TRUE WHERE source_id = 'R0'", "P3"),
        ("UPDATE \"transaction\" SET amount_minor = 7 WHERE source_id = 'R0'", "P1"),
    ],
)
def test_what_is_changed_behind_the_door_is_found(lived: Scene, change: str, promise: str) -> None:
    lived.stage.watch.execute(change)

    assert promise in {sin[:2] for sin in checks.found(lived)}


def test_a_source_that_was_not_told_of_a_posting_is_found(lived: Scene) -> None:
    lived.source.told.clear()

    assert "P1: the source was not told that R0-1 is posted" in set(checks.found(lived))
