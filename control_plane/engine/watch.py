"""Watch: promises change their status in time, and claims run out."""

from collections.abc import Sequence
from datetime import datetime

from control_plane.domain.sla import Standing, moved_on
from control_plane.engine.parts import Parts, Unit
from control_plane.store import exception_cases, promises
from control_plane.store.promises import Promised


async def watch(parts: Parts) -> int:
    """Bring promises and claims up to date; return how many promises changed."""
    now = parts.runtime.now()
    due = await parts.read(lambda session: promises.due(session, now=now, limit=parts.settings.batch))
    stirs = await parts.read(lambda session: exception_cases.has_due(session, now=now))
    if due or stirs:
        await parts.write(lambda unit: _keep(unit, due))
    return len(due)


def _keep(unit: Unit, due: Sequence[Promised]) -> None:
    promises.keep(unit.session, due, {one.id: _standing(one, unit.now) for one in due}, unit.now)
    exception_cases.expire_claims(unit.session, now=unit.now)
    exception_cases.wake_deferred(unit.session, now=unit.now)


def _standing(one: Promised, now: datetime) -> Standing | None:
    """Return how an open document's promise stands; what is closed has no promise left to break."""
    return moved_on(one.due_at, now=now) if one.is_open and one.due_at is not None else None
