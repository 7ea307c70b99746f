"""Whether everything flows."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints

from control_plane.api.schemas.common import Answer, Command, Figures, Totals
from control_plane.domain.pacing import Breaker


class RunView(Answer):
    """One execution of pulling a stream."""

    id: str
    connection: str
    stream: str
    legal_entity_id: str
    state: str
    trigger: str
    scheduled_for: datetime
    started_at: datetime | None
    ended_at: datetime | None
    received_count: int
    repeated_count: int
    failure: str


class StreamView(Answer):
    """How far a stream was read and when it is read next."""

    stream: str
    cursor: str
    read_at: datetime | None
    interval_seconds: int | None
    """None: it is not scheduled."""
    is_active: bool
    next_run_at: datetime | None
    is_stale: bool
    last_run: RunView | None


class Health(StrEnum):
    """How a connection does."""

    HEALTHY = "healthy"
    FAILING = "failing"
    PAUSED = "paused"
    UNUSED = "unused"
    """No call yet."""


class ConnectionSummary(Answer):
    """One configured use of a system."""

    name: str
    provider: str
    legal_entity_id: str
    health: Health
    paused_at: datetime | None
    paused_reason: str
    sentence: str
    """What is wrong, for a person; empty when all is well."""
    last_success_at: datetime | None
    last_failure_at: datetime | None
    last_failure: str
    behind: Totals
    """Open documents that come from it or go to it, without confirmations, which repeat amounts."""
    confirmation_count: int
    """Confirmations that wait for it."""
    streams: list[StreamView]
    revision: int


class PacingView(Answer):
    """How fast a connection is called, by all workers together."""

    breaker: Breaker
    """`open`: it does not answer, one call in half a minute tries it."""
    opened_at: datetime | None
    """When it last stopped answering."""
    shut_until: datetime | None
    """Nobody calls before this moment: it is away, or asked for a pause."""
    limit: float | None
    """Calls per second that the system takes; None: no limit is known."""
    allowed_rate: float | None
    """Calls per second that may leave now; None: as many as are ready."""
    headroom: float | None
    """The share of the next half second for which no permits are drawn yet; None without a limit."""


class ConnectionDetail(ConnectionSummary):
    """A connection with its last runs and what the asker may do."""

    pacing: PacingView
    runs: list[RunView]
    acts: list[str]


class Connections(Figures):
    """All connections, unhealthy ones first."""

    items: list[ConnectionSummary]
    behind_unhealthy: Totals
    """Each document once, without confirmations."""
    oldest_read_at: datetime | None


class Pull(Command):
    """Pull a stream now."""

    stream: Annotated[str, StringConstraints(min_length=1, max_length=100)]
