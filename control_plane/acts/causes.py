"""What people write and decide about causes: a note that stays, two causes told as one, or taken apart for good."""

from typing import Any

from control_plane.acts.door import ChangedMeanwhileError, Hand, NotAllowedError, NotPossibleError, UnknownObjectError
from control_plane.acts.door import record as record_act
from control_plane.domain.access import GROUP, Act, Actor, may, scope_of
from control_plane.store import causes
from control_plane.store.causes import MergeDecision
from control_plane.store.tables import UNRESOLVED


def note(hand: Hand, fingerprint: str, text: str, *, revision: int) -> None:
    """Write a note on a cause; it stays, whatever becomes of the cause's exceptions.

    Raises:
        UnknownObjectError: the actor can see no exception of this cause.
        NotAllowedError: the actor works on exceptions in none of the legal entities where it stands.
        ChangedMeanwhileError: the cause is no longer at the revision that the actor saw.
    """
    session = hand.unit.session
    _see(hand, fingerprint)
    if not causes.is_known(session, scope_of(hand.actor, Act.CLAIM), fingerprint):
        raise NotAllowedError("You work on no exception of this cause.")
    _require_unchanged(hand, fingerprint, revision)
    causes.add_note(session, hand.unit.ids, fingerprint, text, hand.actor, now=hand.unit.now)
    _record(hand, fingerprint, "note", {"text": text})


def merge(hand: Hand, fingerprint: str, into: str, *, revision: int) -> None:
    """Tell a cause in another one, in every list and from now on.

    Raises:
        UnknownObjectError: the actor can see no exception of one of the two.
        NotAllowedError: the actor does not work for the whole group.
        ChangedMeanwhileError: the cause is no longer at the revision that the actor saw.
        NotPossibleError: the two are one, are told elsewhere already, or were taken apart for good.
    """
    _see_for_group(hand, fingerprint, revision)
    if not causes.is_known(hand.unit.session, scope_of(hand.actor, Act.READ), into):
        raise NotPossibleError("There is no such other cause.")
    _require_mergeable(hand, fingerprint, into)
    _decide(hand, MergeDecision(fingerprint, into, is_merged=True, reason=hand.reason), "merge")


def unmerge(hand: Hand, fingerprint: str, *, revision: int) -> None:
    """Take a cause out of the one in which it is told, for good.

    Raises:
        UnknownObjectError: the actor can see no exception of this cause.
        NotAllowedError: the actor does not work for the whole group.
        ChangedMeanwhileError: the cause is no longer at the revision that the actor saw.
        NotPossibleError: it is told in no other one.
    """
    _see_for_group(hand, fingerprint, revision)
    into = causes.merged(hand.unit.session).get(fingerprint)
    if into is None:
        raise NotPossibleError("It is told in no other cause.")
    _decide(hand, MergeDecision(fingerprint, into, is_merged=False, reason=hand.reason), "unmerge")


def acts_on(actor: Actor, *, is_merged: bool) -> list[str]:
    """Return the names of the acts that the actor may do with a cause that they can see."""
    notes = [] if scope_of(actor, Act.CLAIM).is_empty else ["note"]
    return [*notes, "unmerge" if is_merged else "merge"] if may(actor, Act.CLAIM, GROUP) else notes


def _see(hand: Hand, fingerprint: str) -> None:
    causes.lock(hand.unit.session)
    if not causes.is_known(hand.unit.session, scope_of(hand.actor, Act.READ), fingerprint):
        raise UnknownObjectError(fingerprint)


def _require_unchanged(hand: Hand, fingerprint: str, revision: int) -> None:
    if causes.revision(hand.unit.session, fingerprint) != revision:
        raise ChangedMeanwhileError("Somebody has written or decided something about the cause since you read it.")


def _see_for_group(hand: Hand, fingerprint: str, revision: int) -> None:
    _see(hand, fingerprint)
    if not may(hand.actor, Act.CLAIM, GROUP):
        raise NotAllowedError("Causes belong to the whole group; you work for a part of it.")
    _require_unchanged(hand, fingerprint, revision)


def _require_mergeable(hand: Hand, fingerprint: str, into: str) -> None:
    merged = causes.merged(hand.unit.session)
    objections = {
        "A cause is not told in itself.": fingerprint == into,
        "It is told in another cause already.": fingerprint in merged,
        "That one is told in another cause itself.": into in merged,
        "Other causes are told in it; take them apart first.": fingerprint in merged.values(),
        "These two were taken apart for good.": _were_taken_apart(hand, fingerprint, into),
    }
    for sentence, stands in objections.items():
        if stands:
            raise NotPossibleError(sentence)


def _were_taken_apart(hand: Hand, fingerprint: str, into: str) -> bool:
    rows = causes.decisions(hand.unit.session, fingerprint)
    return any(not row.is_merged and into in {row.fingerprint, row.into_fingerprint} for row in rows)


def _decide(hand: Hand, decision: MergeDecision, name: str) -> None:
    causes.decide(hand.unit.session, hand.unit.ids, decision, hand.actor, now=hand.unit.now)
    _record(hand, decision.fingerprint, name, {"into": decision.into_fingerprint})


def _record(hand: Hand, fingerprint: str, name: str, after: dict[str, Any]) -> None:  # JSON values
    record_act(
        hand,
        name=f"cause.{name}",
        object_type="cause",
        object_id=fingerprint,
        legal_entity=UNRESOLVED,
        after=after,
    )
