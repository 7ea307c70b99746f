"""What a process dies of while it reads or checks: found one by one, put aside after three, while the others go on."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
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
from control_plane.engine.receive import Feed
from control_plane.engine.understand import Reader
from control_plane.flows import flow
from control_plane.store import connections
from control_plane.store.tables import TrialRow
from control_plane.store.trials import MOST
from tests.connectors.events.papers import event, report
from tests.stands.claims import claim
from tests.stands.world import World

DEADLY = "TR-2"
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


def deadly(translate: Callable[..., Translation], marker: bytes) -> Callable[..., Translation]:
    def translated(source: Any, envelope: Envelope) -> Translation:
        if marker in envelope.payload:
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
        w.parts = replace(w.parts, care=Care(is_needed=died > 0), reader=Reader())
        try:
            await w.settle()
        except KilledError:
            continue
        return died
    raise AssertionError("no process survives")


async def states(w: World) -> dict[str, tuple[str, str]]:
    return {row.source_id: (row.state, row.reason) for row in await w.transactions()}


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
    assert await travel.parts.read(lambda session: list(session.exec(select(TrialRow)).all())) == []


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
