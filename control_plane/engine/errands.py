"""Errands: leased transactions with what is still to be booked of each, and the answers as they come."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from connectors.contract import Intent, Outcome, OutcomeKind
from connectors.failures import Failure
from control_plane.engine import intents as intents_json
from control_plane.store import payloads, postings
from control_plane.store.transactions import Work


@dataclass(slots=True)
class Errand:
    """A leased transaction with the documents still to be booked, and the answers as they come."""

    work: Work
    intents: tuple[Intent, ...]
    outcomes: list[Outcome] = field(default_factory=list)
    asks_first_from: datetime | None = None
    """Set where it may have been sent in commits that the database has lost: from then on its target can tell."""

    @property
    def is_answered(self) -> bool:
        """Return whether every document has its answer."""
        return len(self.outcomes) >= len(self.intents)


Item = tuple[Errand, Intent]


def load_errands(session: Session, works: Sequence[Work]) -> list[Errand]:
    """Return the transactions with those of their intended documents that are not booked yet."""
    if not works:
        return []
    bodies = payloads.bodies(
        session, [work.intents_payload_id for work in works if work.intents_payload_id is not None]
    )
    booked = postings.references_of(session, [work.id for work in works])
    return [
        _errand(work, intents_json.decode(bodies.get(work.intents_payload_id or 0, b"[]")), booked.get(work.id))
        for work in works
    ]


def _errand(work: Work, intents: Sequence[Intent], booked: frozenset[str] | None) -> Errand:
    """Return the errand; one that would book nothing at all is refused, so that it never counts as posted."""
    if not intents:
        nothing = Outcome(work.business_reference, OutcomeKind.REJECTED, failure=Failure("nothing_to_book"))
        return Errand(work, (), [nothing])
    return Errand(work, tuple(intent for intent in intents if intent.reference not in (booked or ())))
