"""Who does what next with a document, in one sentence."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from control_plane.api.schemas import NextAct
from control_plane.domain.exception_case import SETTLED
from control_plane.domain.transaction import State
from control_plane.store.tables import ExceptionCaseRow, TransactionRow

_US: Final = "tieout"
_NOBODY: Final = ""


def next_act(row: TransactionRow, case: ExceptionCaseRow | None) -> NextAct:
    """Return the next act: a person's where an exception is open, else what the state says."""
    if case is not None and case.state not in SETTLED and case.state != "retrying":
        return NextAct(sentence=case.remedy, owner=case.team, at=case.due_at)
    sentence, owner, at = _SAID[State(row.state)](row)
    return NextAct(sentence=sentence, owner=owner, at=at)


_Said = tuple[str, str, datetime | None]


def _ready(row: TransactionRow) -> _Said:
    if not row.is_head:
        return "It waits for an earlier version of the same document.", _US, None
    return f"It is sent to {row.target}.", _US, row.priority_at


def _in_doubt(row: TransactionRow) -> _Said:
    if row.inquire_at is None:
        return f"Look in {row.target} whether it arrived.", "finance_operations", row.due_at
    return f"{row.target} is asked whether it arrived.", _US, row.inquire_at


def _always(sentence: str, owner: str) -> Callable[[TransactionRow], _Said]:
    return lambda _row: (sentence, owner, None)


_SAID: Final[Mapping[State, Callable[[TransactionRow], _Said]]] = {
    State.RECEIVED: _always("It is checked.", _US),
    State.READY: _ready,
    State.IN_FLIGHT: lambda row: (f"{row.target} is answering.", _US, row.lease_until),
    State.AWAITING_ACK: _in_doubt,
    State.ON_HOLD: _always("It goes on by itself when what holds it has gone.", _US),
    State.IN_DOUBT: _in_doubt,
    State.FAILED: _always("Somebody has to look at it.", "finance_operations"),
    State.RETURNED_TO_SOURCE: lambda row: ("It is corrected and submitted again.", row.source_system, None),
    State.POSTED: _always("Nothing: it is booked.", _NOBODY),
    State.TIED_OUT: _always("Nothing: both sets of books agree on it.", _NOBODY),
    State.REVERSED: _always("Nothing: its posting was taken back.", _NOBODY),
    State.CANCELLED: _always("Nothing: it was withdrawn.", _NOBODY),
    State.DUPLICATE: _always("Nothing: it repeats another document.", _NOBODY),
    State.SUPERSEDED: _always("Nothing: a later version took its place.", _NOBODY),
}
