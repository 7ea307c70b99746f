"""Absences and delegations: noted by whom they are about, or by an administrator, and dated both ways."""

from dataclasses import dataclass
from datetime import datetime

from control_plane.acts.door import Hand, NotAllowedError, NotPossibleError, UnknownObjectError, record
from control_plane.domain.access import GROUP, Act, may
from control_plane.domain.identity import public_id
from control_plane.domain.working_hours import NoPeriodError, Period, period
from control_plane.store import people, presence
from control_plane.store.tables import PersonRow


@dataclass(frozen=True, slots=True)
class Wanted:
    """From when until when."""

    starts_at: datetime
    ends_at: datetime


def be_away(hand: Hand, wanted: Wanted, *, person: str = "") -> int:
    """Note that somebody is away, by login, or the actor; what they had claimed goes back to its team then.

    Raises:
        NotAllowedError: it is somebody else, and the actor does not manage people.
        NotPossibleError: there is no such person, or the period is over or too long.
    """
    who = _who(hand, person)
    within = _period(hand, wanted)
    number = presence.add_absence(
        hand.unit.session, hand.unit.ids, who.id, within, reason=hand.reason, by=hand.actor.login, now=hand.unit.now
    )
    _record(hand, "absence.note", public_id("abs", number), {"person": who.login, **_told(within)})
    return number


def be_back(hand: Hand, absence_id: int) -> None:
    """Let an absence end now.

    Raises:
        UnknownObjectError: there is none with this id.
        NotAllowedError: it is somebody else's, and the actor does not manage people.
        NotPossibleError: it is over.
    """
    row = presence.absence(hand.unit.session, absence_id)
    if row is None:
        raise UnknownObjectError(str(absence_id))
    _require_own_or_admin(hand, row.person_id)
    if not presence.end_absence(hand.unit.session, absence_id, now=hand.unit.now):
        raise NotPossibleError("It is over.")
    _record(hand, "absence.end", public_id("abs", absence_id), {"ends_at": hand.unit.now.isoformat()})


def delegate(hand: Hand, wanted: Wanted, *, to: str, person: str = "") -> int:
    """Let a colleague do somebody's work for a while, with their roles.

    What stands against the one stands against the other: their own proposals, and money that is theirs.

    Raises:
        NotAllowedError: it is somebody else's work, and the actor does not manage people.
        NotPossibleError: there is no such person, both are the same, or the period is over or too long.
    """
    who = _who(hand, person)
    substitute = people.by_login(hand.unit.session, to)
    if substitute is None or not substitute.is_active or substitute.is_machine or substitute.id == who.id:
        raise NotPossibleError("There is no such colleague.")
    if substitute.id == hand.actor.person_id:
        raise NotAllowedError("Nobody gives themselves the work, and so the roles, of somebody else.")
    within = _period(hand, wanted)
    number = presence.add_delegation(
        hand.unit.session,
        hand.unit.ids,
        who.id,
        substitute.id,
        within,
        reason=hand.reason,
        by=hand.actor.login,
        now=hand.unit.now,
    )
    told = {"person": who.login, "to": substitute.login, **_told(within)}
    _record(hand, "delegation.begin", public_id("dlg", number), told)
    return number


def end_delegation(hand: Hand, delegation_id: int) -> None:
    """Let a delegation end now.

    Raises:
        UnknownObjectError: there is none with this id.
        NotAllowedError: it is somebody else's work, and the actor does not manage people.
        NotPossibleError: it is over.
    """
    row = presence.delegation(hand.unit.session, delegation_id)
    if row is None:
        raise UnknownObjectError(str(delegation_id))
    _require_own_or_admin(hand, row.person_id)
    if not presence.end_delegation(hand.unit.session, delegation_id, now=hand.unit.now):
        raise NotPossibleError("It is over.")
    _record(hand, "delegation.end", public_id("dlg", delegation_id), {"ends_at": hand.unit.now.isoformat()})


def _who(hand: Hand, login: str) -> PersonRow:
    row = people.by_login(hand.unit.session, login or hand.actor.login)
    _require_own_or_admin(hand, None if row is None else row.id)
    if row is None or not row.is_active or row.is_machine:
        raise NotPossibleError("There is no such person.")
    return row


def _require_own_or_admin(hand: Hand, person_id: int | None) -> None:
    """Return quietly if it is about the actor; nobody decides for those whose work they do."""
    if person_id != hand.actor.person_id and not may(hand.actor, Act.MANAGE_PEOPLE, GROUP):
        raise NotAllowedError("This is about somebody else.")


def _period(hand: Hand, wanted: Wanted) -> Period:
    try:
        return period(wanted.starts_at, wanted.ends_at, now=hand.unit.now)
    except NoPeriodError as error:
        raise NotPossibleError("It has to end in the future, after it begins, and within a year.") from error


def _told(within: Period) -> dict[str, str]:
    return {"starts_at": within.starts_at.isoformat(), "ends_at": within.ends_at.isoformat()}


def _record(hand: Hand, name: str, object_id: str, after: dict[str, str]) -> None:
    record(hand, name=name, object_type=name.partition(".")[0], object_id=object_id, legal_entity=GROUP, after=after)
