"""Who reports to whom: all the way up, and never in a ring."""

from typing import Any, Final

from sqlalchemy import Select, Table, bindparam, update
from sqlalchemy import select as core_select
from sqlmodel import Session

from control_plane.store.statements import table_of
from control_plane.store.tables import PersonRow

_PERSON: Final[Table] = table_of(PersonRow)


def refs_above(session: Session, reports_to: int | None) -> frozenset[str]:
    """Return the employees above a person, from the one whom they report to; a ring ends where it began."""
    if reports_to is None:
        return frozenset()
    rows = session.connection().execute(_CHAIN, {"first": reports_to})
    return frozenset(row.employee_ref for row in rows if row.employee_ref)


def is_at_or_below(session: Session, person_id: int, of: int) -> bool:
    """Return whether a person is another one, or reports to them in any number of steps."""
    return any(row.id == of for row in session.connection().execute(_CHAIN, {"first": person_id}))


def set_superior(session: Session, person_id: int, reports_to: int | None) -> None:
    """Let a person report to another one, or to nobody."""
    session.connection().execute(update(_PERSON).where(_PERSON.c.id == person_id).values(reports_to=reports_to))


def _chain() -> Select[Any]:  # of persons with their employees
    columns = (_PERSON.c.id, _PERSON.c.employee_ref, _PERSON.c.reports_to)
    above = core_select(*columns).where(_PERSON.c.id == bindparam("first")).cte("above", recursive=True)
    joined = above.union(core_select(*columns).join(above, _PERSON.c.id == above.c.reports_to))
    return core_select(joined.c.id, joined.c.employee_ref)


_CHAIN: Final = _chain()
