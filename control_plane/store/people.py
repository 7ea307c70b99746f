"""Who may act: persons and machines, what they were granted, and their keys."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row, Select, Table, bindparam, delete, or_, update
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from control_plane.domain.access import Actor, Grant, Role
from control_plane.domain.api_key import make_key, read_key
from control_plane.runtime import Ids
from control_plane.store.statements import count_of, table_of, upsert
from control_plane.store.superiors import refs_above
from control_plane.store.tables import ApiKeyRow, DelegationRow, GrantRow, PersonRow

_KEY: Final[Table] = table_of(ApiKeyRow)
_DELEGATION: Final[Table] = table_of(DelegationRow)
_GRANT: Final[Table] = table_of(GrantRow)
_PERSON: Final[Table] = table_of(PersonRow)

_HOLDER_COLUMNS: Final = (
    _PERSON.c.id,
    _PERSON.c.login,
    _PERSON.c.employee_ref,
    _PERSON.c.reports_to,
    _PERSON.c.is_machine,
    _PERSON.c.is_active,
    _GRANT.c.role,
    _GRANT.c.legal_entity_id,
    _GRANT.c.limit_minor,
    _GRANT.c.valid_until,
)

_GRANT_KEY: Final = ("person_id", "role", "legal_entity_id")

USE_NOTED_EVERY: Final = timedelta(minutes=1)


class LoginTakenError(Exception):
    """Another person has the login."""


@dataclass(frozen=True, slots=True)
class Person:
    """A person or a machine to be made known."""

    login: str
    name: str
    employee_ref: str = ""
    reports_to: int | None = None
    is_machine: bool = False


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Who a key belongs to."""

    actor: Actor
    key_id: str
    last_used_at: datetime | None
    expires_at: datetime | None = None


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


def by_id(session: Session, person_id: int) -> PersonRow | None:
    """Return the person with an id."""
    return session.exec(select(PersonRow).where(PersonRow.id == person_id)).first()


def logins(session: Session, person_ids: Collection[int]) -> dict[int, str]:
    """Return the logins of persons."""
    rows = session.exec(select(PersonRow).where(col(PersonRow.id).in_(person_ids))).all()
    return {row.id: row.login for row in rows}


def every(session: Session) -> list[PersonRow]:
    """Return all persons by login."""
    return list(session.exec(select(PersonRow).order_by(col(PersonRow.login))).all())


def deactivate(session: Session, person_id: int) -> bool:
    """Shut a person out, with all its keys; return whether it was in."""
    statement = update(_PERSON).where(_PERSON.c.id == person_id, _PERSON.c.is_active).values(is_active=False)
    return count_of(session, statement) == 1


def set_grants(session: Session, person_id: int, grants: Collection[Grant]) -> None:
    """Let a person have exactly these grants for good; what is lent to them for a while ends by itself."""
    session.connection().execute(delete(_GRANT).where(_GRANT.c.person_id == person_id, _GRANT.c.valid_until.is_(None)))
    for grant in grants:
        row = _grant_row(person_id, grant, None)
        insert = upsert(session, GrantRow).values(row)
        session.connection().execute(insert.on_conflict_do_update(index_elements=_GRANT_KEY, set_=row))


def grants(session: Session, person_ids: Collection[int]) -> dict[int, list[GrantRow]]:
    """Return what persons are granted, for good and for a while, each in the same order."""
    query = select(GrantRow).where(col(GrantRow.person_id).in_(person_ids))
    found: dict[int, list[GrantRow]] = {number: [] for number in person_ids}
    for row in session.exec(query.order_by(col(GrantRow.role), col(GrantRow.legal_entity_id))).all():
        found[row.person_id].append(row)
    return found


def grant_until(session: Session, person_id: int, grant: Grant, until: datetime) -> bool:
    """Let a person have a grant for a while; return False where they have it anyway."""
    is_over = _GRANT.c.valid_until.is_not(None)
    insert = upsert(session, GrantRow).values(_grant_row(person_id, grant, until))
    prolonged = insert.on_conflict_do_update(index_elements=_GRANT_KEY, set_={"valid_until": until}, where=is_over)
    return count_of(session, prolonged) == 1


def end_grant(session: Session, person_id: int, grant: Grant) -> None:
    """Take back what a person had for a while."""
    session.connection().execute(
        delete(_GRANT).where(
            _GRANT.c.person_id == person_id,
            _GRANT.c.role == grant.role.value,
            _GRANT.c.legal_entity_id == grant.legal_entity,
            _GRANT.c.valid_until.is_not(None),
        )
    )


def actor(session: Session, person_id: int, *, now: datetime) -> Actor | None:
    """Return an active person with what they are granted at this moment, also by those whose work they do."""
    rows = session.connection().execute(_PERSON_WITH_GRANTS, {"person_id": person_id}).all()
    return _holder(session, rows, now) if rows and rows[0].is_active else None


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
    rows = session.connection().execute(_HOLDER, {"key_id": key.key_id}).all()
    if not rows or not key.fits(rows[0].sha256) or not _is_valid(rows[0], now):
        return None
    return Authenticated(_holder(session, rows, now), key.key_id, rows[0].last_used_at, rows[0].expires_at)


def shut_out(session: Session, text: str) -> PersonRow | None:
    """Return the person to whom a true key belonged that lets nobody in any more."""
    key = read_key(text)
    row = None if key is None else session.exec(select(ApiKeyRow).where(ApiKeyRow.key_id == key.key_id)).first()
    return by_id(session, row.person_id) if row is not None and key is not None and key.fits(row.sha256) else None


def note_use(session: Session, key_id: str, *, now: datetime) -> bool:
    """Note that a key was used, at most once a minute; return whether it was noted."""
    is_old = or_(_KEY.c.last_used_at.is_(None), _KEY.c.last_used_at <= now - USE_NOTED_EVERY)
    return count_of(session, update(_KEY).where(_KEY.c.key_id == key_id, is_old).values(last_used_at=now)) == 1


def _who_holds() -> Select[Any]:  # columns of three tables
    """Return the query for a key, its holder and each of the holder's grants: one row, at least, per key."""
    return (
        core_select(
            _KEY.c.sha256,
            _KEY.c.revoked_at,
            _KEY.c.expires_at,
            _KEY.c.last_used_at,
            *_HOLDER_COLUMNS,
        )
        .select_from(_KEY)
        .join(_PERSON, _PERSON.c.id == _KEY.c.person_id)
        .outerjoin(_GRANT, _GRANT.c.person_id == _PERSON.c.id)
        .where(_KEY.c.key_id == bindparam("key_id"))
    )


_HOLDER: Final = _who_holds()
_STOOD_FOR: Final = core_select(_DELEGATION.c.person_id).where(
    _DELEGATION.c.to_id == bindparam("person_id"),
    _DELEGATION.c.starts_at <= bindparam("now"),
    _DELEGATION.c.ends_at > bindparam("now"),
)
_PERSON_WITH_GRANTS: Final[Select[Any]] = (  # as _HOLDER_COLUMNS
    core_select(*_HOLDER_COLUMNS)
    .select_from(_PERSON)
    .outerjoin(_GRANT, _GRANT.c.person_id == _PERSON.c.id)
    .where(_PERSON.c.id == bindparam("person_id"))
)


def _holder(session: Session, rows: Sequence[Row[Any]], now: datetime) -> Actor:
    own = _own(session, rows, now)
    stood_for = session.connection().execute(_STOOD_FOR, {"person_id": own.person_id, "now": now}).scalars().all()
    if not stood_for:  # nearly always
        return own
    others = (session.connection().execute(_PERSON_WITH_GRANTS, {"person_id": one}).all() for one in stood_for)
    return _standing_in(own, [_own(session, other, now) for other in others if other and other[0].is_active])


def _standing_in(own: Actor, others: Sequence[Actor]) -> Actor:
    """Return the actor with the roles of those whose work they do, and with everything that stands against these."""
    return replace(
        own,
        grants=own.grants.union(*(other.grants for other in others)),
        superior_refs=own.superior_refs.union(*({other.employee_ref, *other.superior_refs} for other in others)) - {""},
        stands_for=frozenset(other.person_id for other in others),
    )


def _own(session: Session, rows: Sequence[Row[Any]], now: datetime) -> Actor:
    holder = rows[0]
    return Actor(
        person_id=holder.id,
        login=holder.login,
        grants=frozenset(_grant(row) for row in rows if _is_granted(row, now)),
        employee_ref=holder.employee_ref,
        is_machine=holder.is_machine,
        superior_refs=refs_above(session, holder.reports_to),
    )


def _grant(row: Row[Any]) -> Grant:
    return Grant(Role(row.role), row.legal_entity_id, row.limit_minor)


def _is_granted(row: Row[Any], now: datetime) -> bool:
    return row.role is not None and (row.valid_until is None or now < row.valid_until)


def _grant_row(person_id: int, grant: Grant, until: datetime | None) -> dict[str, Any]:  # column values
    return {
        "person_id": person_id,
        "role": grant.role.value,
        "legal_entity_id": grant.legal_entity,
        "limit_minor": grant.limit_minor,
        "valid_until": until,
    }


def _is_valid(row: Row[Any], now: datetime) -> bool:
    is_over = row.expires_at is not None and row.expires_at <= now
    return row.is_active and row.revoked_at is None and not is_over
