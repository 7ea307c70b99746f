"""Reap: what a worker that is gone held in flight may have been sent, so it is in doubt."""

from control_plane.domain.machine import By
from control_plane.domain.transaction import Reason, State, transition
from control_plane.engine import confirm
from control_plane.engine.parts import Parts, Unit
from control_plane.store import transactions, transitions
from control_plane.store.transactions import Work
from control_plane.store.transitions import Change


async def reap(parts: Parts) -> int:
    """Take over expired leases, and at once those of processes known to be gone; return how many."""
    return await parts.write(lambda unit: reap_now(unit, parts.settings.batch))


def reap_now(unit: Unit, limit: int) -> int:
    """Put in doubt what nobody holds any more; the target is asked at once, and sent again only after its grace."""
    works = transactions.to_reap(unit.session, now=unit.now, limit=limit)
    recorded = transitions.record(unit.session, [_reaped(unit, work) for work in works], unit.ids)
    told = [work.id for work in works if work.id in recorded.applied and work.seen.flow in confirm.FLOWS]
    again = [_told_again(unit, work) for work in transactions.by_ids(unit.session, told)]
    transitions.record(unit.session, again, unit.ids)
    return len(recorded.applied)


def _told_again(unit: Unit, work: Work) -> Change:
    """Return a confirmation to its queue: the source takes the same one twice, so telling is asking."""
    taken = transition(work.seen, State.READY, reason=Reason.RETRY, by=By.SYSTEM, now=unit.now)
    return Change(taken, name="reap", sets={"priority_at": unit.now, "inquire_at": None})


def _reaped(unit: Unit, work: Work) -> Change:
    return Change(
        transition(work.seen, State.IN_DOUBT, reason=Reason.LEASE_LOST, by=By.REAPER, now=unit.now),
        name="reap",
        sets={"inquire_at": unit.now, "absent_count": 0, "last_sent_at": unit.now},
        facts={"attempt": work.attempt_count},
    )
