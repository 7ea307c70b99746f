"""The money ledger: where every amount is, now or at the end of a day, told from the rollups."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Table, func, select
from sqlmodel import Session

from control_plane.domain.access import Scope
from control_plane.domain.ledger import NOTHING, Amounts
from control_plane.domain.transaction import PLACE_OF, Place, State
from control_plane.store.queries.sums import CurrencySum, equal, open_documents, whole, within
from control_plane.store.statements import table_of
from control_plane.store.tables import LedgerBalanceRow, LedgerMovementRow

_BALANCE: Final[Table] = table_of(LedgerBalanceRow)
_MOVEMENT: Final[Table] = table_of(LedgerMovementRow)
_LINE: Final = ("flow", "legal_entity_id", "currency")


@dataclass(frozen=True, slots=True, order=True)
class LineKey:
    """What one line of the ledger is about; an empty cohort stands for all."""

    flow: str
    legal_entity_id: str
    currency: str
    cohort: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what was received by the dated movements, and where it stands by the balances."""

    key: LineKey
    received: Amounts
    states: Mapping[State, Amounts] = field(default_factory=dict)

    def at(self, place: Place) -> Amounts:
        """Return what stands in a place."""
        return sum((amounts for state, amounts in self.states.items() if PLACE_OF[state] is place), NOTHING)

    @property
    def reversed(self) -> Amounts:
        """Return what was posted and taken back; it stays in `posted` as well."""
        return self.states.get(State.REVERSED, NOTHING)

    @property
    def difference(self) -> Amounts:
        """Return what was received and stands nowhere; nothing when the line balances."""
        return self.received + -sum(self.states.values(), NOTHING)


@dataclass(frozen=True, slots=True)
class Part:
    """What stands of one flow in one state for one reason."""

    flow: str
    state: State
    reason: str
    sums: tuple[CurrencySum, ...]


def lines(
    session: Session, scope: Scope, wanted: Mapping[str, str], *, by_cohort: bool, day: date | None
) -> list[Line]:
    """Return the ledger's lines within the scope, in the order of their keys.

    `wanted` filters by flow, legal entity, currency and cohort. With a day, both sides are told as they stood at its
    end (UTC).
    """
    names = (*_LINE, "cohort") if by_cohort else _LINE
    received = {_key(row, names): _amounts(row) for row in _grouped(session, _MOVEMENT, names, scope, wanted, day)}
    standing: dict[LineKey, dict[State, Amounts]] = defaultdict(dict)
    source = _BALANCE if day is None else _MOVEMENT
    for row in _grouped(session, source, (*names, "state"), scope, wanted, day):
        standing[_key(row, names)][State(row.state)] = _amounts(row)
    keys = sorted(received.keys() | standing.keys())
    return [Line(key, received.get(key, NOTHING), standing[key]) for key in keys]


def parts(session: Session, scope: Scope, wanted: Mapping[str, str], place: Place | None) -> list[Part]:
    """Return what the places consist of, by flow, state and reason."""
    found: dict[tuple[str, State, str], list[CurrencySum]] = defaultdict(list)
    for row in _grouped(session, _BALANCE, ("flow", "state", "reason", "currency"), scope, wanted, None):
        amounts = _amounts(row)
        if amounts.count and place in {None, PLACE_OF[State(row.state)]}:
            found[row.flow, State(row.state), row.reason].append(sum_of(row.currency, amounts))
    return [Part(*key, tuple(sums)) for key, sums in found.items()]


def oldest_open_at(session: Session, scope: Scope, wanted: Mapping[str, str]) -> datetime | None:
    """Return when the document that has been on its way longest was received."""
    waiting = open_documents()
    query = select(func.min(waiting.c.received_at)).where(
        within(scope, waiting.c.legal_entity_id), equal(waiting, wanted)
    )
    moment: datetime | None = session.connection().execute(query).scalar()
    return moment


def sum_of(currency: str, amounts: Amounts) -> CurrencySum:
    """Return ledger amounts as one sum; the rollup keeps no group amount where there was no rate."""
    has_group = amounts.group_minor or not (amounts.positive_minor or amounts.negative_minor)
    return CurrencySum(currency, amounts.count, amounts.net_minor, amounts.group_minor if has_group else None)


def _grouped(  # one query over either table
    session: Session,
    table: Table,
    names: tuple[str, ...],
    scope: Scope,
    wanted: Mapping[str, str],
    day: date | None,
) -> list[Any]:  # rows with the names and the amounts
    keys = [table.c[name] for name in names]
    query = (
        select(
            *keys,
            whole(func.sum(table.c.count)).label("documents"),
            *(whole(func.sum(table.c[name])).label(name) for name in _SUMMED),
        )
        .where(within(scope, table.c.legal_entity_id), equal(table, wanted))
        .group_by(*keys)
        .order_by(*keys)
    )
    return list(session.connection().execute(query if day is None else query.where(table.c.day <= day)))


_SUMMED: Final = ("positive_minor", "negative_minor", "group_minor")


def _key(row: Any, names: tuple[str, ...]) -> LineKey:  # a row with these names
    return LineKey(**{name: getattr(row, name) for name in names})


def _amounts(row: Any) -> Amounts:  # a row of `_grouped`
    return Amounts(row.documents, row.positive_minor, row.negative_minor, row.group_minor)
