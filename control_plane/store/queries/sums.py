"""What many rows are worth together, per currency, within a scope."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import CTE, ColumnElement, FromClause, and_, cast, func, literal_column, select, true
from sqlmodel import Session

from control_plane.domain.access import Scope
from control_plane.store.tables import BIG
from control_plane.store.transitions import TRANSACTION

_OPEN_COLUMNS: Final = (
    "id",
    "flow",
    "legal_entity_id",
    "connection",
    "target",
    "state",
    "sla_status",
    "currency",
    "cohort",
    "amount_minor",
    "group_minor",
    "received_at",
    "due_at",
)


@dataclass(frozen=True, slots=True)
class CurrencySum:
    """Documents of one currency: how many, and what they are worth together."""

    currency: str
    count: int = 0
    minor: int = 0
    group_minor: int | None = None
    """None: there is no approved rate for any of them."""

    def __add__(self, other: "CurrencySum") -> "CurrencySum":
        """Return the sum of two sums of one currency."""
        group = [one for one in (self.group_minor, other.group_minor) if one is not None]
        return CurrencySum(
            self.currency, self.count + other.count, self.minor + other.minor, sum(group) if group else None
        )

    @property
    def count_only(self) -> "CurrencySum":
        """Return as many documents without their amounts: others hold these already."""
        return replace(self, minor=0, group_minor=0)


def open_documents() -> CTE:
    """Return what is open, read by the index of what is open before anything is filtered or grouped.

    SQLite would else group along an index of all documents: it does not know how few are open.
    """
    return indexed('"transaction".is_open', _OPEN_COLUMNS)


def indexed(condition: str, columns: Iterable[str]) -> CTE:
    """Return the transactions of a partial index; the condition is in its words: SQLite recognizes no others."""
    where: ColumnElement[bool] = literal_column(condition)
    return select(*(TRANSACTION.c[name] for name in columns)).where(where).cte().prefix_with("MATERIALIZED")


def within(scope: Scope, legal_entity: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that a row belongs to the scope."""
    return true() if scope.is_group else legal_entity.in_(sorted(scope.legal_entities))


def equal(table: FromClause, wanted: Mapping[str, str]) -> ColumnElement[bool]:
    """Return the condition that the named columns have these values; an empty value asks for nothing."""
    return and_(true(), *(table.c[name] == value for name, value in wanted.items() if value))


def whole(total: ColumnElement[Any]) -> ColumnElement[int]:  # a sum of whole numbers
    """Return a sum as a whole number: PostgreSQL sums them to NUMERIC."""
    return cast(total, BIG)


def sum_columns(table: FromClause) -> tuple[ColumnElement[Any], ...]:
    """Return the columns that `sum_of` reads, for a query grouped by currency."""
    columns = table.c
    return (
        columns.currency,
        func.count().label("documents"),
        whole(func.sum(columns.amount_minor)).label("minor"),
        whole(func.sum(columns.group_minor)).label("group_minor"),
    )


def sum_of(row: Any) -> CurrencySum:  # a row of `sum_columns`
    """Return a row as the sum that it is."""
    return CurrencySum(row.currency, row.documents, row.minor, row.group_minor)


def totals(session: Session, table: FromClause, where: ColumnElement[bool]) -> list[CurrencySum]:
    """Return what the rows are worth, one sum per currency."""
    currency = table.c.currency
    query = select(*sum_columns(table)).where(where).group_by(currency).order_by(currency)
    return [sum_of(row) for row in session.connection().execute(query)]


def together(sums: Iterable[CurrencySum]) -> list[CurrencySum]:
    """Return one sum per currency, in the order of the currencies."""
    found: dict[str, CurrencySum] = {}
    for one in sums:
        found[one.currency] = found[one.currency] + one if one.currency in found else one
    return [found[currency] for currency in sorted(found)]


def earliest(moments: Iterable[datetime | None]) -> datetime | None:
    """Return the earliest of the moments that there are."""
    return min((moment for moment in moments if moment is not None), default=None)
