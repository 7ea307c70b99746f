"""A worker that is gone: what it held is asked about, and what comes late is evidence only."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.connection import ConnectionSettings
from connectors.registry import opened
from control_plane.engine import permits
from control_plane.engine.check import check
from control_plane.engine.deliver import deliver
from control_plane.engine.inquire import inquire
from control_plane.engine.parts import EngineSettings, Unit
from control_plane.engine.pull import pull_next
from control_plane.engine.reap import reap
from control_plane.store import incarnations, queue
from control_plane.store.incarnations import Start
from control_plane.store.transactions import Work
from tests.stands.claims import claim
from tests.stands.world import GRACE, World


class KilledError(BaseException):
    """The process is gone, whatever it was about to do."""


async def lease_and_die(w: World) -> None:
    """Commit a lease as a worker does, and send nothing."""
    await w.approve(claim("R1"))
    await w.pull("concur", "expense_reports")
    await pull_next(w.parts)
    await check(w.parts)

    def lease(unit: Unit) -> list[Work]:
        return queue.lease(
            unit.session,
            unit.ids,
            queue.Wanted("erp", ["expense_report"], 10),
            owner=7,
            now=unit.now,
            until=unit.now + timedelta(seconds=30),
        )

    assert len(await w.parts.write(lease)) == 1


async def die(*_: object, **__: object) -> None:
    raise KilledError


async def given_up_questions(w: World, incarnation: int) -> int:
    return await w.parts.write(lambda u: queue.give_up_questions(u.session, [incarnation], now=u.now))


async def test_a_dead_workers_document_is_in_doubt_asked_about_and_sent_once(w: World) -> None:
    await lease_and_die(w)
    assert await reap(w.parts) == 0  # its lease still stands
    w.runtime.advance(timedelta(seconds=31))
    assert await reap(w.parts) == 1
    assert [row.state for row in await w.transactions()] == ["in_doubt"]

    await w.settle_over(GRACE, turns=4)
    (row,) = await w.transactions()
    assert (row.state, row.attempt_count) == ("posted", 2)
    assert len((await w.erp_books())["documents"]) == 1


async def test_what_a_worker_died_asking_about_is_asked_at_once_when_it_is_given_up(
    w: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await lease_and_die(w)
    w.runtime.advance(timedelta(seconds=31))
    assert await reap(w.parts) == 1
    with monkeypatch.context() as patched:
        patched.setattr(permits, "call", die)
        with pytest.raises(KilledError):
            await inquire(w.parts)
    assert await given_up_questions(w, w.parts.incarnation + 1) == 0
    assert await inquire(w.parts) == 0  # it may live, and be about to hear the answer
    assert await given_up_questions(w, w.parts.incarnation) == 1
    assert await inquire(w.parts) == 1


async def test_what_a_dead_worker_sent_to_a_target_that_cannot_be_asked_is_a_persons(
    w: World, urls: tuple[str, str]
) -> None:
    silent = ConnectionSettings("erp", "sandbox_erp", urls[1], {"api_key": "sandbox-key"}, {"dedupe": "none"})
    async with opened(silent) as connector:
        w.parts = replace(w.parts, connectors={**w.parts.connectors, "erp": connector})
        await lease_and_die(w)
        w.runtime.advance(timedelta(seconds=31))
        await w.settle_over(GRACE, turns=4)

    (row,) = await w.transactions()
    assert (row.state, row.inquire_at, row.attempt_count) == ("in_doubt", None, 1)
    assert [case.code for case in await w.cases()] == ["cannot_be_asked"]


async def test_a_late_result_is_refused_and_kept_as_evidence(w: World) -> None:
    await w.approve(claim("R1"))
    await w.pull("concur", "expense_reports")
    await pull_next(w.parts)
    await check(w.parts)
    await w.faults("erp", [{"kind": "latency", "path": "/v1/documents$", "seconds": 1.0, "count": 1}])
    slow = asyncio.create_task(deliver(w.parts))
    await asyncio.sleep(0.4)
    w.runtime.advance(timedelta(minutes=1))  # frozen for longer than its lease
    assert await reap(w.parts) == 1
    await slow

    (row,) = await w.transactions()
    assert row.state == "in_doubt"
    late = [entry for entry in await w.story(row.id) if entry.name == "late_result"]
    assert [entry.facts["would_be"] for entry in late] == ["posted"]
    await w.settle_over(GRACE)
    (row,) = await w.transactions()
    assert (row.state, row.attempt_count) == ("posted", 1)


async def test_nothing_is_sent_when_the_lease_is_shorter_than_a_call(w: World) -> None:
    await w.approve(claim("R1"))
    await w.pull("concur", "expense_reports")
    await pull_next(w.parts)
    await check(w.parts)
    await deliver(replace(w.parts, settings=EngineSettings(lease=timedelta(seconds=1))))

    (row,) = await w.transactions()
    assert (row.state, row.reason) == ("ready", "retry")
    assert (await w.erp_books())["documents"] == []


async def test_a_process_that_was_given_up_leases_nothing(w: World) -> None:
    await w.approve(claim("R1"))
    await w.pull("concur", "expense_reports")
    await pull_next(w.parts)
    await check(w.parts)
    now, me = w.runtime.now(), w.parts.incarnation
    start = Start("worker", "host", 1)
    await w.parts.write(lambda u: incarnations.register(u.session, me, start, slot=1, now=now))
    await w.parts.write(lambda u: incarnations.end(u.session, [me], now=now))

    assert await deliver(w.parts) == 0
    assert [row.state for row in await w.transactions()] == ["ready"]
