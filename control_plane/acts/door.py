"""The door that every act goes through: role, scope, what the person saw, and the audit, in one unit of work."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

from connectors.contract import Source
from control_plane.domain.access import Act, Actor, Scope, is_paid, may, scope_of
from control_plane.domain.exception_case import CaseFacts
from control_plane.domain.identity import public_id
from control_plane.engine.parts import Unit
from control_plane.store import audit, exception_cases, lineage, transactions
from control_plane.store.tables import ExceptionCaseRow, TransactionRow

NOBODY: Final = "tieout"
"""Who did what time or the engine did."""
MOST_TOLD: Final = 20
"""Acts that a refusal tells at most."""
OWN_MONEY: Final = "The document pays you, or somebody you report to; somebody else has to act on it."


class UnknownObjectError(LookupError):
    """There is no such thing, or the actor may not know that there is."""


class NotAllowedError(Exception):
    """The actor's roles do not allow this act here."""


class OwnDocumentError(NotAllowedError):
    """Nobody acts on a document that pays them, or somebody whom they report to."""


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """One thing that happened since the actor looked."""

    by: str
    did: str
    """The act's name; for what time or the engine did, the state that came of it."""
    at: datetime
    revision: int
    """What the thing has been at since."""


class ChangedMeanwhileError(Exception):
    """It is no longer what the actor saw; `meanwhile` says what happened since, oldest first, where it is known."""

    def __init__(self, sentence: str, meanwhile: Iterable[Meanwhile] = ()) -> None:
        super().__init__(sentence)
        self.meanwhile = tuple(meanwhile)


class NotPossibleError(Exception):
    """The act does not fit the state of the thing."""


@dataclass(frozen=True, slots=True)
class Hand:
    """One person's hand in one unit of work."""

    unit: Unit
    actor: Actor
    audit_key: bytes
    request_id: str = ""
    reason: str = ""
    """Why, in the person's own words."""
    sources: Mapping[str, Source] = field(default_factory=dict)
    """Who understands the envelopes of a connection; nobody is called by it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An exception as the actor saw it, with its document."""

    row: ExceptionCaseRow
    document: TransactionRow | None

    @property
    def case(self) -> CaseFacts:
        """Return the exception as the state machine knows it."""
        return exception_cases.case_of(self.row)


def pass_door(hand: Hand, act: Act, legal_entity: str) -> None:
    """Return quietly if the actor may do this in the legal entity.

    Raises:
        UnknownObjectError: the actor may neither do this nor even read there.
        NotAllowedError: the actor may read, but not do this.
    """
    if may(hand.actor, act, legal_entity):
        return
    if not may(hand.actor, Act.READ, legal_entity):
        raise UnknownObjectError(legal_entity)
    raise NotAllowedError(f"{_said(act)} is not among your roles in {legal_entity}.")


def scope_for(hand: Hand, act: Act) -> Scope:
    """Return where the actor may do this, before anybody looks at what it is about.

    Raises:
        NotAllowedError: nowhere.
    """
    scope = scope_of(hand.actor, act)
    if scope.is_empty:
        raise NotAllowedError(f"{_said(act)} is not among your roles.")
    return scope


def see_exception(hand: Hand, act: Act, case_id: int, *, revision: int) -> Seen:
    """Return the exception that the actor wants to act on.

    Raises:
        UnknownObjectError: it does not exist, or is out of reach.
        NotAllowedError: the actor's roles do not allow the act, or the document pays the actor.
        ChangedMeanwhileError: it is no longer at the revision that the actor saw.
    """
    row = exception_cases.row_of(hand.unit.session, case_id)
    if row is None:
        raise UnknownObjectError(str(case_id))
    pass_door(hand, act, row.legal_entity_id)
    if row.revision != revision:
        raise ChangedMeanwhileError("The exception has changed since you read it.", _since(hand, row, revision))
    document = transactions.row_of(hand.unit.session, row.transaction_id) if row.transaction_id else None
    if document is not None and is_own(hand.actor, document):
        raise OwnDocumentError(OWN_MONEY)
    return Seen(row, document)


def change_exception(hand: Hand, seen: Seen, after: CaseFacts, name: str) -> None:
    """Write an exception's next state, with its audit entry and its line in the document's story.

    Raises:
        ChangedMeanwhileError: somebody else was faster.
    """
    seen_revision = seen.row.revision
    if not exception_cases.change(hand.unit.session, seen.row, after, now=hand.unit.now):
        hand.unit.session.refresh(seen.row)
        raise ChangedMeanwhileError("Somebody else was faster.", _since(hand, seen.row, seen_revision))
    record(
        hand,
        name=f"exception.{name}",
        object_type="exception",
        object_id=public_id("exc", seen.row.id),
        legal_entity=seen.row.legal_entity_id,
        before=_told(seen.case),
        after={**_told(after), "revision": seen_revision + 1},
    )
    if seen.document is not None:
        lineage.tell(
            hand.unit.session,
            [act_line(hand, seen.document, name, {"because": hand.reason} if hand.reason else {})],
            hand.unit.ids,
        )


def record(  # an audit entry has as many parts
    hand: Hand,
    *,
    name: str,
    object_type: str,
    object_id: str,
    legal_entity: str,
    before: Mapping[str, Any] | None = None,  # JSON values
    after: Mapping[str, Any] | None = None,  # JSON values
) -> None:
    """Write an act into the audit, in the unit of work of the act."""
    entry = audit.Entry(
        actor=hand.actor.login,
        actor_id=hand.actor.person_id,
        action=name,
        object_type=object_type,
        object_id=object_id,
        reason=hand.reason,
        legal_entity_id=legal_entity,
        before=before or {},
        after=after or {},
        request_id=hand.request_id,
    )
    audit.write(hand.unit.session, entry, key=hand.audit_key, now=hand.unit.now)


def is_own(actor: Actor, document: TransactionRow) -> bool:
    """Return whether the document pays the actor, or somebody whom the actor reports to or stands in for."""
    return is_paid(actor, document.counterparty)


def _said(act: Act) -> str:
    return act.value.replace("_", " ").capitalize()


def _since(hand: Hand, row: ExceptionCaseRow, revision: int) -> Iterator[Meanwhile]:
    """Give what people did with the exception since a revision, and what came of it otherwise."""
    last = revision
    for entry in audit.newest_of(hand.unit.session, "exception", public_id("exc", row.id), limit=MOST_TOLD):
        made = entry.after.get("revision", 0)
        if made > revision:
            last = max(last, made)
            yield Meanwhile(entry.actor, entry.action.partition(".")[2], entry.occurred_at, made)
    if row.revision > last:
        yield Meanwhile(NOBODY, row.state, row.updated_at, row.revision)


def document_since(hand: Hand, document: TransactionRow, revision: int) -> Iterator[Meanwhile]:
    """Give how a document went on since a revision: each revision after it is a transition, or nearly."""
    story = lineage.story_of(hand.unit.session, [document.id])
    steps = [line for line in story if line.kind == lineage.Kind.TRANSITION.value]
    count = min(document.revision - revision, MOST_TOLD)
    for place, line in enumerate(steps[-count:] if count > 0 else (), start=document.revision - count + 1):
        yield Meanwhile(line.by, line.to_state, line.at, place)


def act_line(hand: Hand, document: TransactionRow, name: str, facts: Mapping[str, Any]) -> lineage.Entry:  # JSON values
    """Return the line of an act in the document's story."""
    return lineage.Entry(
        transaction_id=document.id,
        legal_entity_id=document.legal_entity_id,
        flow=document.flow,
        kind=lineage.Kind.ACT,
        at=hand.unit.now,
        by=hand.actor.login,
        name=name,
        reason=document.reason,
        facts=facts,
    )


def _told(case: CaseFacts) -> dict[str, Any]:  # JSON values
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(case).items()
        if name != "id" and value not in {None, ""}
    }
