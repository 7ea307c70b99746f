"""Poison: a document that no worker survives is put aside, so that the others go on."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import groupby
from typing import Final, TypeVar

from connectors.failures import Failure
from control_plane.domain.machine import By
from control_plane.domain.transaction import Reason, State, transition
from control_plane.engine import trouble
from control_plane.engine.parts import Parts, Unit
from control_plane.store import suspects, transactions, transitions, trials
from control_plane.store.transactions import Work
from control_plane.store.transitions import Change

T = TypeVar("T")

TOGETHER: Final = 20
"""So many are on trial in one unit of work as long as no process was lost over one of them."""
SUSPECT_AFTER: Final = 2
"""Workers lost in a row: by chance this happens to all who were in one batch with it. From then on it is sent apart."""
POISON_AFTER: Final = SUSPECT_AFTER + 3
"""Three more that it had nearly for itself are no chance."""
APART: Final = timedelta(milliseconds=500)
"""Between two suspects: long enough that they are not sent in one batch."""


async def apart(parts: Parts, line: Sequence[T], payload_of: Callable[[T], int]) -> list[Sequence[T]]:
    """Return what is looked at together, in the order of the line: alone what is on trial already, else a few."""
    tried = await parts.read(lambda session: trials.begun(session, [payload_of(one) for one in line]))
    alike = groupby(line, key=lambda one: payload_of(one) in tried)
    return [group for is_tried, some in alike for group in _cut(list(some), 1 if is_tried else TOGETHER)]


def _cut(line: Sequence[T], size: int) -> list[Sequence[T]]:
    return [line[first : first + size] for first in range(0, len(line), size)]


@asynccontextmanager
async def trial(parts: Parts, payload_ids: Sequence[int]) -> AsyncIterator[None]:
    """Commit that we are about to look at payloads: once per process, however often it tries; one trial at a time."""
    async with parts.care.alone:
        fresh = parts.care.first_trials_of(payload_ids)
        if fresh:
            await parts.write(lambda unit: trials.begin(unit.session, fresh, now=unit.now))
        yield


def delays(unit: Unit, works: Sequence[Work]) -> Mapping[int, timedelta]:
    """Return how much later than at once each document of a lost worker is asked about: suspects one by one."""
    lost = suspects.lost_in_a_row(unit.session, [work.id for work in works])
    suspected = [number for number, count in lost.items() if count + 1 >= SUSPECT_AFTER]
    return {number: place * APART for place, number in enumerate(suspected)}


def quarantine(unit: Unit, transaction_ids: Sequence[int]) -> None:
    """Put aside those documents that would be sent once more although no worker has survived them."""
    absent = [work for work in transactions.by_ids(unit.session, transaction_ids) if _is_to_be_sent(work)]
    if not absent:
        return
    lost = suspects.lost_in_a_row(unit.session, [work.id for work in absent])
    poison = [work for work in absent if lost[work.id] >= POISON_AFTER]
    recorded = transitions.record(unit.session, [_put_aside(unit, work) for work in poison], unit.ids)
    told = [work for work in poison if work.id in recorded.applied]
    trouble.open_cases(unit, [trouble.Trouble(work, (Failure("worker_stopped"),), step="post") for work in told])


def _is_to_be_sent(work: Work) -> bool:
    return work.seen.state is State.READY and work.seen.reason is Reason.PROVED_ABSENT


def _put_aside(unit: Unit, work: Work) -> Change:
    taken = transition(work.seen, State.FAILED, reason=Reason.POISON, by=By.SYSTEM, now=unit.now)
    return Change(taken, name="quarantine", failure_code="worker_stopped")
