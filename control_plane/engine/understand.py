"""Understand: what an envelope says in our words, read once as long as it is asked about soon again."""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from connectors.canonical.expense import ExpenseReport
from connectors.contract import Document, Envelope, Source, Translation, Unreadable
from connectors.failures import Failure
from control_plane.domain.correction import Change
from control_plane.flows.corrections import OutdatedValueError, UncorrectableError, corrected
from control_plane.store.inbox import Header

LOG: Final = logging.getLogger(__name__)

REMEMBERED: Final = 2000
"""Translations that a worker keeps: what was just received is checked next."""

NOT_READ: Final = Unreadable((Failure("reader_stopped"),))
"""What is said of an envelope that nobody came back from."""

Key = tuple[str, str, str]
"""Connection, event id and the hash of the payload: the same bytes always say the same."""


@dataclass(slots=True)
class Reader:
    """Reads envelopes, and remembers the newest ones."""

    _read: OrderedDict[Key, Translation] = field(default_factory=OrderedDict)

    def read(self, connection: str, source: Source, envelope: Envelope, sha256: str) -> Translation:
        """Return what the envelope says."""
        key = (connection, envelope.id, sha256)
        if key not in self._read:
            self._read[key] = understand(source, envelope)
            if len(self._read) > REMEMBERED:
                self._read.popitem(last=False)
        return self._read[key]


def understand(source: Source, envelope: Envelope) -> Translation:
    """Return what the envelope says; what its connector stumbles over is unreadable: one document, not a page."""
    try:
        return source.translate(envelope)
    except Exception as error:
        LOG.exception("connector failed while translating", extra={"event": envelope.id})
        problem = f"its connector failed with {type(error).__name__}"
        return Unreadable((Failure("unreadable_document", {"problem": problem}),), source_id=envelope.subject)


def envelope_of(header: Header, body: bytes) -> Envelope:
    """Return an envelope as it came, from what is kept of it."""
    return Envelope(
        id=header.event_id,
        source=header.source,
        type=header.type,
        subject=header.subject,
        time=header.occurred_at,
        payload=body,
    )


def as_corrected(said: Translation, changes: Sequence[Change]) -> Translation:
    """Return what a document says once it is corrected; unreadable where the correction meets another text."""
    if not isinstance(said, Document) or not isinstance(said.content, ExpenseReport):
        return said
    try:
        return replace(said, content=corrected(said.content, changes))
    except (OutdatedValueError, UncorrectableError) as error:
        report = said.content
        failure = Failure("correction_outdated", {"problem": str(error)})
        return Unreadable(
            (failure,), report.source_id, report.source_document_id, report.document_number, report.legal_entity_ref
        )
