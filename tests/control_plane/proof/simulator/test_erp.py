from collections.abc import Awaitable
from datetime import date, datetime, timedelta
from random import Random

import pytest

from connectors.contract import Dedupe, Intent, OutcomeKind, PostingLine, Traits
from control_plane.proof.simulator.asking import CALLER, Line
from control_plane.proof.simulator.erp import GRACE, Erp
from control_plane.proof.simulator.fates import IS_DONE, Fate, Fates, GarbageError
from tests.stands.runtime import MORNING


class Chosen(Fates):
    """Draws one fate for every call."""

    def __init__(self, fate: Fate) -> None:
        super().__init__(Random(1), 0.0)
        self.fate = fate

    def draw(self, door: str) -> Fate:
        return self.fate if door == "post" else Fate.WELL


class Clock:
    now: datetime = MORNING


async def at_once(_delay: timedelta) -> None:
    return None


def waits(_delay: timedelta) -> Awaitable[None]:
    return at_once(_delay)


@pytest.fixture(autouse=True)
def caller() -> None:
    CALLER.set(waits)


def erp(fate: Fate = Fate.WELL, dedupe: Dedupe = Dedupe.QUERYABLE, clock: type[Clock] = Clock) -> Erp:
    traits = Traits(dedupe=dedupe, visibility_grace=GRACE)
    return Erp(Line("erp", lambda: clock.now, Chosen(fate), lambda _who, _what: None), traits)


def intent(version: int = 1) -> Intent:
    day = date(2026, 10, 12)
    lines = (PostingLine("474120", debit_minor=100), PostingLine("331000", credit_minor=100))
    return Intent(f"EXR-1000-expense-R0-{version}", "R0", "1000", "main", "EX", day, day, "EUR", lines)


@pytest.mark.parametrize("fate", [fate for fate in Fate if fate is not Fate.MIXED])
async def test_what_is_done_stands_in_the_books_and_what_is_not_does_not(fate: Fate) -> None:
    one = erp(fate)
    try:
        await one.post([intent()])
    except GarbageError:
        assert fate is Fate.GARBAGE

    assert bool(one.standing()) == (fate in IS_DONE)


async def test_a_second_booking_of_a_reference_is_noted_where_nothing_prevents_it() -> None:
    one = erp()
    await one.post([intent()])
    await one.post([intent()])

    assert one.sins == ["P2: EXR-1000-expense-R0-1 was booked twice"]


async def test_an_erp_that_enforces_references_books_each_once() -> None:
    one = erp(dedupe=Dedupe.ENFORCED)
    await one.post([intent()])
    (again,) = await one.post([intent()])

    assert (again.kind, len(one.books), one.sins) == (OutcomeKind.UNKNOWN, 1, [])


async def test_a_version_booked_while_another_stands_is_noted() -> None:
    one = erp()
    await one.post([intent(2)])
    await one.post([intent(1)])

    assert one.sins == ["P2: EXR-1000-expense-R0-1 was booked while version 2 stood"]


@pytest.mark.parametrize("fate", [Fate.LATE, Fate.HIDDEN_LOST])
async def test_what_is_seen_later_is_seen_within_the_grace(fate: Fate) -> None:
    class Hand(Clock):
        pass

    one = erp(fate, clock=Hand)
    await one.post([intent()])
    (before,) = await one.find([intent().reference])
    Hand.now += GRACE
    (after,) = await one.find([intent().reference])

    assert (before.kind, after.kind) == (OutcomeKind.ABSENT, OutcomeKind.POSTED)


async def test_an_erp_that_cannot_be_asked_tells_nothing() -> None:
    one = erp(dedupe=Dedupe.NONE)
    await one.post([intent()])
    (found,) = await one.find([intent().reference])

    assert found.kind is OutcomeKind.UNKNOWN
