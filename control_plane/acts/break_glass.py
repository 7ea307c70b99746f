"""Break-glass: take a role for a while in an emergency, give it back, and look at what another person did with it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from control_plane.acts.door import (
    ChangedMeanwhileError,
    Hand,
    NotAllowedError,
    NotPossibleError,
    UnknownObjectError,
    pass_door,
    record,
)
from control_plane.domain.access import Act, Actor, Grant, Role, may
from control_plane.domain.break_glass import objection_to_reviewing, objection_to_taking
from control_plane.domain.identity import public_id
from control_plane.store import break_glass, people
from control_plane.store.break_glass import Taken
from control_plane.store.tables import BreakGlassRow

PREFIX: Final = "brk"
_AT_LEAST: Final = timedelta(microseconds=1)


def take(hand: Hand, grant: Grant, *, lasts: timedelta) -> int:
    """Have a role for a while, and return the id under which somebody else looks at it afterwards.

    Raises:
        UnknownObjectError, NotAllowedError: see `door.pass_door`; also a machine, and a role that is none for this.
        NotPossibleError: the actor has the role anyway.
    """
    pass_door(hand, Act.BREAK_GLASS, grant.legal_entity)
    said = objection_to_taking(hand.actor, grant.role, lasts=lasts, reason=hand.reason)
    if said:
        raise NotAllowedError(said)
    if any(one.role is grant.role and one.legal_entity == grant.legal_entity for one in hand.actor.grants):
        raise NotPossibleError("You have this role here anyway.")
    now = hand.unit.now
    if not people.grant_until(hand.unit.session, hand.actor.person_id, grant, now + lasts):
        raise NotPossibleError("You have this role here anyway.")
    taken = Taken(hand.actor, grant, hand.reason, now, now + lasts)
    number = break_glass.add(hand.unit.session, hand.unit.ids, taken)
    after = {"role": grant.role.value, "ends_at": taken.ends_at.isoformat()}
    _record(hand, number, grant.legal_entity, "take", after)
    return number


def give_back(hand: Hand, number: int, *, revision: int) -> None:
    """End the own rights before their time.

    Raises:
        UnknownObjectError: it does not exist, or is somebody else's.
        ChangedMeanwhileError: it is no longer at the revision that the actor saw.
        NotPossibleError: it is over.
    """
    row = break_glass.row_of(hand.unit.session, number)
    if row is None or row.person_id != hand.actor.person_id:
        raise UnknownObjectError(str(number))
    if row.ends_at <= hand.unit.now:
        raise NotPossibleError("It is over.")
    if not break_glass.end(hand.unit.session, row, at=max(hand.unit.now, row.began_at + _AT_LEAST)):
        raise ChangedMeanwhileError("It has changed since you read it.")
    if row.revision != revision:
        raise ChangedMeanwhileError("It has changed since you read it.")
    people.end_grant(hand.unit.session, row.person_id, Grant(Role(row.role), row.legal_entity_id))
    _record(hand, number, row.legal_entity_id, "give_back", {"role": row.role})


def review(hand: Hand, number: int, *, was_justified: bool, revision: int) -> None:
    """Say of another person's rights, once they are over, whether they were taken and used for good reason.

    Raises:
        UnknownObjectError: it does not exist, or is out of reach.
        NotAllowedError: it was the actor, or somebody they report to; or they work under such rights themselves.
        ChangedMeanwhileError: it is no longer at the revision that the actor saw.
        NotPossibleError: it is reviewed already.
    """
    row = break_glass.row_of(hand.unit.session, number)
    if row is None:
        raise UnknownObjectError(str(number))
    pass_door(hand, Act.REVIEW, row.legal_entity_id)
    said = objection_to(hand, row)
    if said:
        raise NotAllowedError(said)
    if row.reviewed_at is not None:
        raise NotPossibleError("It is reviewed already.")
    now, session = hand.unit.now, hand.unit.session
    is_written = row.revision == revision and break_glass.review(
        session, row, hand.actor, was_justified=was_justified, reason=hand.reason, now=now
    )
    if not is_written:
        raise ChangedMeanwhileError("It has changed since you read it.")
    _record(hand, number, row.legal_entity_id, "review", {"was_justified": was_justified, "of": row.login})


def objection_to(hand: Hand, row: BreakGlassRow) -> str:
    """Return in a sentence why the actor may not review it (now); empty where they may."""
    return objection_to_reviewing(
        hand.actor,
        person_id=row.person_id,
        employee_ref=row.employee_ref,
        ends_at=row.ends_at,
        is_elevated=break_glass.is_running(hand.unit.session, hand.actor.person_id, now=hand.unit.now),
        now=hand.unit.now,
    )


def acts_on(hand: Hand, row: BreakGlassRow) -> list[str]:
    """Return the names of the acts that the actor may do with it as it stands."""
    if row.person_id == hand.actor.person_id:
        return ["give_back"] if hand.unit.now < row.ends_at else []
    may_review = row.reviewed_at is None and may(hand.actor, Act.REVIEW, row.legal_entity_id)
    return ["review"] if may_review and not objection_to(hand, row) else []


def sees(actor: Actor, row: BreakGlassRow) -> bool:
    """Return whether the actor may know of it: one's own, and those that one reviews or audits."""
    is_reader = any(may(actor, act, row.legal_entity_id) for act in (Act.REVIEW, Act.READ_AUDIT))
    return is_reader or row.person_id == actor.person_id


def _record(hand: Hand, number: int, legal_entity: str, name: str, after: Mapping[str, object]) -> None:
    record(
        hand,
        name=f"break_glass.{name}",
        object_type="break_glass",
        object_id=public_id(PREFIX, number),
        legal_entity=legal_entity,
        after=after,
    )
