"""Access under four eyes: whom a person reports to, and what they are granted, up to which amount."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from control_plane.acts import approvals
from control_plane.acts.approvals import Consequence
from control_plane.acts.door import Hand, NotAllowedError, NotPossibleError, UnknownObjectError, pass_door, record
from control_plane.domain.access import GROUP, Act, Grant, Role
from control_plane.domain.approval import Proposal, Subject
from control_plane.domain.identity import public_id
from control_plane.store import people, superiors
from control_plane.store.tables import ApprovalRow, PersonRow

KIND: Final = "access"
SUBJECT: Final = "person"
PREFIX: Final = "per"

Standing = dict[str, Any]  # JSON values
"""Whom a person reports to, by login, and what they are granted for good."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to hold for a person; None: what holds already."""

    login: str
    reports_to: str | None = None
    """A login; empty: nobody."""
    grants: Collection[Grant] | None = None
    """All that they are granted for good."""


def propose(hand: Hand, wish: Wish) -> int:
    """Let a second person decide about somebody's access, and return the proposal's id.

    Raises:
        UnknownObjectError: there is no such person.
        NotAllowedError: the actor does not manage people, or it is about themselves.
        NotPossibleError: nothing would change, a role is granted twice, or nobody can report so.
        AlreadyProposedError: see `approvals.propose`.
    """
    pass_door(hand, Act.MANAGE_PEOPLE, GROUP)
    person = _person(hand, wish.login)
    _require_somebody_else(hand, person)
    before = _standing(hand, person)
    after = before | _wanted(wish)
    if after == before:
        raise NotPossibleError("This holds already.")
    _superior(hand, person, after["reports_to"])
    content = {"login": person.login, "before": before, "after": after}
    barred = frozenset({person.id})
    subject = Subject(SUBJECT, person.id)
    proposal = Proposal(KIND, subject, content, GROUP, beneficiary=person.employee_ref, barred=barred)
    return approvals.propose(hand, proposal, act=Act.MANAGE_PEOPLE)


def _approved(hand: Hand, row: ApprovalRow) -> None:
    person, after = _person(hand, row.content["login"]), row.content["after"]
    if _standing(hand, person) != row.content["before"]:
        raise NotPossibleError("Their access has changed meanwhile; propose it anew.")
    superiors.set_superior(hand.unit.session, person.id, _superior(hand, person, after["reports_to"]))
    people.set_grants(hand.unit.session, person.id, [_grant(one) for one in after["grants"]])
    record(
        hand,
        name="access.approve",
        object_type=SUBJECT,
        object_id=public_id(PREFIX, person.id),
        legal_entity=GROUP,
        before=row.content["before"],
        after=after,
    )


CONSEQUENCE: Final = Consequence(_approved)


def _person(hand: Hand, login: str) -> PersonRow:
    row = people.by_login(hand.unit.session, login)
    if row is None:
        raise UnknownObjectError(login)
    return row


def _require_somebody_else(hand: Hand, person: PersonRow) -> None:
    is_same_employee = bool(person.employee_ref) and person.employee_ref == hand.actor.employee_ref
    if person.id in hand.actor.persons or is_same_employee:
        raise NotAllowedError("It is about you; somebody else has to propose it.")


def _superior(hand: Hand, person: PersonRow, login: str) -> int | None:
    """Return the person above.

    Raises:
        NotPossibleError: there is no such person, or they report to the one below.
    """
    if not login:
        return None
    above = people.by_login(hand.unit.session, login)
    if above is None or not above.is_active or above.is_machine:
        raise NotPossibleError(f"There is no {login} to report to.")
    if superiors.is_at_or_below(hand.unit.session, above.id, person.id):
        raise NotPossibleError(f"{login} is {person.login}, or reports to them.")
    return above.id


def _standing(hand: Hand, person: PersonRow) -> Standing:
    session = hand.unit.session
    above = None if person.reports_to is None else people.by_id(session, person.reports_to)
    lasting = (row for row in people.grants(session, [person.id])[person.id] if row.valid_until is None)
    granted = (Grant(Role(row.role), row.legal_entity_id, row.limit_minor) for row in lasting)
    return {"reports_to": "" if above is None else above.login, "grants": _told(granted)}


def _wanted(wish: Wish) -> Standing:
    """Return what is to be changed.

    Raises:
        NotPossibleError: a role is granted twice in one legal entity.
    """
    grants = wish.grants
    if grants is not None and len({(one.role, one.legal_entity) for one in grants}) < len(grants):
        raise NotPossibleError("A role is granted once in a legal entity.")
    wanted = {"reports_to": wish.reports_to, "grants": None if grants is None else _told(grants)}
    return {name: value for name, value in wanted.items() if value is not None}


def _told(grants: Iterable[Grant]) -> list[dict[str, Any]]:  # JSON values
    ordered = sorted(grants, key=lambda one: (one.role, one.legal_entity))
    return [
        {"role": one.role.value, "legal_entity": one.legal_entity, "limit_minor": one.limit_minor} for one in ordered
    ]


def _grant(told: dict[str, Any]) -> Grant:  # JSON values
    return Grant(**told | {"role": Role(told["role"])})
