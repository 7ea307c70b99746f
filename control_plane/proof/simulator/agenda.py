"""The agenda: which kinds of work are due, now or later, as the database says; so that few looks are in vain."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from control_plane.engine.confirm import CONSUMER
from control_plane.flows.confirmations import PAYMENT_CONFIRMATION, POSTING_CONFIRMATION
from control_plane.flows.expense_report import EXPENSE_REPORT
from control_plane.proof.simulator.stage import Stage

Due = tuple[str, str]
"""Which pass has work, and from which moment on, as the database writes it."""

_ALWAYS: Final = ""
_CONFIRMATIONS: Final = frozenset({PAYMENT_CONFIRMATION.name, POSTING_CONFIRMATION.name})
_OPEN: Final = """
    SELECT state, flow, target, is_head, priority_at, inquire_at, lease_until, lease_owner, recalled_at,
        reversal_wanted_at
    FROM "transaction" WHERE is_open OR reversal_wanted_at IS NOT NULL
"""
_RUNS: Final = "SELECT connection, stream, state, lease_until FROM sync_run WHERE state IN ('waiting', 'running')"
_CURSORS: Final = "SELECT stream, value FROM cursor"
_UNREAD: Final = "SELECT 1 FROM inbox WHERE is_unread LIMIT 1"
_WOKEN: Final = "SELECT min(woken_at) FROM hold WHERE woken_at IS NOT NULL"
_PAUSED: Final = "SELECT name FROM connection WHERE paused_at IS NOT NULL"
_UNTOLD: Final = """
    SELECT 1 FROM lineage WHERE kind = 'transition' AND flow = ? AND to_state IN ('posted', 'returned_to_source')
        AND id > coalesce((SELECT lineage_id FROM consumer WHERE name = ?), 0) LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """How far the streams were read, and which of them are about to be."""

    cursors: Mapping[str, int]
    planned: frozenset[str]


@dataclass(frozen=True, slots=True)
class Agenda:
    """What is due, as of one commit."""

    dues: tuple[Due, ...] = ()
    reading: Reading = field(default_factory=lambda: Reading({}, frozenset()))

    def due(self, now: datetime) -> list[str]:
        """Return the passes that have work now."""
        moment = written(now)
        return sorted({name for name, at in self.dues if at <= moment})

    def next_at(self, now: datetime) -> datetime | None:
        """Return the next moment at which a pass has work."""
        moment = written(now)
        later = min((at for _, at in self.dues if at > moment), default=None)
        return None if later is None else datetime.fromisoformat(later).replace(tzinfo=UTC)


def agenda(stage: Stage, gone: Collection[int], *, is_told: bool) -> Agenda:
    """Return what is due; what processes that are given up hold is due at once."""
    paused = frozenset(name for (name,) in stage.rows(_PAUSED))
    planned = stage.rows(_RUNS)
    dues = [due for row in stage.rows(_OPEN) for due in _of_transaction(row, paused, gone)]
    for connection, _, state, until in planned:
        if connection not in paused:
            dues.append(("pull_next", _ALWAYS if state == "waiting" else until))
    dues += [("release", at) for (at,) in stage.rows(_WOKEN) if at]
    if stage.rows(_UNREAD):
        dues.append(("act_on_kept", _ALWAYS))
    if is_told and stage.rows(_UNTOLD, EXPENSE_REPORT.name, CONSUMER):
        dues.append(("note_outcomes", _ALWAYS))
    cursors = {stream: int(value) for stream, value in stage.rows(_CURSORS)}
    return Agenda(tuple(dues), Reading(cursors, frozenset(stream for _, stream, _, _ in planned)))


def written(moment: datetime) -> str:
    """Return a moment as SQLite keeps it."""
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def _of_transaction(
    row: Sequence[Any], paused: Collection[str], gone: Collection[int]
) -> Iterator[Due]:  # a row of _OPEN
    state, flow, target, is_head, priority_at, inquire_at, lease_until, owner, recalled_at, reversal_at = row
    match state:
        case "received":
            yield "check", _ALWAYS
        case "ready" if is_head and not recalled_at and not reversal_at and target not in paused:
            yield ("confirm" if flow in _CONFIRMATIONS else "deliver"), priority_at
        case "in_flight":
            yield "reap", _ALWAYS if owner in gone else lease_until
        case "in_doubt" | "awaiting_ack" if inquire_at:
            yield "inquire", inquire_at
    if reversal_at and state not in {"in_flight", "in_doubt", "awaiting_ack"}:
        yield "reverse", reversal_at
