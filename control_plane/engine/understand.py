"""Understand: what an envelope says in our words; a connector's mistake leaves one document unread, not a page."""

import logging
from typing import Final

from connectors.contract import Envelope, Source, Translation, Unreadable
from connectors.failures import Failure

LOG: Final = logging.getLogger(__name__)


def understand(source: Source, envelope: Envelope) -> Translation:
    """Return what the envelope says; what its connector stumbles over is unreadable, its payload is kept."""
    try:
        return source.translate(envelope)
    except Exception as error:
        LOG.exception("connector failed while translating", extra={"event": envelope.id})
        problem = f"its connector failed with {type(error).__name__}"
        return Unreadable((Failure("unreadable_document", {"problem": problem}),), source_id=envelope.subject)
