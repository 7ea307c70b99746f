"""Bulk operations: one act over a frozen set, tried on few, then on many, stopped by what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from control_plane.domain.access import Act
from control_plane.domain.bulk_plan import Limits
from control_plane.domain.exception_case import CaseState
from control_plane.domain.machine import Arrows, By, check_arrow, hands
from control_plane.domain.transaction import PLACE_OF, Place, State

CANARY: Final = 1
"""Documents that are tried first, at the beginning and whenever an operation goes on."""
GROWS_BY: Final = 10


class BulkAct(StrEnum):
    """What is done to every exception of the set."""

    CLAIM = "claim"
    RETRY = "retry"
    """Claim it where nobody has, and let its document go on unchanged."""
    REPLAY = "replay"
    """Read and check the document anew from its envelope."""
    RELEASE = "release"
    CORRECT = "correct"
    """Make the same correction to all of them."""
    RETURN_TO_SOURCE = "return_to_source"


DOOR: Final[Mapping[BulkAct, Act]] = {
    BulkAct.CLAIM: Act.CLAIM,
    BulkAct.RETRY: Act.RETRY,
    BulkAct.REPLAY: Act.RETRY,
    BulkAct.RELEASE: Act.LIFT_HOLD,
    BulkAct.CORRECT: Act.PROPOSE,
    BulkAct.RETURN_TO_SOURCE: Act.RETURN,
}
"""What a person must be allowed to do."""
CALLS: Final = frozenset({BulkAct.RETRY, BulkAct.REPLAY, BulkAct.RELEASE, BulkAct.CORRECT})
"""Acts after which the target is called."""


class BulkState(StrEnum):
    """What happens next to a bulk operation."""

    PENDING_APPROVAL = "pending_approval"
    """A second person decides."""
    PLANNED = "planned"
    """Its maker may start it, as long as the set is still the same."""
    RUNNING = "running"
    """Its items are done, step by step."""
    PAUSED = "paused"
    """A person stopped it; what is on its way comes to its end."""
    STOPPED = "stopped"
    """It stopped itself, and says why."""
    FINISHED = "finished"
    """Every item has its outcome."""
    CANCELLED = "cancelled"
    """What was not begun is skipped."""
    REFUSED = "refused"
    """The second person said no."""


_B = BulkState
_ENDED: Final = {_B.CANCELLED: hands(By.MAKER, By.TEAM)}
BULK_TRANSITIONS: Final[Arrows[BulkState]] = {
    _B.PENDING_APPROVAL: {_B.PLANNED: hands(By.APPROVER), _B.REFUSED: hands(By.APPROVER), **_ENDED},
    _B.PLANNED: {_B.RUNNING: hands(By.MAKER), **_ENDED},
    _B.RUNNING: {
        _B.PAUSED: hands(By.MAKER, By.TEAM),
        _B.STOPPED: hands(By.SYSTEM),
        _B.FINISHED: hands(By.SYSTEM),
        **_ENDED,
    },
    _B.PAUSED: {_B.RUNNING: hands(By.MAKER), **_ENDED},
    _B.STOPPED: {_B.RUNNING: hands(By.MAKER), **_ENDED},
    _B.FINISHED: {},
    _B.CANCELLED: {},
    _B.REFUSED: {},
}


class ItemState(StrEnum):
    """What became of one exception of the set."""

    WAITING = "waiting"
    """Not begun."""
    RUNNING = "running"
    """The act is done; its document has no new outcome yet."""
    SUCCEEDED = "succeeded"
    """Proved by a posting, or by the act's own evidence."""
    FAILED = "failed"
    """Its document was refused again."""
    SKIPPED = "skipped"
    """It changed meanwhile, belongs to somebody else, or was not begun before the end."""


_I = ItemState
ITEM_TRANSITIONS: Final[Arrows[ItemState]] = {
    _I.WAITING: {_I.RUNNING: hands(By.SYSTEM), _I.SKIPPED: hands(By.SYSTEM)},
    _I.RUNNING: {_I.SUCCEEDED: hands(By.SYSTEM), _I.FAILED: hands(By.SYSTEM), _I.SKIPPED: hands(By.SYSTEM)},
    _I.FAILED: {_I.WAITING: hands(By.MAKER)},
    _I.SUCCEEDED: {},
    _I.SKIPPED: {},
}
"""What failed is taken up again only when its maker lets the operation go on."""


UNDECIDED: Final = frozenset({CaseState.RETRYING, CaseState.PENDING_APPROVAL})
"""States of an exception in which its document, or a second person, still has the word."""


class StopReason(StrEnum):
    """Why an operation stopped itself."""

    CANARY_FAILED = "canary_failed"
    SAME_FAILURE = "same_failure"
    TOO_MANY_FAILED = "too_many_failed"
    MAKER_GONE = "maker_gone"


@dataclass(frozen=True, slots=True)
class Tally:
    """How many items of an operation, or of one step of it, stand where."""

    by_state: Mapping[ItemState, int] = field(default_factory=dict)
    same_failure_count: int = 0
    """Failed with the code that they had before."""

    def __getitem__(self, state: ItemState) -> int:
        """Return how many stand there."""
        return self.by_state.get(state, 0)

    @property
    def total(self) -> int:
        """Return how many there are."""
        return sum(self.by_state.values())

    @property
    def open_count(self) -> int:
        """Return how many have no outcome yet."""
        return self[ItemState.WAITING] + self[ItemState.RUNNING]


@dataclass(frozen=True, slots=True)
class Stand:
    """Where an item's exception and document stand now."""

    case_state: CaseState
    state: State | None
    """Of the document; None where there is none."""
    sentence: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an item, in words."""

    state: ItemState
    sentence: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Why an operation stops itself."""

    reason: StopReason
    sentence: str


def moved(state: BulkState, to: BulkState, by: By) -> BulkState:
    """Return the operation's next state.

    Raises:
        ForbiddenTransitionError: the table has no such arrow for this hand.
    """
    check_arrow(BULK_TRANSITIONS, state, to, by)
    return to


def outcome_of(act: BulkAct, now: Stand) -> Outcome | None:
    """Return what became of an item whose act was done; None as long as its document is on its way."""
    place = PLACE_OF[now.state] if now.state is not None else None
    if place is Place.POSTED:
        return Outcome(ItemState.SUCCEEDED, now.evidence)
    if place is Place.AT_SOURCE and act is BulkAct.RETURN_TO_SOURCE:
        return Outcome(ItemState.SUCCEEDED, now.evidence)
    if place in {Place.AT_SOURCE, Place.WITHDRAWN}:
        return Outcome(ItemState.SKIPPED, now.evidence or "It was withdrawn meanwhile.")
    if now.case_state in UNDECIDED or place is not Place.BLOCKED:
        return None
    return Outcome(ItemState.FAILED, now.sentence)


def next_size(size: int, done: Tally) -> int:
    """Return how many items the next step has; a step in which nothing succeeded has proved nothing."""
    if size < CANARY:
        return CANARY
    return size * GROWS_BY if done[ItemState.SUCCEEDED] else size


def stop(step: Tally, limits: Limits, *, size: int) -> Stop | None:
    """Return why the operation must stop now, in the middle of a step as at its end; None: it may go on."""
    failed = step[ItemState.FAILED]
    if not failed:
        return None
    told = f"{failed} of the {step.total} documents of this step failed"
    if size <= CANARY:
        return Stop(StopReason.CANARY_FAILED, "The first document failed again. Remove the cause, then go on.")
    if step.same_failure_count and limits.stops_on_same_failure:
        return Stop(StopReason.SAME_FAILURE, f"{told}, as before. Remove the cause, then go on.")
    if failed * 100 > limits.failed_percent * step.total:
        return Stop(StopReason.TOO_MANY_FAILED, f"{told}; {limits.failed_percent} % are allowed.")
    return None
