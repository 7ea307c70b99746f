"""The promises through random histories of the real engine: crashes, lost answers, recalls, two workers."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, event

from connectors.contract import Outcome, OutcomeKind
from connectors.failures import Failure
from control_plane.domain import delivery
from control_plane.domain.delivery import Settlement
from control_plane.proof.simulator.many import first_broken, tally

pytestmark = pytest.mark.slow

HISTORIES = 250
PARTS = 4
_FENCE_CHECK = re.compile(r' AND "transaction"\.fence = \w+\.seen_fence')


@pytest.mark.parametrize("part", range(PARTS))
def test_every_promise_is_kept_in_every_history(part: int) -> None:
    found = tally(range(1 + part * HISTORIES, 1 + (part + 1) * HISTORIES))

    assert found.broken == {}


def test_a_door_that_heeds_no_fence_is_found_out() -> None:
    def careless(_c: object, _s: object, statement: str, values: object, *_: object) -> tuple[str, object]:
        return _FENCE_CHECK.sub("", statement), values

    event.listen(Engine, "before_cursor_execute", careless, retval=True)
    try:
        found = first_broken(range(1, 1001))
    finally:
        event.remove(Engine, "before_cursor_execute", careless)

    assert found is not None


def test_an_engine_that_sends_again_what_it_is_not_sure_of_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    settle_post = delivery.settle_post

    def careless(outcomes: Sequence[Outcome], *arguments: Any, **named: Any) -> Settlement:
        return settle_post([_taken_as_not_sent(one) for one in outcomes], *arguments, **named)

    monkeypatch.setattr(delivery, "settle_post", careless)

    found = first_broken(range(1, 1001))

    assert found is not None


def _taken_as_not_sent(outcome: Outcome) -> Outcome:
    if outcome.kind is not OutcomeKind.UNKNOWN:
        return outcome
    return replace(outcome, kind=OutcomeKind.NOT_SENT, failure=Failure("connection_refused"))
