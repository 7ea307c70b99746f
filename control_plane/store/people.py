"""Who may act: persons and machines, what they were granted, and their keys."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Table, delete, or_, update
from sqlmodel import Session, col, select

from control_plane.domain.access import Actor, Grant, Role
from control_plane.domain.api_key import make_key, read_key
from control_plane.runtime import Ids
from control_plane.store.statements import count_of, table_of, upsert
from control_plane.store.tables import ApiKeyRow, GrantRow, PersonRow

_KEY: Final[Table] = table_of(ApiKeyRow)
_GRANT: Final[Table] = table_of(GrantRow)
_PERSON: Final[Table] = table_of(PersonRow)

USE_NOTED_EVERY: Final = timedelta(minutes=1)


class LoginTakenError(Exception):
    """Another person has the login."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person or a machine to be made known."""

    login: str
    name: str
    employee_ref: str = ""
    is_machine: bool = False


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Who a key belongs to."""

    actor: Actor
    key_id: str
    last_used_at: datetime | None


def add(session: Session, ids: Ids, person: Person, *, now: datetime) -> int:
    """Make a person known, without any grant, and return its id.

    Raises:
        LoginTakenError: somebody has the login.
    """
    row = PersonRow(id=ids.draw(), created_at=now, **asdict(person))
    insert = upsert(session, PersonRow).values(row.model_dump()).on_conflict_do_nothing(index_elements=["login"])
    if count_of(session, insert) == 0:
        raise LoginTakenError(f"{person.login} is known already")
    return row.id


def by_login(session: Session, login: str) -> PersonRow | None:
    """Return the person with a login."""
    return session.exec(select(PersonRow).where(PersonRow.login == login)).first()


def every(session: Session) -> list[PersonRow]:
    """Return all persons by login."""
    return list(session.exec(select(PersonRow).order_by(col(PersonRow.login))).all())


def deactivate(session: Session, person_id: int) -> bool:
    """Shut a person out, with all its keys; return whether it was in."""
    statement = update(_PERSON).where(_PERSON.c.id == person_id, _PERSON.c.is_active).values(is_active=False)
    return count_of(session, statement) == 1


def set_grants(session: Session, person_id: int, grants: Collection[Grant]) -> None:
    """Let a person have exactly these grants."""
    session.connection().execute(delete(_GRANT).where(_GRANT.c.person_id == person_id))
    rows = [
        {"person_id": person_id, "role": grant.role.value, "legal_entity_id": grant.legal_entity} for grant in grants
    ]
    if rows:
        session.connection().execute(upsert(session, GrantRow), rows)


def actor(session: Session, person_id: int) -> Actor | None:
    """Return an active person with its grants."""
    person = session.get(PersonRow, person_id)
    if person is None or not person.is_active:
        return None
    rows = session.exec(select(GrantRow).where(GrantRow.person_id == person_id)).all()
    return Actor(
        person_id=person.id,
        login=person.login,
        grants=frozenset(Grant(Role(row.role), row.legal_entity_id) for row in rows),
        employee_ref=person.employee_ref,
        is_machine=person.is_machine,
    )


def issue_key(
    session: Session, ids: Ids, person_id: int, *, entropy: bytes, now: datetime, expires_at: datetime | None = None
) -> str:
    """Return a new key of a person: shown this once, kept as a hash. `entropy` is `ENTROPY_BYTES` of chance."""
    key = make_key(entropy)
    session.add(
        ApiKeyRow(
            id=ids.draw(),
            key_id=key.key_id,
            person_id=person_id,
            sha256=key.sha256,
            created_at=now,
            expires_at=expires_at,
        )
    )
    session.flush()
    return key.text


def keys_of(session: Session, person_id: int) -> list[ApiKeyRow]:
    """Return a person's keys, oldest first."""
    query = select(ApiKeyRow).where(ApiKeyRow.person_id == person_id).order_by(col(ApiKeyRow.id))
    return list(session.exec(query).all())


def revoke_key(session: Session, key_id: str, *, now: datetime) -> bool:
    """End a key at once; return whether it was there and not revoked before."""
    statement = update(_KEY).where(_KEY.c.key_id == key_id, _KEY.c.revoked_at.is_(None)).values(revoked_at=now)
    return count_of(session, statement) == 1


def authenticate(session: Session, text: str, *, now: datetime) -> Authenticated | None:
    """Return who a key belongs to; None where it is wrong, expired or revoked, or the person is shut out."""
    key = read_key(text)
    if key is None:
        return None
    row = session.exec(select(ApiKeyRow).where(ApiKeyRow.key_id == key.key_id)).first()
    if row is None or not key.fits(row.sha256) or not _is_valid(row, now):
        return None
    found = actor(session, row.person_id)
    return None if found is None else Authenticated(found, row.key_id, row.last_used_at)


def note_use(session: Session, key_id: str, *, now: datetime) -> bool:
    """Note that a key was used, at most once a minute; return whether it was noted."""
    is_old = or_(_KEY.c.last_used_at.is_(None), _KEY.c.last_used_at <= now - USE_NOTED_EVERY)
    return count_of(session, update(_KEY).where(_KEY.c.key_id == key_id, is_old).values(last_used_at=now)) == 1


def _is_valid(row: ApiKeyRow, now: datetime) -> bool:
    return row.revoked_at is None and (row.expires_at is None or now < row.expires_at)
