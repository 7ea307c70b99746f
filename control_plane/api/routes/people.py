"""People: who asks, what everybody may do and how that changes, and how a printed address signs somebody in."""

import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response
from sqlmodel import Session

from control_plane.acts import access
from control_plane.acts.door import Hand, record
from control_plane.api import answers
from control_plane.api.acting import Begins
from control_plane.api.auth import Asking, Asks, services_of
from control_plane.api.problem_json import ProblemError, not_found
from control_plane.api.proposing import propose
from control_plane.api.schemas import (
    AccessProposal,
    GrantView,
    Me,
    MoneyView,
    People,
    PersonDetail,
    Proposed,
    SignedIn,
)
from control_plane.api.services import Services
from control_plane.api.strict import StrictRoute
from control_plane.domain.access import GROUP, MAY, Act, Actor, Grant, may
from control_plane.domain.api_key import ENTROPY_BYTES
from control_plane.domain.identity import public_id
from control_plane.engine.parts import Unit
from control_plane.store import people
from control_plane.store.tables import UNRESOLVED, GrantRow, PersonRow

router: Final = APIRouter(prefix="/v1", tags=["people"], route_class=StrictRoute)


_READERS: Final = (Act.MANAGE_PEOPLE, Act.READ_AUDIT)
_OF_GRANT: Final = {"role", "legal_entity_id", "valid_until"}


@router.get("/me")
def show_me(asks: Asks) -> Me:
    """Show who asks, and what they may do."""
    with asks.services.database.read() as session:
        person = session.get_one(PersonRow, asks.actor.person_id)
    grants = sorted(asks.actor.grants, key=lambda grant: (grant.role, grant.legal_entity))
    return Me(
        id=public_id("per", person.id),
        login=person.login,
        name=person.name,
        grants=[
            GrantView(role=one.role, legal_entity_id=one.legal_entity, limit=_limit(asks, one.limit_minor))
            for one in grants
        ],
        acts=sorted({act.value for grant in grants for act in MAY[grant.role]}),
        group_currency=asks.group_currency,
    )


@router.get("/people")
def list_people(asks: Asks) -> People:
    """List everybody who is known, with their access."""
    if not any(may(asks.actor, act, GROUP) for act in _READERS):
        raise ProblemError(HTTPStatus.FORBIDDEN, "forbidden", "Your roles do not show who may what.")
    with asks.services.database.read() as session:
        rows = people.every(session)
        grants = people.grants(session, [row.id for row in rows])
    logins = {row.id: row.login for row in rows}
    return People(items=[_detail(asks, row, grants[row.id], logins) for row in rows])


@router.post("/people/{login}/propose-access", response_model=Proposed)
def propose_access(begins: Begins, login: str, proposal: AccessProposal) -> Response:
    """Propose whom a person reports to and what they are granted; it holds when somebody else approves it."""
    drafts = proposal.grants
    granted = None if drafts is None else [Grant(one.role, one.legal_entity_id, one.limit_minor) for one in drafts]
    wish = access.Wish(login, proposal.reports_to, granted)
    return propose(begins, lambda hand: access.propose(hand, wish), proposal.reason)


@router.post("/sign-in-codes/{code}")
def exchange_code(services: Annotated[Services, Depends(services_of)], code: str) -> SignedIn:
    """Give a short-lived key for a one-time code; a code that was used or is too old stands for nobody."""
    now = services.runtime.now()
    person_id = services.sign_in_codes.take(code, now=now)
    if person_id is None:
        raise not_found()
    expires_at = now + services.settings.signed_in_for
    with services.database.write() as session:
        actor = people.actor(session, person_id, now=now)
        if actor is None:
            raise not_found()
        entropy = secrets.token_bytes(ENTROPY_BYTES)
        key = people.issue_key(
            session, services.runtime.ids, person_id, entropy=entropy, now=now, expires_at=expires_at
        )
        _record(session, services, actor)
    return SignedIn(key=key, expires_at=expires_at)


def _detail(asks: Asking, row: PersonRow, grants: Sequence[GrantRow], logins: Mapping[int, str]) -> PersonDetail:
    return PersonDetail(
        id=public_id(access.PREFIX, row.id),
        reports_to="" if row.reports_to is None else logins[row.reports_to],
        grants=[GrantView(limit=_limit(asks, one.limit_minor), **one.model_dump(include=_OF_GRANT)) for one in grants],
        **row.model_dump(include={"login", "name", "employee_ref", "is_machine", "is_active"}),
    )


def _limit(asks: Asking, minor: int | None) -> MoneyView | None:
    return None if minor is None else answers.money(minor, asks.group_currency)


def _record(session: Session, services: Services, actor: Actor) -> None:
    unit = Unit(session, services.runtime.now(), services.runtime.ids, services.flows)
    hand = Hand(unit, actor, services.secrets.audit, reason="by a one-time code")
    record(
        hand,
        name="person.sign_in",
        object_type="person",
        object_id=public_id("per", actor.person_id),
        legal_entity=UNRESOLVED,
    )
