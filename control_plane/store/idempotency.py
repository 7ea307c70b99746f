"""Answered requests: the same key with the same body gets the same answer for seven days."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Table, bindparam, delete, update
from sqlalchemy import select as core_select
from sqlmodel import Session

from control_plane.store.prepared import Prepared
from control_plane.store.statements import count_of, table_of, upsert
from control_plane.store.tables import IdempotencyRow

_REQUEST: Final[Table] = table_of(IdempotencyRow)

KEPT_FOR: Final = timedelta(days=7)
UNDER_WAY_FOR: Final = timedelta(minutes=1)
"""After that a request without an answer was interrupted, and the next one with its key may begin anew."""


class KeyReusedError(Exception):
    """The key was used for another request."""


class UnderWayError(Exception):
    """The first request with the key has no answer yet."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request under a key that its sender chose."""

    person_id: int
    key: str
    sha256: str
    """Of method, path and body."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the first request was answered."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def begin(session: Session, request: Request, *, now: datetime) -> Answer | None:
    """Return the answer to give again; None where the request is new and ours to answer.

    Raises:
        KeyReusedError: the key belongs to another request.
        UnderWayError: the same request is being answered.
    """
    _forget(session, request, now=now)
    if _reserve(session, request, now=now):
        return None
    row = session.get_one(IdempotencyRow, (request.person_id, request.key))
    if row.request_sha256 != request.sha256:
        raise KeyReusedError(f"The key {request.key[:40]!r} was used for another request")
    if row.status is None:
        raise UnderWayError(f"The request with the key {request.key[:40]!r} has no answer yet")
    return Answer(row.status, row.body or b"", row.headers)


def finish(session: Session, request: Request, answer: Answer) -> None:
    """Keep the answer for whoever asks again."""
    session.connection().execute(
        update(_REQUEST)
        .where(_REQUEST.c.person_id == request.person_id, _REQUEST.c.key == request.key)
        .values(status=answer.status, body=answer.body, headers=dict(answer.headers))
    )


def has_old(session: Session, *, now: datetime) -> bool:
    """Return whether there are answers that are no longer promised."""
    return bool(_OLD.scalars(session, until=now - KEPT_FOR))


def forget_old(session: Session, *, now: datetime) -> int:
    """Forget all answers that are no longer promised; return how many."""
    return _FORGET_OLD.run(session, until=now - KEPT_FOR)


def _reserve(session: Session, request: Request, *, now: datetime) -> bool:
    row = IdempotencyRow(person_id=request.person_id, key=request.key, request_sha256=request.sha256, recorded_at=now)
    insert = upsert(session, IdempotencyRow).values(row.model_dump()).on_conflict_do_nothing()
    return count_of(session, insert) == 1


def _forget(session: Session, request: Request, *, now: datetime) -> None:
    is_ours = (_REQUEST.c.person_id == request.person_id, _REQUEST.c.key == request.key)
    is_old = _REQUEST.c.recorded_at <= now - KEPT_FOR
    is_interrupted = _REQUEST.c.status.is_(None) & (_REQUEST.c.recorded_at <= now - UNDER_WAY_FOR)
    session.connection().execute(delete(_REQUEST).where(*is_ours, is_old | is_interrupted))


_IS_OLD: Final = _REQUEST.c.recorded_at <= bindparam("until", type_=_REQUEST.c.recorded_at.type)
_OLD: Final = Prepared(core_select(_REQUEST.c.recorded_at).where(_IS_OLD).limit(1))
_FORGET_OLD: Final = Prepared(delete(_REQUEST).where(_IS_OLD))
