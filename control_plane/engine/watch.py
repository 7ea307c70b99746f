"""Watch: promises change their status in time, and so do exceptions that nobody touches."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from control_plane.domain.materiality import Materiality, materiality_of
from control_plane.domain.sla import Standing, moved_on
from control_plane.engine.parts import Parts, Unit
from control_plane.store import exception_sweeps, lineage, policies, promises
from control_plane.store.exception_sweeps import Swept
from control_plane.store.promises import Promised

BY: Final = "tieout"
"""Who did what time did."""


async def watch(parts: Parts) -> int:
    """Bring promises and exceptions up to date; return how many promises changed."""
    now = parts.runtime.now()
    due = await parts.read(lambda session: promises.due(session, now=now, limit=parts.settings.batch))
    stirs = await parts.read(lambda session: exception_sweeps.has_due(session, now=now))
    if due or stirs:
        await parts.write(lambda unit: _keep(unit, due))
    return len(due)


def _keep(unit: Unit, due: Sequence[Promised]) -> None:
    promises.keep(unit.session, due, {one.id: _standing(one, unit.now) for one in due}, unit.now)
    swept = exception_sweeps.sweep(unit.session, lambda: _materiality(unit), now=unit.now)
    lineage.tell(unit.session, _lines(swept, unit.now), unit.ids)


def _standing(one: Promised, now: datetime) -> Standing | None:
    """Return how an open document's promise stands; what is closed has no promise left to break."""
    return moved_on(one.due_at, now=now) if one.is_open and one.due_at is not None else None


def _materiality(unit: Unit) -> Materiality:
    return materiality_of(policies.current(unit.session, policies.EVERY_FLOW).values)


def _lines(swept: Swept, now: datetime) -> Iterator[lineage.Entry]:
    for name, rows in swept.items():
        for row in rows:
            if row.transaction_id is not None:
                yield lineage.Entry(
                    transaction_id=row.transaction_id,
                    legal_entity_id=row.legal_entity_id,
                    flow=row.flow,
                    kind=lineage.Kind.ACT,
                    at=now,
                    by=BY,
                    name=name,
                )
