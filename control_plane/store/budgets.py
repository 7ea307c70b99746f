"""What documents use of budgets: it counts from the day a document is ready until it is withdrawn or reversed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Table, delete, func, select
from sqlmodel import Session

from connectors.canonical.money import Money
from control_plane.domain.transaction import PLACE_OF, Place, State
from control_plane.store import holds
from control_plane.store.database import advisory_lock
from control_plane.store.prepared import Prepared, among
from control_plane.store.statements import insert_many, table_of
from control_plane.store.tables import BudgetUseRow, TransactionRow

_USE: Final[Table] = table_of(BudgetUseRow)
_TRANSACTION: Final[Table] = table_of(TransactionRow)
GONE: Final = frozenset({State.REVERSED, *(state for state, at in PLACE_OF.items() if at is Place.WITHDRAWN)})
"""The states of documents that cost nothing any more."""

BudgetKey = tuple[str, str]
"""The budget, such as `project:P-05`, and its currency."""


@dataclass(frozen=True, slots=True)
class Using:
    """A document with what it uses of each budget, in the budget's currency."""

    transaction_id: int
    legal_entity_id: str
    uses: Mapping[str, Money]


def replace(session: Session, using: Sequence[Using], *, now: datetime) -> None:
    """Say anew what each document uses; nothing: it uses no budget any more."""
    if not using:
        return
    documents = [one.transaction_id for one in using]
    _FORGET.run(session, ids=documents)
    rows = [
        {
            "transaction_id": one.transaction_id,
            "budget": budget,
            "legal_entity_id": one.legal_entity_id,
            "currency": use.currency,
            "amount_minor": use.minor,
            "recorded_at": now,
        }
        for one in using
        for budget, use in one.uses.items()
    ]
    insert_many(session, BudgetUseRow, rows)


def spent(session: Session, budgets: Collection[str]) -> dict[BudgetKey, int]:
    """Return what the standing documents use of some budgets, in minor units.

    Until the end of this unit of work no other one that asks gets an answer: two cannot spend the same money.
    """
    if not budgets:
        return {}
    advisory_lock(session, [holds.BUDGETS])
    rows = _SPENT.rows(session, budgets=sorted(budgets))
    return {(budget, currency): int(minor) for budget, currency, minor in rows}


def free(session: Session, transaction_ids: Collection[int], *, now: datetime) -> None:
    """Wake what waits for the money of documents that go with this unit of work.

    To be called before their rows change: who has asked what is spent is about to hold, and must not be missed.
    """
    if transaction_ids:
        freed = _BUDGETS_OF.scalars(session, ids=transaction_ids)
        holds.wake(session, [holds.budget_key(budget) for budget in freed], now=now)


def used_by(session: Session, transaction_ids: Collection[int]) -> dict[int, dict[BudgetKey, int]]:
    """Return what documents were recorded to use, in minor units; one without any is missing."""
    found: dict[int, dict[BudgetKey, int]] = {}
    for number, budget, currency, minor in _USED.rows(session, ids=transaction_ids):
        found.setdefault(number, {})[budget, currency] = minor
    return found


_IS_THEIRS: Final = among(_USE.c.transaction_id, "ids")
_FORGET: Final = Prepared(delete(_USE).where(_IS_THEIRS))
_USED: Final = Prepared(
    select(_USE.c.transaction_id, _USE.c.budget, _USE.c.currency, _USE.c.amount_minor).where(_IS_THEIRS)
)
_BUDGETS_OF: Final = Prepared(select(_USE.c.budget).where(_IS_THEIRS).distinct())
_SPENT: Final = Prepared(
    select(_USE.c.budget, _USE.c.currency, func.sum(_USE.c.amount_minor))
    .join(_TRANSACTION, _TRANSACTION.c.id == _USE.c.transaction_id)
    .where(among(_USE.c.budget, "budgets"), _TRANSACTION.c.state.not_in(sorted(state.value for state in GONE)))
    .group_by(_USE.c.budget, _USE.c.currency)
)
