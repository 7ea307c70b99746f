"""Release: what was held for a reason that has gone is checked again and goes on by itself."""

from control_plane.engine.check import examine, judge
from control_plane.engine.parts import Parts, Unit
from control_plane.store import holds, transactions


async def release(parts: Parts) -> int:
    """Check again what a change has woken; return how many documents were looked at."""
    return await parts.write(lambda unit: _release(unit, parts))


def _release(unit: Unit, parts: Parts) -> int:
    woken = holds.woken(unit.session, parts.settings.batch)
    if not woken:
        return 0
    works = transactions.held(unit.session, woken)
    holds.sleep(unit.session, woken)
    judge(unit, examine(unit, parts, works))
    return len(woken)
