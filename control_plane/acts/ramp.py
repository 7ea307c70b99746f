"""The ramp: does the items of bulk operations, a single one first, then more and more, and stops by what comes back."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sqlmodel import Session

from control_plane.acts.bulk import PREFIX, SUBJECT
from control_plane.acts.bulk_items import perform
from control_plane.acts.door import (
    NOBODY,
    ChangedMeanwhileError,
    Hand,
    NotAllowedError,
    NotPossibleError,
    UnknownObjectError,
)
from control_plane.domain.bulk import (
    BulkAct,
    BulkState,
    ItemState,
    Outcome,
    Stop,
    StopReason,
    Tally,
    moved,
    next_size,
    outcome_of,
    stop,
)
from control_plane.domain.bulk_plan import Limits
from control_plane.domain.identity import public_id
from control_plane.domain.machine import By
from control_plane.engine.parts import Parts, Unit
from control_plane.store import audit, bulk, people
from control_plane.store.queries import bulk as queries
from control_plane.store.tables import BulkItemRow, BulkOperationRow, ExceptionCaseRow

LOG: Final = logging.getLogger(__name__)

AT_ONCE: Final = 50
"""Items that are begun before what came back is looked at again."""
_REFUSALS: Final = (UnknownObjectError, NotAllowedError, ChangedMeanwhileError, NotPossibleError)


@dataclass(frozen=True, slots=True)
class Turn:
    """What is to be done now: items of a step, after so much was found out."""

    found_count: int = 0
    step: int = 0
    positions: Sequence[int] = ()


class Ramp:
    """A pass of the worker. All that it knows stands in the tables: whoever comes by goes on where another ended."""

    __name__ = "ramp"

    def __init__(self, audit_key: bytes) -> None:
        """Keep the key by which acts are recorded."""
        self._audit_key = audit_key

    async def __call__(self, parts: Parts) -> int:
        """Do what can be done now; return how much it was."""
        numbers = await parts.read(bulk.at_work)
        return sum([await self._advance(parts, number) for number in numbers])

    async def _advance(self, parts: Parts, number: int) -> int:
        if not await parts.read(partial(_has_news, number)):
            return 0
        turn = await parts.write(partial(self._look, number))
        for position in turn.positions:
            await self._do(parts, number, turn.step, position)
        return turn.found_count + len(turn.positions)

    def _look(self, number: int, unit: Unit) -> Turn:
        """Write what came back; then stop, end, or choose what to do next."""
        found = _settle(unit, number)
        row = bulk.row_of(unit.session, number)
        if row is None or row.state != BulkState.RUNNING:
            return Turn(found)
        step = queries.tally(unit.session, number, row.step) if row.step_size else Tally()
        why = stop(step, Limits(**row.limits), size=row.step_size)
        if why is not None:
            self._stop(unit, row, why)
            return Turn(found + 1)
        if not step.open_count and not self._go_on(unit, row, step):
            return Turn(found)
        current = bulk.row_of(unit.session, number) or row
        return Turn(found + 1, current.step, bulk.next_items(unit.session, number, current.step, AT_ONCE))

    def _go_on(self, unit: Unit, row: BulkOperationRow, step: Tally) -> bool:
        """Begin the next step, or end the operation where nothing is left; return whether anything was done."""
        whole = queries.tally(unit.session, row.id)
        if whole[ItemState.WAITING]:
            return bulk.begin_step(unit.session, row, next_size(row.step_size, step), now=unit.now)
        if whole.open_count:
            return False
        self._end(unit, row, BulkState.FINISHED, ended_at=unit.now)
        return True

    def _stop(self, unit: Unit, row: BulkOperationRow, why: Stop) -> None:
        LOG.warning("bulk operation stopped itself", extra={"operation": row.id, "reason": why.reason.value})
        self._end(unit, row, BulkState.STOPPED, stop_reason=why.reason.value, sentence=why.sentence)

    def _end(self, unit: Unit, row: BulkOperationRow, to: BulkState, **sets: object) -> None:
        state = moved(BulkState(row.state), to, By.SYSTEM)
        if bulk.change(unit.session, row, now=unit.now, state=state.value, **sets):
            entry = audit.Entry(
                actor=NOBODY,
                action=f"{SUBJECT}.{to.value}",
                object_type=SUBJECT,
                object_id=public_id(PREFIX, row.id),
                reason=str(sets.get("sentence", "")),
                legal_entity_id=row.legal_entity_id,
                before={"state": row.state},
                after={"state": to.value},
            )
            audit.write(unit.session, entry, key=self._audit_key, now=unit.now)

    async def _do(self, parts: Parts, number: int, step: int, position: int) -> None:
        try:
            await parts.write(partial(self._act, parts, number, step, position))
        except _REFUSALS as refusal:
            outcome = Outcome(ItemState.SKIPPED, str(refusal))
            await parts.write(partial(_skip, number, step, position, outcome))

    def _act(self, parts: Parts, number: int, step: int, position: int, unit: Unit) -> None:
        """Do one item in the name of the operation's maker."""
        item = bulk.take(unit.session, number, step, position, now=unit.now)
        row = bulk.row_of(unit.session, number)
        if item is None or row is None:
            return
        maker = people.actor(unit.session, row.maker_id, now=unit.now)
        if maker is None:
            self._stop_without_maker(unit, row, item)
            return
        sources = {name: one.source for name, one in parts.connectors.items() if one.source is not None}
        hand = Hand(unit, maker, self._audit_key, public_id(PREFIX, number), row.reason, sources)
        outcome = perform(hand, row, item)
        if outcome is not None:
            bulk.end_item(unit.session, item, outcome, now=unit.now)

    def _stop_without_maker(self, unit: Unit, row: BulkOperationRow, item: BulkItemRow) -> None:
        bulk.put_back(unit.session, item, now=unit.now)
        sentence = f"{row.maker}, in whose name it is done, was shut out."
        self._stop(unit, row, Stop(StopReason.MAKER_GONE, sentence))


def _has_news(number: int, session: Session) -> bool:
    """Return whether something came back, or something can be begun: else nobody need write."""
    row = bulk.row_of(session, number)
    if row is None:
        return False
    came = any(outcome_of(BulkAct(row.act), now) for _, _, now, _ in queries.come_back(session, number))
    if came or row.state != BulkState.RUNNING:
        return came
    step = queries.tally(session, number, row.step)
    return not row.step_size or bool(step[ItemState.WAITING]) or not step.open_count


def _settle(unit: Unit, number: int) -> int:
    row = bulk.row_of(unit.session, number)
    found = 0
    for item, case, now, fence in queries.come_back(unit.session, number):
        outcome = outcome_of(BulkAct(row.act), now) if row is not None else None
        if outcome is not None:
            sets = _as_it_is_now(item, case, fence) if outcome.state is ItemState.FAILED else {}
            found += bulk.end_item(unit.session, item, outcome, now=unit.now, **sets)
    return found


def _as_it_is_now(item: BulkItemRow, case: ExceptionCaseRow, fence: int) -> dict[str, Any]:  # column values
    return {
        "transaction_id": case.transaction_id,
        "code": case.code,
        "fingerprint": case.fingerprint,
        "fence": fence,
        "is_same_failure": case.code == item.code,
    }


def _skip(number: int, step: int, position: int, outcome: Outcome, unit: Unit) -> None:
    item = bulk.take(unit.session, number, step, position, now=unit.now)
    if item is not None:
        bulk.end_item(unit.session, item, outcome, now=unit.now)
