"""Pull a stream: commit the page to the inbox with its cursor, then acknowledge."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from connectors.contract import Page
from connectors.failures import Failure, sentence_of
from control_plane.engine import permits, trouble
from control_plane.engine.acknowledge import acknowledge
from control_plane.engine.keep import ACT_ON_KEPT, receive_unread
from control_plane.engine.parts import Parts, Unit
from control_plane.engine.receive import Feed, Reception, receive
from control_plane.store import connections, inbox, runs
from control_plane.store.tables import SyncRunRow
from control_plane.telemetry import traces

LOG: Final = logging.getLogger(__name__)

RUN_LEASE: Final = timedelta(minutes=2)
"""How long a worker may be silent over one page before another takes the run over."""


async def pull_next(parts: Parts) -> int:
    """Execute the sync run that waits longest; return how many envelopes came, or 0 where none waits."""

    def take(unit: Unit) -> SyncRunRow | None:
        shut = parts.connectors.keys() - permits.open_now(unit, parts, parts.connectors)
        resting = shut | connections.paused(unit.session)
        until = unit.now + RUN_LEASE
        runs.give_up_leases(unit.session, [parts.incarnation], now=unit.now)  # left over: the database went away in it
        return runs.lease_next(unit.session, owner=parts.incarnation, resting=resting, now=unit.now, until=until)

    run = await parts.write(take)
    if run is None:
        return 0
    with traces.sync_run(run.connection, run.stream, run.id) as span:
        count = await _execute(parts, run)
        traces.tell_received(span, count.received, failure="" if count.failure is None else count.failure.code)
    return count.received


@dataclass(slots=True)
class _Count:
    received: int = 0
    repeated: int = 0
    failure: Failure | None = None

    def add(self, reception: Reception) -> None:
        self.received += len(reception.taken)
        self.repeated += len(reception.repeated)


async def _execute(parts: Parts, run: SyncRunRow) -> _Count:
    source = parts.connectors[run.connection].source
    count = _Count()
    if source is not None and run.stream in source.streams:
        feed = Feed(run.connection, run.stream, source)
        await _pull_pages(parts, run, feed, count)
        await acknowledge(parts, run.connection)
    await _finish(parts, run, count)
    return count


async def _pull_pages(parts: Parts, run: SyncRunRow, feed: Feed, count: _Count) -> None:
    cursor = await parts.read(lambda session: runs.cursor(session, run.connection, run.stream))
    has_more = True
    while has_more:
        page = await _page(parts, feed, cursor)
        if isinstance(page, Failure):
            count.failure = page
            return
        reception = await _take_page(parts, run, feed, page)
        if reception is None:
            return
        count.add(reception)
        await acknowledge(parts, run.connection)  # at once: until then the source may take a document back unseen
        has_more = page.has_more and page.cursor != cursor and not parts.pace.is_closing
        cursor = page.cursor


async def _page(parts: Parts, feed: Feed, cursor: str) -> Page | Failure:
    pulled = partial(feed.source.pull, feed.stream, cursor, parts.settings.page)
    latest = parts.runtime.now() + RUN_LEASE / 2
    return await permits.call(parts, feed.connection, pulled, latest=latest, is_ordinary=True)


async def _take_page(parts: Parts, run: SyncRunRow, feed: Feed, page: Page) -> Reception | None:
    """Return what became of the page, or None where another worker has taken the run over: then it is theirs.

    The first page after a process was lost is only kept: what it died of may be in it, and is read with care. What
    comes after it is kept behind it, whoever pulls that: a recall must find its document.
    """
    stream = f"{run.connection}/{run.stream}"
    needs_care = parts.care.is_needed_for(stream)

    def take(unit: Unit) -> Reception | None:
        if not runs.renew(unit.session, run.id, owner=parts.incarnation, until=unit.now + RUN_LEASE):
            return None
        is_kept = needs_care or inbox.has_unread(unit.session, run.connection)
        reception = (receive_unread if is_kept else receive)(unit, feed, page.envelopes)
        runs.move_cursor(unit.session, run.connection, run.stream, page.cursor, now=unit.now)
        return reception

    reception = await parts.write(take)
    parts.care.is_over_for(stream)
    if needs_care:
        parts.care.begins_anew_for(ACT_ON_KEPT)
    return reception


async def _finish(parts: Parts, run: SyncRunRow, count: _Count) -> None:
    failure = "" if count.failure is None else sentence_of(count.failure, {"target": run.connection})

    def finish(unit: Unit) -> None:
        runs.finish(
            unit.session,
            run.id,
            owner=parts.incarnation,
            received=count.received,
            repeated=count.repeated,
            failure=failure,
            now=unit.now,
        )
        connections.heard(unit.session, run.connection, failure=failure, now=unit.now)
        if count.failure is not None:
            trouble.pause_if_hopeless(unit, run.connection, count.failure)

    await parts.write(finish)
    if count.failure is not None:
        facts = {"connection": run.connection, "stream": run.stream, "code": count.failure.code}
        LOG.warning("sync run failed", extra=facts)
