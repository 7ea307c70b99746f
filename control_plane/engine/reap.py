"""Reap: what a worker that is gone held in flight may have been sent, so it is in doubt."""

from collections.abc import Sequence
from datetime import timedelta

from connectors.contract import Dedupe
from connectors.failures import Failure
from control_plane.domain.machine import By
from control_plane.domain.transaction import Reason, State, transition
from control_plane.engine import confirm, poison, trouble
from control_plane.engine.parts import Parts, Unit
from control_plane.store import queue, suspects, transactions, transitions
from control_plane.store.transactions import Work
from control_plane.store.transitions import Change


async def reap(parts: Parts) -> int:
    """Take over expired leases, and at once those of processes known to be gone; return how many."""
    return await parts.write(lambda unit: _reap(unit, parts))


def _reap(unit: Unit, parts: Parts) -> int:
    """Put in doubt what nobody holds any more; the target is asked at once, and sent again only after its grace."""
    works = queue.to_reap(unit.session, now=unit.now, limit=parts.settings.batch)
    delays = poison.delays(unit, works)
    changes = [_reaped(unit, parts, work, delays.get(work.id, timedelta(0))) for work in works]
    recorded = transitions.record(unit.session, changes, unit.ids)
    reaped = [work for work in works if work.id in recorded.applied]
    _tell_again(unit, [work.id for work in reaped if work.seen.flow in confirm.FLOWS])
    silent = [work for work in reaped if work.seen.flow not in confirm.FLOWS and not _can_be_asked(parts, work)]
    trouble.open_cases(unit, [trouble.Trouble(work, (Failure("cannot_be_asked"),), step="post") for work in silent])
    return len(reaped)


def _reaped(unit: Unit, parts: Parts, work: Work, delay: timedelta) -> Change:
    asked_at = unit.now + delay if _can_be_asked(parts, work) else None
    return Change(
        transition(work.seen, State.IN_DOUBT, reason=Reason.LEASE_LOST, by=By.REAPER, now=unit.now),
        name=suspects.REAPED,
        sets={"inquire_at": asked_at, "absent_count": 0, "last_sent_at": unit.now},
        facts={"attempt": work.attempt_count},
    )


def _can_be_asked(parts: Parts, work: Work) -> bool:
    """Return whether its target tells what it holds; else a person decides."""
    target = parts.targets.get(work.target)
    return target is None or target.traits.dedupe is not Dedupe.NONE


def _tell_again(unit: Unit, transaction_ids: Sequence[int]) -> None:
    """Return confirmations to their queue: the source takes the same one twice, so telling is asking."""
    works = transactions.by_ids(unit.session, transaction_ids)
    transitions.record(unit.session, [_told_again(unit, work) for work in works], unit.ids)


def _told_again(unit: Unit, work: Work) -> Change:
    taken = transition(work.seen, State.READY, reason=Reason.RETRY, by=By.SYSTEM, now=unit.now)
    return Change(taken, name="reap", sets={"priority_at": unit.now, "inquire_at": None})
