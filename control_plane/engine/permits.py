"""Permits: a call leaves when its connection may be called, and all workers hear what came of it."""

import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

from connectors.contract import Connector, Outcome, Receipt
from connectors.failures import Failure, FailureKind
from connectors.limits import Allowance
from control_plane.domain.pacing import AT_MOST, Breaker, Grant, Pacing, Report, draw, rate
from control_plane.engine.departures import COMES_WITHIN, Departure
from control_plane.engine.lines import Line, Permit
from control_plane.engine.parts import Parts, Unit
from control_plane.store import pacing
from control_plane.store.troubles import DatabaseTroubleError

LOG: Final = logging.getLogger(__name__)

T = TypeVar("T")

LOOK_AHEAD: Final = timedelta(seconds=5)
"""For how long documents of a limited connection are leased: the pause between two leases is little beside it."""
MOST_AT_ONCE: Final = 1000
"""Documents that are leased at once, however fast they may be sent."""

_NOT_NOW: Final = Failure("not_sent_in_time", retry_after_seconds=1.0)
_AWAY: Final = frozenset({FailureKind.NOT_SENT, FailureKind.TRANSIENT, FailureKind.RATE_LIMITED})
_NO_ANSWER: Final = "answer_lost"


@dataclass(frozen=True, slots=True)
class Share:
    """Connections whose documents are leased together, and how many at most."""

    targets: tuple[str, ...]
    limit: int
    is_scarce: bool = False
    """Not everything can go at once: what is due soonest goes first."""


def open_now(unit: Unit, parts: Parts, names: Collection[str]) -> list[str]:
    """Return those of the connections that may be called now, be it to probe."""
    lines = _refreshed(unit, parts, names)
    return sorted(name for name, line in lines.items() if line.shut_until(unit.now) is None)


def shares(unit: Unit, parts: Parts, names: Collection[str]) -> list[Share]:
    """Return how the documents for these targets are leased: freely together, or each as fast as it may be called."""
    lines = _refreshed(unit, parts, names)
    free = tuple(sorted(name for name, line in lines.items() if line.is_free(unit.now)))
    limited = [
        Share((name,), _room(parts, line, unit.now), is_scarce=True)
        for name, line in sorted(lines.items())
        if name not in free and line.shut_until(unit.now) is None
    ]
    return [Share(free, parts.settings.batch), *limited] if free else limited


def expect(parts: Parts, name: str, document_count: int) -> None:
    """Note that so many documents are about to be sent to a target: permits are drawn for them together."""
    connector = parts.connectors[name]
    per_call = 1 if connector.target is None else connector.target.traits.batch
    parts.pace.line(connector).wanted = -(-document_count // per_call)


async def call(
    parts: Parts,
    name: str,
    make: Callable[[], Awaitable[T]],
    *,
    latest: datetime,
    is_ordinary: bool = False,
) -> T | Failure:
    """Make a call to a connection once it may leave, tell what came of it, and return the answer.

    A failure without a call is returned where it may not leave before `latest`, or the process ends. An ordinary call
    leaves the room alone that is reserved for documents.
    """
    if parts.pace.is_closing and not is_ordinary:
        return _NOT_NOW
    line = parts.pace.line(parts.connectors[name])
    departure = None
    if not (line.state.is_unpaced or line.is_free(parts.runtime.now())):
        departure = await _turn(parts, line, latest=latest, is_ordinary=is_ordinary)
        if departure is None:
            return _NOT_NOW
    answer = await make()
    await _tell(parts, line, departure, trouble_of(answer))
    return answer


def trouble_of(answer: object) -> Failure | None:
    """Return why an answer shows that the other side is away or busy; None where it has answered, whatever it said."""
    if isinstance(answer, Failure):
        return answer if _is_away(answer) else None
    if not isinstance(answer, Sequence):
        return None
    failures = [one.failure for one in answer if isinstance(one, Outcome | Receipt)]
    busy = next((one for one in failures if one is not None and one.kind is FailureKind.RATE_LIMITED), None)
    if busy is not None or not failures:
        return busy
    away = [one for one in failures if one is not None and _is_away(one)]
    return away[0] if len(away) == len(failures) else None


def _is_away(failure: Failure) -> bool:
    return failure.code == _NO_ANSWER or (failure.kind in _AWAY and failure.code != _NOT_NOW.code)


async def _turn(parts: Parts, line: Line, *, latest: datetime, is_ordinary: bool) -> Departure | None:
    """Return at the moment at which a call leaves, or None where it may not in time."""
    permit = await _at_its_moment(parts, line, latest=latest, is_ordinary=is_ordinary)
    while permit is not None and line.has_lapsed(permit, parts.runtime.now()):
        permit = await _at_its_moment(parts, line, latest=latest, is_ordinary=is_ordinary)  # this process had paused
    line.wanted = max(0, line.wanted - 1)
    if permit is None:
        return None
    now = await _with_room(parts, line)
    may_leave = now <= latest and (is_ordinary or not parts.pace.is_closing)
    may_be_called = permit.is_probe or line.shut_until(now) is None
    return line.departures.add(now, is_probe=permit.is_probe) if may_leave and may_be_called else None


async def _with_room(parts: Parts, line: Line) -> datetime:
    """Return once there is room for one more call beside those that have left, and at which moment."""
    now = parts.runtime.now()
    while (room_at := line.room_at(now)) > now:
        await _wait_until(parts, min(room_at, now + COMES_WITHIN))  # an answer in between may make room earlier
        now = parts.runtime.now()
    return now


async def _at_its_moment(parts: Parts, line: Line, *, latest: datetime, is_ordinary: bool) -> Permit | None:
    async with line.turn:
        permit = await _next(parts, line, latest=latest, is_ordinary=is_ordinary)
    if permit is None or permit.at > latest:
        return None
    _refill_soon(parts, line, latest=latest, is_ordinary=is_ordinary)
    await _wait_until(parts, permit.at)
    return permit


async def _next(parts: Parts, line: Line, *, latest: datetime, is_ordinary: bool) -> Permit | None:
    permit = line.take(parts.runtime.now())
    if permit is None and line.refill is not None:
        await line.refill
        permit = line.take(parts.runtime.now())
    while permit is None:
        opens_at = line.shut_until(parts.runtime.now())
        if opens_at is not None and (opens_at > latest or line.state.breaker is Breaker.OPEN):
            return None
        if opens_at is not None:
            await _wait_until(parts, opens_at)
        if not await _draw(parts, line, latest=latest, is_ordinary=is_ordinary):
            return None
        permit = line.take(parts.runtime.now())
    return permit


def _refill_soon(parts: Parts, line: Line, *, latest: datetime, is_ordinary: bool) -> None:
    """Draw more permits while there are still some, so that no call waits for the database."""
    now = parts.runtime.now()
    may_be_called = line.state.at(now).breaker is not Breaker.OPEN and line.shut_until(now) is None
    if may_be_called and line.refill is None and line.needs_more(now):
        drawing = _refill(parts, line, latest=latest, is_ordinary=is_ordinary)
        line.refill = parts.runtime.spawn(drawing, name="draw permits")


async def _refill(parts: Parts, line: Line, *, latest: datetime, is_ordinary: bool) -> None:
    try:
        await _draw(parts, line, latest=latest, is_ordinary=is_ordinary)
    except DatabaseTroubleError as error:  # who needs a permit then, draws it
        LOG.warning("no permits drawn", extra={"connection": line.state.connection, "trouble": str(error)})
    finally:
        line.refill = None


async def _draw(parts: Parts, line: Line, *, latest: datetime, is_ordinary: bool) -> bool:
    """Draw permits, if there are any in time; return whether it is worth looking for one again."""
    connector = parts.connectors[line.state.connection]

    def drawn(unit: Unit) -> tuple[Pacing, Grant]:
        reserved = parts.settings.close_week.reserved(unit.now) if is_ordinary else 0.0
        decide = partial(draw, wanted=max(1, line.wanted), now=unit.now, latest=latest, reserved=reserved)
        return pacing.draw(unit.session, connector.name, connector.limits, decide)

    state, grant = await parts.write(drawn)
    line.learn(state)
    line.add(grant, parts.runtime.now())
    return grant.first_at <= latest


async def _wait_until(parts: Parts, moment: datetime) -> None:
    wait = moment - parts.runtime.now()
    if wait > timedelta(0):
        await parts.runtime.sleep(wait)


async def _tell(parts: Parts, line: Line, departure: Departure | None, failure: Failure | None) -> None:
    now = parts.runtime.now()
    connector = parts.connectors[line.state.connection]
    if departure is not None:
        line.departures.answered(departure, now)
    line.note(failure, now)
    allowance = connector.take_allowance()
    if failure is None and allowance is None and line.is_calm:
        return
    is_probe = departure is not None and departure.is_probe
    report = line.news(failure, _binding(line, allowance, now), is_probe=is_probe)
    if report is None:
        return
    try:
        line.learn(await parts.write(partial(_told, connector, report)))
    except DatabaseTroubleError as error:  # the answer counts; the next one that fails is told as well
        LOG.warning("pacing not told", extra={"connection": connector.name, "trouble": str(error)})


def _told(connector: Connector, report: Report, unit: Unit) -> Pacing:
    return pacing.tell(unit.session, connector.name, connector.limits, report, now=unit.now)


def _binding(line: Line, allowance: Allowance | None, now: datetime) -> Allowance | None:
    """Return what the other side allows where that is less than we know of already."""
    known = line.state.limit(now)
    is_less = allowance is not None and (known is None or allowance.calls_per_second < known * AT_MOST)
    return allowance if is_less else None


def _refreshed(unit: Unit, parts: Parts, names: Collection[str]) -> dict[str, Line]:
    """Return the lines to connections, with what all workers know of them."""
    known = pacing.every(unit.session)
    lines = {name: parts.pace.line(parts.connectors[name]) for name in names}
    for name, line in lines.items():
        if name in known:
            line.learn(replace(known[name], limits=parts.connectors[name].limits))
    return lines


def _room(parts: Parts, line: Line, now: datetime) -> int:
    """Return how many documents may be leased for a limited connection; for a probing call one."""
    pace = rate(line.state, now)
    target = parts.connectors[line.state.connection].target
    if not pace or target is None:
        return 1
    return max(1, min(MOST_AT_ONCE, int(pace * LOOK_AHEAD.total_seconds()) * target.traits.batch))
