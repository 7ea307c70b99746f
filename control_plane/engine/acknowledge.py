"""Acknowledge: a source hears what is safely ours, and says what it took back before it heard."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from connectors.contract import Recall, Receipt, ReceiptStatus
from connectors.failures import Failure
from control_plane.engine import permits, recall
from control_plane.engine.parts import Parts, Unit
from control_plane.store import inbox

PATIENCE: Final = timedelta(minutes=1)
"""How long the source may be busy; then it hears with the next page."""


async def acknowledge(parts: Parts, connection: str) -> int:
    """Tell the source what is safely ours and acted on; return how many it took note of.

    What it took back meanwhile is recalled.
    """
    source = parts.connectors[connection].source
    if source is None:
        return 0
    waiting = await parts.read(lambda session: inbox.unacknowledged(session, connection, parts.settings.page))
    if not waiting:
        return 0
    acknowledged = partial(source.acknowledge, [row.event_id for row in waiting])
    latest = parts.runtime.now() + PATIENCE
    receipts = await permits.call(parts, connection, acknowledged, latest=latest, is_ordinary=True)
    if isinstance(receipts, Failure):
        return 0
    return await parts.write(lambda unit: _note(unit, waiting, receipts))


def _note(unit: Unit, waiting: Sequence[inbox.Untold], receipts: Sequence[Receipt]) -> int:
    pairs = list(zip(waiting, receipts, strict=True))
    settled = [row.id for row, receipt in pairs if receipt.status is not ReceiptStatus.LATER]
    taken_back = [
        Recall(row.source, row.subject, row.event_id, unit.now)
        for row, receipt in pairs
        if receipt.status is ReceiptStatus.RECALLED
    ]
    inbox.acknowledged(unit.session, settled, now=unit.now)
    recall.recall(unit, taken_back)
    return len(settled)
