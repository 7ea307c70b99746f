"""Watch: promises and untouched exceptions change with time and rules, and answers that are old are forgotten."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from sqlmodel import Session

from control_plane.domain.materiality import Materiality, materiality_of
from control_plane.domain.sla import Standing, moved_on
from control_plane.engine.parts import Parts, Unit
from control_plane.store import exception_sweeps, idempotency, lineage, policies, promises, rerouting, routing
from control_plane.store.exception_sweeps import Swept
from control_plane.store.promises import Promised
from control_plane.store.rerouting import Rerouted
from control_plane.store.tables import ExceptionCaseRow

BY: Final = "tieout"
"""Who did what time did."""


async def watch(parts: Parts) -> int:
    """Bring promises and exceptions up to date; return how many promises changed and exceptions were routed anew."""
    now = parts.runtime.now()
    due = await parts.read(lambda session: promises.due(session, now=now, limit=parts.settings.batch))
    stirs = await parts.read(lambda session: _stirs(session, now))
    if due or stirs:
        await parts.write(lambda unit: _keep(unit, due))
    return len(due) + await _route_anew(parts)


def _stirs(session: Session, now: datetime) -> bool:
    return exception_sweeps.has_due(session, now=now) or idempotency.has_old(session, now=now)


def _keep(unit: Unit, due: Sequence[Promised]) -> None:
    promises.keep(unit.session, due, {one.id: _standing(one, unit.now) for one in due}, unit.now)
    swept = exception_sweeps.sweep(unit.session, lambda: _materiality(unit), now=unit.now)
    lineage.tell(unit.session, _lines(swept, unit.now), unit.ids)
    idempotency.forget_old(unit.session, now=unit.now)


async def _route_anew(parts: Parts) -> int:
    """Let rules that have changed reach the exceptions that nobody has claimed: a page of them, return its length."""
    if not await parts.read(lambda session: rerouting.is_outdated(session, routing.current(session))):
        return 0
    return await parts.write(lambda unit: _reroute(unit, parts.settings.batch))


def _reroute(unit: Unit, limit: int) -> int:
    rules = routing.current(unit.session)
    found = rerouting.route_anew(unit.session, rules, now=unit.now, limit=limit)
    lineage.tell(unit.session, _moves(found, unit.now), unit.ids)
    return len(found)


def _standing(one: Promised, now: datetime) -> Standing | None:
    """Return how an open document's promise stands; what is closed has no promise left to break."""
    return moved_on(one.due_at, now=now) if one.is_open and one.due_at is not None else None


def _materiality(unit: Unit) -> Materiality:
    return materiality_of(policies.current(unit.session, policies.EVERY_FLOW).values)


def _lines(swept: Swept, now: datetime) -> Iterator[lineage.Entry]:
    return (_line(row, name, now) for name, rows in swept.items() for row in rows if row.transaction_id is not None)


def _moves(rerouted: Sequence[Rerouted], now: datetime) -> Iterator[lineage.Entry]:
    for one in rerouted:
        if one.has_moved and one.transaction_id is not None:
            because = one.to.by or "no rule matches any more"
            yield _line(one, "rerouted", now, before=one.team, after=one.to.team, because=because)


def _line(case: ExceptionCaseRow | Rerouted, name: str, now: datetime, **facts: str) -> lineage.Entry:
    return lineage.Entry(
        transaction_id=case.transaction_id or 0,
        legal_entity_id=case.legal_entity_id,
        flow=case.flow,
        kind=lineage.Kind.ACT,
        at=now,
        by=BY,
        name=name,
        facts=facts,
    )
