"""The other side of a connection to Tryton: its master data and its payments, as deltas."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from connectors.canonical.master_data import Domain
from connectors.connection import not_known
from connectors.contract import Confirmation, Envelope, Page, Receipt, ReceiptStatus, Translation
from connectors.failures import Failure
from connectors.tryton import payments, translation
from connectors.tryton.client import Deadline, Reading, TrytonClient
from connectors.tryton.cursor import ORDER, Cursor
from connectors.tryton.ledger import Roots
from connectors.tryton.master_data import LISTINGS
from connectors.tryton.reading import Reader
from connectors.tryton.wire import Domain as SearchDomain
from connectors.tryton.wire import Row, Values

PAYMENTS: Final = "payments"
STREAMS: Final = (*(domain.value for domain in LISTINGS), PAYMENTS)


@dataclass(frozen=True, slots=True)
class TrytonSource:
    """Reads what changed. Tryton wants neither acknowledgements nor confirmations."""

    name: str
    client: TrytonClient
    reader: Reader
    roots: Roots
    deadline: timedelta

    @property
    def streams(self) -> tuple[str, ...]:
        """Return one stream for each list of master data, then the payments."""
        return STREAMS

    async def pull(self, stream: str, cursor: str, limit: int) -> Page | Failure:
        """Return the next page after the cursor (empty: from the beginning).

        Raises:
            LookupError: Tryton has no such stream.
            UnreadableCursorError: the cursor is not one that this source gave.
        """
        deadline, here = Deadline(self.deadline), Cursor.parse(cursor)
        changed = await self._changed(stream, here, limit, deadline)
        if isinstance(changed, Failure):
            return changed
        envelopes = await self._envelopes(stream, changed.rows, deadline)
        if isinstance(envelopes, Failure):
            return envelopes
        has_more = len(changed.rows) == limit
        return Page(envelopes, str(here.after(changed.rows, changed.as_of, has_more=has_more)), has_more)

    def translate(self, envelope: Envelope) -> Translation:
        """Return what the envelope says. Pure: the same bytes always give the same answer."""
        return translation.translation_of(envelope)

    async def acknowledge(self, source_document_ids: Sequence[str]) -> list[Receipt]:
        """Return that all is done: Tryton keeps no account of its readers."""
        return [Receipt(document, ReceiptStatus.DONE) for document in source_document_ids]

    async def confirm(self, confirmations: Sequence[Confirmation]) -> list[Receipt]:
        """Return that all is done: Tryton asks for no confirmation of what it told."""
        return [Receipt(each.source_document_id, ReceiptStatus.DONE) for each in confirmations]

    async def _changed(self, stream: str, here: Cursor, limit: int, deadline: Deadline) -> Reading | Failure:
        sweep = _sweep(stream, self.roots)
        return await self.client.read(
            sweep.model,
            (*sweep.fields, "last_modified_at"),
            [*sweep.domain, *here.domain],
            deadline=deadline,
            order=ORDER,
            limit=limit,
        )

    async def _envelopes(self, stream: str, rows: Sequence[Row], deadline: Deadline) -> tuple[Envelope, ...] | Failure:
        if stream != PAYMENTS:
            return tuple(translation.envelope_of_record(self.name, Domain(stream), row) for row in rows)
        told = await self._told(sorted({row["move"] for row in rows}), deadline)
        if isinstance(told, Failure):
            return told
        return tuple(translation.envelope_of_payment(self.name, payload) for payload in told)

    async def _told(self, moves: Sequence[int], deadline: Deadline) -> list[Values] | Failure:
        """Return what is to be told of these moves; the lines are read last, so that they are never older."""
        if not moves:
            return []
        heads, reversals = await asyncio.gather(
            self.client.read("account.move", payments.MOVE_FIELDS, [["id", "in", moves]], deadline=deadline),
            self.reader.reversals(moves, deadline),
        )
        lines = await self.client.read(payments.MODEL, payments.LINE_FIELDS, [["move", "in", moves]], deadline=deadline)
        if isinstance(heads, Failure):
            return heads
        if isinstance(reversals, Failure):
            return reversals
        return lines if isinstance(lines, Failure) else payments.told(heads.rows, lines.rows, reversals.rows)


@dataclass(frozen=True, slots=True)
class _Sweep:
    """What is read for a stream."""

    model: str
    fields: tuple[str, ...]
    domain: SearchDomain


def _sweep(stream: str, roots: Roots) -> _Sweep:
    if stream == PAYMENTS:
        return _Sweep(payments.MODEL, ("move",), payments.TOUCHED)
    if stream not in STREAMS:
        raise LookupError(not_known("stream", stream, STREAMS))
    listing = LISTINGS[Domain(stream)]
    return _Sweep(listing.model, listing.fields, listing.domain(roots))
