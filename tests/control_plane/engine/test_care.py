"""What a process dies of while it reads or checks: found apart, put aside after three, while the others go on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from connectors.concur.connector import ConcurSource
from connectors.connection import ConnectionSettings
from connectors.contract import Envelope, Translation
from connectors.events.connector import EventsSource
from connectors.registry import opened
from control_plane.domain.verdict import Verdict
from control_plane.engine import check
from control_plane.engine.care import Care
from control_plane.engine.keep import keep
from control_plane.engine.parts import Unit
from control_plane.engine.poison import TOGETHER, trial
from control_plane.engine.pull import pull_next
from control_plane.engine.receive import Feed
from control_plane.engine.understand import Reader
from control_plane.flows import flow
from control_plane.store import connections, trials
from control_plane.store.tables import TrialRow
from control_plane.store.trials import MOST, SIDE_BY_SIDE
from tests.connectors.events.papers import event, report
from tests.stands.claims import claim
from tests.stands.world import World

DEADLY = "TR-2"
CROWD = tuple(f"TR-{number}" for number in range(1000, 1000 + 2 * TOGETHER + 5))
BEGINS_ANEW = timedelta(seconds=3)
LIVES_AT_MOST = 20


class KilledError(BaseException):
    """The process is gone, whatever it was about to do."""


@pytest.fixture
async def travel(w: World) -> AsyncIterator[World]:
    """A world to which a travel system sends its events."""
    async with opened(ConnectionSettings("travel", "events", "")) as connector:
        w.parts = replace(w.parts, connectors={**w.parts.connectors, "travel": connector})
        configured = [connections.Configured("travel", "events")]
        await w.parts.write(lambda unit: connections.register(unit.session, configured))
        yield w


def deadly(translate: Callable[..., Translation], *markers: bytes) -> Callable[..., Translation]:
    def translated(source: Any, envelope: Envelope) -> Translation:
        if any(marker in envelope.payload for marker in markers):
            raise KilledError
        return translate(source, envelope)

    return translated


async def send(w: World, *names: str) -> None:
    envelopes = [event(report(document_number=name), subject=name, id_=f"{name}-1") for name in names]

    def take(unit: Unit) -> None:
        keep(unit, Feed("travel", "events", EventsSource("travel")), envelopes)

    await w.parts.write(take)


async def deaths_of(w: World) -> int:
    """Live through one process after another until one survives, and return how many died."""
    for died in range(LIVES_AT_MOST):
        w.runtime.advance(BEGINS_ANEW)
        w.parts = replace(w.parts, care=Care(is_needed=died > 0), reader=Reader())
        try:
            await w.settle()
        except KilledError:
            continue
        return died
    raise AssertionError("no process survives")


async def states(w: World) -> dict[str, tuple[str, str]]:
    return {row.source_id: (row.state, row.reason) for row in await w.transactions()}


def begin(unit: Unit) -> None:
    trials.begin(unit.session, [1], now=unit.now)


async def trials_of(w: World) -> list[TrialRow]:
    return await w.parts.read(lambda session: list(session.exec(select(TrialRow)).all()))


async def test_what_no_process_survives_reading_is_put_aside_and_the_others_go_on(
    travel: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EventsSource, "translate", deadly(EventsSource.translate, DEADLY.encode()))
    await send(travel, "TR-1", DEADLY, "TR-3")
    assert await deaths_of(travel) == 1 + MOST  # the first did not know where to look
    stand = await states(travel)
    assert stand.pop(DEADLY) == ("failed", "poison")
    assert sorted(stand) == ["TR-1", "TR-3"]
    assert "received" not in {state for state, _ in stand.values()}
    (case,) = [one for one in await travel.cases() if one.code == "reader_stopped"]
    assert (case.kind, case.team) == ("poison", "integration_platform")
    assert "Whoever reads document" in case.sentence


@pytest.mark.parametrize("places", [(TOGETHER - 1,), (3, 4, TOGETHER + 2)])
async def test_no_innocent_is_put_aside_because_it_was_looked_at_together_with_a_culprit(
    travel: World, monkeypatch: pytest.MonkeyPatch, places: tuple[int, ...]
) -> None:
    culprits = {CROWD[place] for place in places}
    monkeypatch.setattr(EventsSource, "translate", deadly(EventsSource.translate, *(one.encode() for one in culprits)))
    await send(travel, *CROWD)
    assert await deaths_of(travel) <= 1 + MOST * len(culprits)
    stand = await states(travel)
    assert {name for name, where in stand.items() if where == ("failed", "poison")} == culprits
    assert sorted(stand) == sorted(CROWD)
    assert "received" not in {state for state, _ in stand.values()}
    assert await trials_of(travel) == []


async def test_what_is_on_trial_does_not_answer_for_another_trial(w: World) -> None:
    begun = asyncio.Event()

    async def look() -> None:
        async with trial(w.parts, [2]):
            begun.set()

    async with trial(w.parts, [1]):
        second = asyncio.create_task(look())
        await asyncio.sleep(0.05)
        assert [row.payload_id for row in await trials_of(w)] == [1]
    await second
    assert begun.is_set()


async def test_workers_that_look_at_the_same_side_by_side_condemn_nothing(w: World) -> None:
    for _ in range(2 * MOST):
        await w.parts.write(begin)
        w.runtime.advance(SIDE_BY_SIDE / (4 * MOST))
    assert [row.count for row in await trials_of(w)] == [1]
    w.runtime.advance(SIDE_BY_SIDE)
    await w.parts.write(begin)
    assert [row.count for row in await trials_of(w)] == [2]


async def test_what_no_process_survives_checking_is_put_aside_and_may_be_tried_anew(
    travel: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = flow.run

    def checked(one: Any, case: Any, known: Any) -> tuple[Verdict, Any]:
        if case.report.document_number == DEADLY:
            raise KilledError
        return run(one, case, known)

    monkeypatch.setattr(check, "run", checked)
    await send(travel, "TR-1", DEADLY, "TR-3")
    assert await deaths_of(travel) == 1 + MOST
    assert (await states(travel))[DEADLY] == ("failed", "poison")
    assert await trials_of(travel) == []


async def test_what_no_process_survives_pulling_is_put_aside_and_the_stream_goes_on(
    w: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ConcurSource, "translate", deadly(ConcurSource.translate, b"Merchant of R2"))
    await w.approve(claim("R1"), claim("R2"), claim("R3"))
    await w.pull("concur", "expense_reports")
    died = await deaths_of(w)
    while died:
        await w.pull("concur", "expense_reports")
        died = await deaths_of(w)
    assert sorted(state for state, _ in (await states(w)).values()) == ["failed", "posted", "posted"]


@pytest.mark.parametrize("is_told_by_a_recall", [True, False])
async def test_what_is_taken_back_while_it_waits_for_a_careful_look_is_not_posted(
    w: World, *, is_told_by_a_recall: bool
) -> None:
    await w.approve(claim("R1"))
    await w.pull("concur", "expense_reports")
    await pull_next(replace(w.parts, care=Care(is_needed=True)))
    await w.recall("R1")
    if is_told_by_a_recall:
        await w.pull("concur", "recalls")
        await pull_next(w.parts)  # a worker that was there before the loss has nothing to fear
    await w.settle()
    assert await states(w) == {"R1": ("cancelled", "recalled")}
    assert (await w.erp_books())["documents"] == []


async def test_a_process_that_fails_over_an_event_and_lives_condemns_nothing(
    travel: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("a mistake of ours")

    with monkeypatch.context() as patched:
        patched.setattr("control_plane.engine.keep.act_on", broken)
        await send(travel, "TR-1")
        for _ in range(3 * MOST):
            await travel.settle()
    await travel.settle()
    assert set(await states(travel)) == {"TR-1"}
    assert ("failed", "poison") not in (await states(travel)).values()
