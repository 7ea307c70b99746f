from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from control_plane.proof.books import Booked
from control_plane.proof.demo import prove
from tests.journeys.playing import on_stage, play, steps_of
from tests.journeys.reading import Reading, readings

FIGURES: Final = {"traces": 10357, "approved": 9938, "twice": 58, "rejected": 85, "paid": 9912, "nothing": 440}
"""What the log is known to hold."""


@pytest.mark.acceptance
@pytest.mark.slow
def test_two_years_of_claims_arrive_in_the_erp_each_once_and_to_the_cent(log: Path, tmp_path: Path) -> None:
    told = list(readings(log))
    with on_stage(tmp_path) as (stage, client):
        play(stage, client, steps_of(log), seconds=300)
        proof, _ = prove(stage, client)
        booked = stage.erp.booked()
        cases = client.exceptions(limit=200).items
        platform = stage.expense.get("/twin/books")["documents"]

    assert _figures(told) == FIGURES
    assert _living(booked) == {one.id: [one.cents] for one in told if one.is_approved_in_the_end}
    assert proof.differences == ()
    never_approved = {one.id for one in told if one.is_paid and not one.is_ever_approved}
    assert len(never_approved) == 2
    assert [case.code for case in cases] == ["payment_without_posting"] * 2
    assert _confirmed(platform) == {one.id for one in told if one.is_paid} - never_approved


def _figures(told: Sequence[Reading]) -> dict[str, int]:
    return {
        "traces": len(told),
        "approved": sum(one.is_ever_approved for one in told),
        "twice": sum(one.story.count("A") > 1 for one in told),
        "rejected": sum(one.is_rejected_after_approval for one in told),
        "paid": sum(one.is_paid for one in told),
        "nothing": sum(one.cents == 0 for one in told),
    }


def _living(booked: Sequence[Booked]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for one in booked:
        if not one.is_reversed:
            found.setdefault(one.source_document, []).append(one.cost_minor)
    return found


def _confirmed(documents: Sequence[dict[str, object]]) -> set[object]:
    """Return the documents whose payment the platform was told of."""
    return {
        document["business_id"]
        for document in documents
        for version in _versions(document)
        if version["status"] == "PAYMENT_CONFIRMED_SUCCESS"
    }


def _versions(document: dict[str, object]) -> Sequence[dict[str, object]]:
    versions = document["versions"]
    assert isinstance(versions, list)
    return versions
