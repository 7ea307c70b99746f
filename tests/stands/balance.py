"""An independent recomputation of the money ledger from the transactions themselves."""

from typing import Final

from sqlalchemy import text
from sqlmodel import Session

_KEY: Final = "flow, legal_entity_id, currency, cohort, posting_period, state, reason"
_WEIGHT: Final = """
    count(*), sum(CASE WHEN amount_minor > 0 THEN amount_minor ELSE 0 END),
    sum(CASE WHEN amount_minor < 0 THEN amount_minor ELSE 0 END), sum(coalesce(group_minor, 0))
"""
_SUMS: Final = "sum(count), sum(positive_minor), sum(negative_minor), sum(group_minor)"
_IS_SOMETHING: Final = """
    sum(count) <> 0 OR sum(positive_minor) <> 0 OR sum(negative_minor) <> 0 OR sum(group_minor) <> 0
"""

RECOMPUTED: Final = f'SELECT {_KEY}, {_WEIGHT} FROM "transaction" GROUP BY {_KEY}'
BALANCE: Final = f"SELECT {_KEY}, {_SUMS} FROM ledger_balance GROUP BY {_KEY} HAVING {_IS_SOMETHING}"
MOVEMENTS: Final = f"SELECT {_KEY}, {_SUMS} FROM ledger_movement GROUP BY {_KEY} HAVING {_IS_SOMETHING}"

Lines = set[tuple[object, ...]]


def lines(session: Session, query: str) -> Lines:
    """Return the ledger's lines as one of the queries tells them."""
    return {tuple(row) for row in session.connection().execute(text(query))}


def is_balanced(session: Session) -> bool:
    """Return whether balance, movements and transactions say the same."""
    return lines(session, RECOMPUTED) == lines(session, BALANCE) == lines(session, MOVEMENTS)
