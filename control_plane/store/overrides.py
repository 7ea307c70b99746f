"""Holds that an approver has lifted: written beside the state, for the next check of the document to see."""

from datetime import datetime
from typing import Final

from sqlalchemy import func, literal, update
from sqlmodel import Session

from control_plane.domain.identity import public_id
from control_plane.domain.transaction import Reason
from control_plane.store import holds
from control_plane.store.transitions import TRANSACTION

_DOMAIN: Final = "override"


def lift(session: Session, transaction_id: int, reason: Reason, *, now: datetime) -> None:
    """Note that the hold no longer counts for this document, and let it be checked again at once."""
    known = TRANSACTION.c.overrides
    session.connection().execute(
        update(TRANSACTION)
        .where(TRANSACTION.c.id == transaction_id)
        .values(
            overrides=func.trim(known + literal(f" {reason.value}")),
            revision=TRANSACTION.c.revision + 1,
            updated_at=now,
        )
    )
    key = (_DOMAIN, "", public_id("txn", transaction_id))
    holds.replace(session, {transaction_id: [key]})
    holds.wake(session, [key], now=now)
