"""The connections' health and pauses; how they are configured stands in `tieout.toml`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, Update, bindparam, update
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from control_plane.store.prepared import Prepared
from control_plane.store.statements import count_of, table_of, upsert
from control_plane.store.tables import UNRESOLVED, ConnectionRow

_CONNECTION: Final[Table] = table_of(ConnectionRow)


@dataclass(frozen=True, slots=True)
class Configured:
    """A connection as the configuration names it."""

    name: str
    provider: str
    legal_entity_id: str = UNRESOLVED


def register(session: Session, configured: Sequence[Configured]) -> None:
    """Make a row for every configured connection; the health of those known is kept."""
    if not configured:
        return
    insert = upsert(session, ConnectionRow).values([_new_row(connection) for connection in configured])
    kept = {"provider": insert.excluded.provider, "legal_entity_id": insert.excluded.legal_entity_id}
    session.connection().execute(insert.on_conflict_do_update(index_elements=["name"], set_=kept))


def every(session: Session) -> list[ConnectionRow]:
    """Return all connections by name."""
    return list(session.exec(select(ConnectionRow).order_by(col(ConnectionRow.name))).all())


def one(session: Session, name: str) -> ConnectionRow | None:
    """Return a connection, or None where there is none of the name."""
    return session.get(ConnectionRow, name)


def paused(session: Session) -> frozenset[str]:
    """Return the names of the connections that nothing is sent to or pulled from."""
    return frozenset(_PAUSED.scalars(session))


def heard(session: Session, name: str, *, failure: str, now: datetime) -> None:
    """Note how the last exchange with the other side ended; no failure means well."""
    if failure:
        _FAILED.run(session, connection=name, now=now, failure=failure)
    else:
        _SUCCEEDED.run(session, connection=name, now=now)


def pause(
    session: Session, name: str, *, reason: str, failure: str = "", revision: int | None = None, now: datetime
) -> bool:
    """Pause a connection for a reason, which may be a failure of the other side.

    Return whether it was running and, where a revision is given, still at the one that the caller saw.
    """
    statement = update(_CONNECTION).where(_CONNECTION.c.paused_at.is_(None))
    return _change(session, statement, name, revision, paused_at=now, paused_reason=reason, paused_failure=failure)


def resume(session: Session, name: str, *, revision: int | None = None) -> bool:
    """Let a connection run again; return whether it was paused and, where given, still at that revision."""
    statement = update(_CONNECTION).where(_CONNECTION.c.paused_at.is_not(None))
    return _change(session, statement, name, revision, paused_at=None, paused_reason="", paused_failure="")


def _change(session: Session, statement: Update, name: str, revision: int | None, **sets: object) -> bool:
    statement = statement.where(_CONNECTION.c.name == name).values(**sets, revision=_CONNECTION.c.revision + 1)
    if revision is not None:
        statement = statement.where(_CONNECTION.c.revision == revision)
    return count_of(session, statement) == 1


def _new_row(connection: Configured) -> dict[str, Any]:  # column values
    return ConnectionRow(**asdict(connection)).model_dump()


_IT: Final = update(_CONNECTION).where(_CONNECTION.c.name == bindparam("connection"))
_FAILED: Final = Prepared(_IT.values(last_failure_at=bindparam("now"), last_failure=bindparam("failure")))
_SUCCEEDED: Final = Prepared(_IT.values(last_success_at=bindparam("now")))
_PAUSED: Final = Prepared(core_select(_CONNECTION.c.name).where(_CONNECTION.c.paused_at.is_not(None)))
