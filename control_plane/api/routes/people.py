"""Who asks: what they may do, and how a printed address signs somebody in."""

import secrets
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from sqlmodel import Session

from control_plane.acts.door import Hand, record
from control_plane.api.auth import Asks, services_of
from control_plane.api.problem_json import not_found
from control_plane.api.schemas import GrantView, Me, SignedIn
from control_plane.api.services import Services
from control_plane.api.strict import StrictRoute
from control_plane.domain.access import MAY, Actor
from control_plane.domain.api_key import ENTROPY_BYTES
from control_plane.domain.identity import public_id
from control_plane.engine.parts import Unit
from control_plane.store import people
from control_plane.store.tables import UNRESOLVED, PersonRow

router: Final = APIRouter(prefix="/v1", tags=["people"], route_class=StrictRoute)


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
        grants=[GrantView(role=grant.role, legal_entity_id=grant.legal_entity) for grant in grants],
        acts=sorted({act.value for grant in grants for act in MAY[grant.role]}),
        group_currency=asks.group_currency,
    )


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
