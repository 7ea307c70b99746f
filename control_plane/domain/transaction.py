"""A transaction's states: one document version's life in one flow."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from control_plane.domain.machine import Arrows, By, check_arrow, hands


class State(StrEnum):
    """What happens next to a document."""

    RECEIVED = "received"
    """Stored; its checks come next."""
    READY = "ready"
    """Checked; it is sent when it is the head of its order key and its time has come."""
    IN_FLIGHT = "in_flight"
    """A worker holds the lease and may have sent it."""
    AWAITING_ACK = "awaiting_ack"
    """An asynchronous target took it; its posting comes later."""
    ON_HOLD = "on_hold"
    """Parked until its reason has gone."""
    IN_DOUBT = "in_doubt"
    """It may have been booked: the target is asked before anything else."""
    FAILED = "failed"
    """Only a person brings it on."""
    RETURNED_TO_SOURCE = "returned_to_source"
    """Given back; the source corrects and resubmits it."""
    POSTED = "posted"
    """The target named its own number."""
    TIED_OUT = "tied_out"
    """The two sets of books agree on it."""
    REVERSED = "reversed"
    """The target named the reversal's number."""
    CANCELLED = "cancelled"
    """Withdrawn by the source, or by two persons."""
    DUPLICATE = "duplicate"
    """The same business content under another source id or channel."""
    SUPERSEDED = "superseded"
    """A later version took its place."""


class Reason(StrEnum):
    """Why a document is where it is. A new reason is free; a new state needs an ADR."""

    NONE = ""
    NEW = "new"
    RETRY = "retry"
    RELEASED = "released"
    REPLAY = "replay"
    PROVED_ABSENT = "proved_absent"
    MASTER_DATA = "master_data"
    PERIOD = "period"
    CUTOFF = "cutoff"
    DUPLICATE_SUSPECT = "duplicate_suspect"
    CONNECTION_PAUSED = "connection_paused"
    APPROVAL = "approval"
    BUDGET = "budget"
    ROUTING = "routing"
    CHANGED_AFTER_POST = "changed_after_post"
    MANUAL = "manual"
    CONTRACT = "contract"
    REJECTED = "rejected"
    HORIZON_PAST = "horizon_past"
    POISON = "poison"
    DEFECT = "defect"
    NO_ANSWER = "no_answer"
    LEASE_LOST = "lease_lost"
    RECALLED = "recalled"
    TEST_DOCUMENT = "test_document"
    EXACT_DUPLICATE = "exact_duplicate"
    NEW_VERSION = "new_version"
    CORRECTED = "corrected"
    NO_POSTING = "no_posting"


class Place(StrEnum):
    """Where an amount is: the columns of the money ledger."""

    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    AT_SOURCE = "at_source"
    POSTED = "posted"
    WITHDRAWN = "withdrawn"


_S = State

PLACE_OF: Final[Mapping[State, Place]] = {
    _S.RECEIVED: Place.IN_PROGRESS,
    _S.READY: Place.IN_PROGRESS,
    _S.IN_FLIGHT: Place.IN_PROGRESS,
    _S.AWAITING_ACK: Place.IN_PROGRESS,
    _S.ON_HOLD: Place.BLOCKED,
    _S.IN_DOUBT: Place.BLOCKED,
    _S.FAILED: Place.BLOCKED,
    _S.RETURNED_TO_SOURCE: Place.AT_SOURCE,
    _S.POSTED: Place.POSTED,
    _S.TIED_OUT: Place.POSTED,
    _S.REVERSED: Place.POSTED,
    _S.CANCELLED: Place.WITHDRAWN,
    _S.DUPLICATE: Place.WITHDRAWN,
    _S.SUPERSEDED: Place.WITHDRAWN,
}

OPEN: Final = frozenset({_S.RECEIVED, _S.READY, _S.IN_FLIGHT, _S.AWAITING_ACK, _S.ON_HOLD, _S.IN_DOUBT, _S.FAILED})
"""States that hold back the next document of the same order key."""

MAY_BE_BOOKED: Final = frozenset({_S.IN_FLIGHT, _S.AWAITING_ACK, _S.IN_DOUBT})
"""States in which a recall or a new version must wait for the answer."""

WITHDRAWABLE: Final = frozenset({_S.RECEIVED, _S.READY, _S.ON_HOLD, _S.FAILED, _S.RETURNED_TO_SOURCE})
"""States in which the source may take a document back at once."""

_WITHDRAW: Final = {_S.SUPERSEDED: hands(By.SYSTEM, By.SOURCE), _S.CANCELLED: hands(By.SOURCE, By.FOUR_EYES)}

_CORRECTABLE: Final = hands(By.SYSTEM, By.SOURCE, By.OWNER, By.FOUR_EYES)  # by its owner: words and coding

TRANSITIONS: Final[Arrows[State]] = {
    _S.RECEIVED: {
        _S.READY: hands(By.SYSTEM),
        _S.ON_HOLD: hands(By.SYSTEM),
        _S.FAILED: hands(By.SYSTEM),
        _S.DUPLICATE: hands(By.SYSTEM),
        **_WITHDRAW,
        _S.CANCELLED: hands(By.SYSTEM, By.SOURCE, By.FOUR_EYES),  # by the system: a test document
    },
    _S.READY: {
        _S.IN_FLIGHT: hands(By.LEASE),
        _S.ON_HOLD: hands(By.SYSTEM),
        _S.FAILED: hands(By.SYSTEM),
        **_WITHDRAW,
    },
    _S.IN_FLIGHT: {
        _S.POSTED: hands(By.LEASE),
        _S.AWAITING_ACK: hands(By.LEASE),
        _S.READY: hands(By.LEASE),
        _S.ON_HOLD: hands(By.LEASE),
        _S.FAILED: hands(By.LEASE),
        _S.IN_DOUBT: hands(By.LEASE, By.REAPER),
    },
    _S.AWAITING_ACK: {
        _S.POSTED: hands(By.SYSTEM),
        _S.FAILED: hands(By.SYSTEM),
        _S.IN_DOUBT: hands(By.SYSTEM),
    },
    _S.ON_HOLD: {
        _S.READY: hands(By.SYSTEM, By.APPROVER),
        _S.ON_HOLD: hands(By.SYSTEM),  # its first reason has gone, the next one holds it
        _S.FAILED: hands(By.SYSTEM),
        _S.DUPLICATE: hands(By.APPROVER),
        _S.RETURNED_TO_SOURCE: hands(By.OWNER),
        **_WITHDRAW,
        _S.SUPERSEDED: _CORRECTABLE,
    },
    _S.IN_DOUBT: {  # never IN_FLIGHT: ask before sending
        _S.POSTED: hands(By.SYSTEM, By.FOUR_EYES),
        _S.READY: hands(By.SYSTEM),
        _S.FAILED: hands(By.FOUR_EYES),
    },
    _S.FAILED: {
        _S.READY: hands(By.OWNER),
        _S.RECEIVED: hands(By.OWNER),  # it had failed its checks: they come again
        _S.POSTED: hands(By.FOUR_EYES),
        _S.RETURNED_TO_SOURCE: hands(By.OWNER),
        **_WITHDRAW,
        _S.SUPERSEDED: _CORRECTABLE,
    },
    _S.RETURNED_TO_SOURCE: {**_WITHDRAW},
    _S.POSTED: {_S.TIED_OUT: hands(By.SYSTEM), _S.REVERSED: hands(By.SYSTEM, By.FOUR_EYES)},
    _S.TIED_OUT: {_S.POSTED: hands(By.SYSTEM), _S.REVERSED: hands(By.SYSTEM, By.FOUR_EYES)},
    _S.REVERSED: {},
    _S.CANCELLED: {},
    _S.DUPLICATE: {},
    _S.SUPERSEDED: {},
}


class Seen(NamedTuple):
    """A transaction as its caller read it: the state is changed only if it still stands so."""

    id: int
    state: State
    reason: Reason
    fence: int
    """Counts the recorded transitions, leases among them: two readers with one fence saw the same."""
    flow: str
    legal_entity_id: str
    currency: str
    cohort: str
    posting_period: str
    amount_minor: int
    group_minor: int | None


class Transition(NamedTuple):
    """One decided change of state, ready for the door (`store.transitions.record`)."""

    seen: Seen
    to: State
    reason: Reason
    by: By
    at: datetime


def transition(seen: Seen, to: State, *, reason: Reason, by: By, now: datetime) -> Transition:
    """Return the change to record.

    Raises:
        ForbiddenTransitionError: the table has no such arrow for this hand.
    """
    check_arrow(TRANSITIONS, seen.state, to, by)
    return Transition(seen=seen, to=to, reason=reason, by=by, at=now)
