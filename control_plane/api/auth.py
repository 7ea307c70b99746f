"""Who asks: a key becomes an actor, and an actor a scope."""

import logging
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPBearer
from fastapi.security.utils import get_authorization_scheme_param

from control_plane.api.problem_json import ProblemError
from control_plane.api.services import Services
from control_plane.api.shield import REQUEST_ID
from control_plane.domain.access import Act, Actor, Scope, scope_of
from control_plane.store import audit, people
from control_plane.store.people import USE_NOTED_EVERY, Authenticated
from control_plane.store.troubles import DatabaseTroubleError

LOG: Final = logging.getLogger(__name__)

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_BEARER: Final = HTTPBearer(auto_error=False, description="An API key: `Authorization: Bearer tie_…`")


@dataclass(frozen=True, slots=True)
class Asking:
    """One request: who asks, and what the answer is made with."""

    services: Services
    actor: Actor
    request_id: str

    @property
    def now(self) -> datetime:
        """Return the present moment."""
        return self.services.runtime.now()

    @property
    def group_currency(self) -> str:
        """Return the currency of group amounts."""
        return self.services.settings.group_currency

    def scope(self, act: Act = Act.READ) -> Scope:
        """Return where the actor may do this.

        Raises:
            ProblemError: 403; nowhere.
        """
        scope = scope_of(self.actor, act)
        if scope.is_empty:
            raise ProblemError(HTTPStatus.FORBIDDEN, "forbidden", "Your roles do not allow this.")
        return scope


async def services_of(request: Request) -> Services:
    """Return the services of the app that serves the request."""
    services: Services = request.app.state.services
    return services


async def asking(request: Request, _: Annotated[object, Depends(_BEARER)]) -> Asking:
    """Return who asks, as it was known at most a second ago.

    Raises:
        ProblemError: 401; there is no key, or it is not valid (any more).
    """
    return await who_asks(request)


async def who_asks(request: Request) -> Asking:
    """Return the same where FastAPI is not asked to solve it.

    Raises:
        ProblemError: 401; there is no key, or it is not valid (any more).
    """
    services = await services_of(request)
    scheme, key = get_authorization_scheme_param(request.headers.get("authorization"))
    found = await _recognized(services, key) if scheme.lower() == "bearer" else None
    if found is None:
        if request.method not in _SAFE:
            await run_in_threadpool(_record_shut_out, services, request, key)
        headers = {"www-authenticate": 'Bearer realm="tieout"'}
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "unauthorized", "Name a valid API key.", headers=headers)
    return Asking(services, found.actor, request.scope[REQUEST_ID])


Asks = Annotated[Asking, Depends(asking)]
"""A route's parameter: who asks."""


async def _recognized(services: Services, key: str) -> Authenticated | None:
    now = services.runtime.now()
    found = services.keys.recall(key, now=now)
    if found is None:
        found = await run_in_threadpool(_authenticate, services, key, now)
        if found is not None:
            services.keys.keep(key, found, now=now)
    return found


def _authenticate(services: Services, key: str, now: datetime) -> Authenticated | None:
    with services.database.read() as session:
        found = people.authenticate(session, key, now=now)
    if found is not None:
        _note_use(services, found, now)
    return found


def _record_shut_out(services: Services, request: Request, key: str) -> None:
    """Keep on record that somebody tried to act whom nobody lets in any more."""
    try:
        with services.database.write() as session:
            person = people.shut_out(session, key)
            if person is not None:
                entry = audit.Entry(
                    actor=person.login,
                    actor_id=person.id,
                    action="act.refused",
                    object_type="request",
                    object_id=request.url.path,
                    reason="The key, or the person, lets nobody in any more.",
                    request_id=request.scope[REQUEST_ID],
                )
                audit.write(session, entry, key=services.secrets.audit, now=services.runtime.now())
    except DatabaseTroubleError:  # the answer is no, on record or not
        LOG.warning("a refused key not recorded")


def _note_use(services: Services, found: Authenticated, now: datetime) -> None:
    if found.last_used_at is not None and now - found.last_used_at < USE_NOTED_EVERY:
        return
    try:
        with services.database.write() as session:
            people.note_use(session, found.key_id, now=now)
    except DatabaseTroubleError:  # reads go on while nothing can be written
        LOG.warning("use of a key not noted", extra={"key_id": found.key_id})
