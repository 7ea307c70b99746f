"""How every act is answered: If-Match before it, its refusals as problems, the same answer to the same key."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel
from sqlmodel import Session

from control_plane.acts.door import (
    ChangedMeanwhileError,
    Hand,
    NotAllowedError,
    NotPossibleError,
    UnknownObjectError,
    record,
)
from control_plane.api.auth import Asking, Asks
from control_plane.api.problem_json import ProblemError, not_found, problem_response
from control_plane.api.schemas import MeanwhileView
from control_plane.engine.parts import Unit
from control_plane.store import idempotency
from control_plane.store.idempotency import Answer, KeyReusedError, UnderWayError
from control_plane.store.tables import UNRESOLVED

_REVISION: Final = re.compile(r'"([0-9]{1,18})"', re.ASCII)
_KEY: Final = re.compile(r'"?([\x21\x23-\x7e]{1,200})"?', re.ASCII)

Deed = Callable[[Hand, int], None]
"""What is done, given the hand and the revision that the person saw."""
Shown = Callable[[Session], tuple[BaseModel, int]]
"""The thing afterwards, with its revision."""


@dataclass(frozen=True, slots=True)
class Acting:
    """One request to act."""

    asking: Asking
    revision: int
    path: str
    key: str | None
    sha256: str
    """Of method, path, revision and body."""

    def perform(self, deed: Deed, shown: Shown, *, reason: str = "") -> Response:
        """Do it once and answer with the thing as it is then.

        Raises:
            ProblemError: 403, 404, 409 or 412; 422 where the key was used for another request.
        """
        before = self._begin()
        if before is not None:
            return Response(before.body, before.status, dict(before.headers), "application/json")
        try:
            answer = self._do(deed, shown, reason)
        except ProblemError as refusal:
            self._keep_refusal(refusal)
            raise
        return Response(answer.body, answer.status, dict(answer.headers), "application/json")

    def _do(self, deed: Deed, shown: Shown, reason: str) -> Answer:
        try:
            with self.asking.services.database.write() as session:
                deed(self._hand(session, reason), self.revision)
                session.expire_all()  # the deed wrote past the rows that it had read
                view, revision = shown(session)
                answer = Answer(HTTPStatus.OK, view.model_dump_json().encode(), {"etag": etag(revision)})
                if self.key is not None:
                    idempotency.finish(session, self._request(self.key), answer)
                return answer
        except NotAllowedError as error:
            self._record_refusal(str(error))
            raise ProblemError(HTTPStatus.FORBIDDEN, "forbidden", str(error)) from error
        except UnknownObjectError as error:
            raise not_found() from error
        except ChangedMeanwhileError as error:
            raise _changed(error) from error
        except NotPossibleError as error:
            raise ProblemError(HTTPStatus.CONFLICT, "not_possible", str(error)) from error

    def _hand(self, session: Session, reason: str) -> Hand:
        services = self.asking.services
        unit = Unit(session, self.asking.now, services.runtime.ids, services.flows)
        return Hand(unit, self.asking.actor, services.secrets.audit, self.asking.request_id, reason, services.sources)

    def _begin(self) -> Answer | None:
        if self.key is None:
            return None
        try:
            with self.asking.services.database.write() as session:
                return idempotency.begin(session, self._request(self.key), now=self.asking.now)
        except KeyReusedError as error:
            detail = "The idempotency key was used for another request."
            raise ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "key_reused", detail) from error
        except UnderWayError as error:
            detail = "The first request with this key is still being answered."
            raise ProblemError(HTTPStatus.CONFLICT, "under_way", detail) from error

    def _keep_refusal(self, refusal: ProblemError) -> None:
        if self.key is not None:
            told = problem_response(self.asking.request_id, self.path, refusal)
            answer = Answer(refusal.status_code, bytes(told.body), {"content-type": told.headers["content-type"]})
            with self.asking.services.database.write() as session:
                idempotency.finish(session, self._request(self.key), answer)

    def _record_refusal(self, reason: str) -> None:
        with self.asking.services.database.write() as session:
            record(
                self._hand(session, reason),
                name="act.refused",
                object_type="request",
                object_id=self.path,
                legal_entity=UNRESOLVED,
            )

    def _request(self, key: str) -> idempotency.Request:
        return idempotency.Request(self.asking.actor.person_id, key, self.sha256)


async def acting(
    request: Request,
    asks: Asks,
    if_match: Annotated[str | None, Header(description="The ETag of what you saw")] = None,
    idempotency_key: Annotated[str | None, Header(description="The same key gets the same answer for 7 days")] = None,
) -> Acting:
    """Return the request to act, with the revision that the person saw.

    Raises:
        ProblemError: 428 without If-Match; 400 where it or the key cannot be read.
    """
    revision = revision_of(if_match)
    facts = f"{request.method} {request.url.path} {revision} ".encode() + await request.body()
    key = None if idempotency_key is None else _read(_KEY, idempotency_key, "Idempotency-Key")
    return Acting(asks, revision, request.url.path, key, hashlib.sha256(facts).hexdigest())


Acts = Annotated[Acting, Depends(acting)]
"""A route's parameter: somebody who acts."""


async def beginning(
    request: Request,
    asks: Asks,
    idempotency_key: Annotated[str | None, Header(description="The same key gets the same answer for 7 days")] = None,
) -> Acting:
    """Return the request to make something new: there is nothing yet that the person could have seen.

    Raises:
        ProblemError: 400 where the key cannot be read.
    """
    return await acting(request, asks, etag(0), idempotency_key)


Begins = Annotated[Acting, Depends(beginning)]
"""A route's parameter: somebody who makes something new."""


def _changed(error: ChangedMeanwhileError) -> ProblemError:
    told = [MeanwhileView(by=one.by, did=one.did, at=one.at, revision=one.revision) for one in error.meanwhile]
    acts = "; ".join(f"{one.did.replace('_', ' ')} by {one.by} at {one.at:%Y-%m-%d %H:%M} UTC" for one in told)
    detail = f"{error} Meanwhile: {acts}." if acts else str(error)
    return ProblemError(HTTPStatus.PRECONDITION_FAILED, "changed_meanwhile", detail, meanwhile=told)


def etag(revision: int) -> str:
    """Return a revision as a strong ETag."""
    return f'"{revision}"'


def revision_of(if_match: str | None) -> int:
    """Return the revision behind an If-Match header.

    Raises:
        ProblemError: 428 where it is missing or matches anything, 400 where it is none of our ETags.
    """
    if if_match is None or if_match.strip() == "*":
        detail = "Say what you saw: send its ETag as If-Match."
        raise ProblemError(HTTPStatus.PRECONDITION_REQUIRED, "revision_required", detail)
    return int(_read(_REVISION, if_match.strip(), "If-Match"))


def _read(form: re.Pattern[str], text: str, header: str) -> str:
    found = form.fullmatch(text)
    if found is None:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "unreadable_header", f"{header} cannot be read.")
    return found[1]
