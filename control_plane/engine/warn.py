"""Warn: what is wrong now is told as alerts, grouped, each with what it is worth and who owns it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode

from sqlmodel import Session

from connectors.canonical.money import Money
from connectors.failures import Failure, Owner, sentence_of
from control_plane.domain.access import Scope
from control_plane.domain.pacing import Breaker, Pacing, is_alerting
from control_plane.domain.sla import SlaStatus
from control_plane.domain.transaction import State
from control_plane.flows import CONFIRMATIONS
from control_plane.store import connections, inbox, pacing, timelines
from control_plane.store.queries import figures
from control_plane.store.queries.sums import CurrencySum, earliest, together
from control_plane.store.tables import UNRESOLVED, ConnectionRow

TOLD_FOR: Final = timedelta(days=1)
"""How long everybody hears that the database went on from a copy."""


class Severity(StrEnum):
    """How soon somebody must look."""

    CRITICAL = "critical"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that somebody should know now, for all documents that it concerns together."""

    name: str
    severity: Severity
    sentence: str
    owner: str
    view: str
    """The screen that shows it."""
    flow: str = ""
    legal_entity_id: str = ""
    connection: str = ""
    sums: tuple[CurrencySum, ...] = ()
    since: datetime | None = None

    @property
    def key(self) -> str:
        """Return what makes two alerts the same one."""
        return f"{self.name}/{self.flow}/{self.legal_entity_id}/{self.connection}"

    def link(self, screen_url: str) -> str:
        """Return where the screen shows what it is about."""
        names = ("flow", "legal_entity_id", "connection")
        query = urlencode({name: getattr(self, name) for name in names if getattr(self, name)})
        return f"{screen_url}/{self.view}?{query}" if query else f"{screen_url}/{self.view}"


@dataclass(frozen=True, slots=True)
class Look:
    """One look at everything that may be wrong."""

    session: Session
    scope: Scope
    now: datetime
    silent_after: timedelta


def alerts(look: Look) -> list[Alert]:
    """Return what is wrong now, the most severe and largest first."""
    return sorted((alert for condition in _CONDITIONS for alert in condition(look)), key=_rank)


def worth(sums: Iterable[CurrencySum]) -> str:
    """Return sums as a person reads them, such as `12 documents, 48,300.00 EUR`."""
    found = together(sums)
    count = sum(one.count for one in found)
    amounts = [str(Money(one.minor, one.currency)) for one in found]
    return ", ".join([f"{count} document{'' if count == 1 else 's'}", *amounts])


def _breached(look: Look) -> Iterator[Alert]:
    for one in figures.slas(look.session, look.scope, {}):
        late = one.open.get(SlaStatus.BREACHED, ())
        if late:
            yield Alert(
                name="sla_breached",
                severity=Severity.CRITICAL,
                sentence=f"{worth(late)}, past the due time in {one.legal_entity_id}.",
                owner=Owner.FINANCE_OPERATIONS,
                view="sla",
                flow=one.flow,
                legal_entity_id=one.legal_entity_id,
                sums=late,
                since=one.next_due_at,
            )


_STUCK: Final[Mapping[State, tuple[str, Severity, str]]] = {
    State.IN_DOUBT: ("in_doubt", Severity.CRITICAL, "may have been booked and wait for the answer"),
    State.FAILED: ("failed", Severity.WARNING, "failed and wait for a person"),
    State.ON_HOLD: ("on_hold", Severity.WARNING, "are held"),
}


def _stuck(look: Look) -> Iterator[Alert]:
    found: dict[tuple[State, str, str], list[figures.Part]] = defaultdict(list)
    for part in figures.open_by(look.session, look.scope, "state"):
        if State(part.name) in _STUCK:
            found[State(part.name), part.flow, part.legal_entity_id].append(part)
    for (state, flow, entity), parts in found.items():
        name, severity, words = _STUCK[state]
        sums = tuple(part.total for part in parts)
        yield Alert(
            name=name,
            severity=severity,
            sentence=f"{worth(sums)}: they {words} in {entity}.",
            owner=Owner.FINANCE_OPERATIONS,
            view="exceptions",
            flow=flow,
            legal_entity_id=entity,
            sums=sums,
            since=earliest(part.oldest_at for part in parts),
        )


def _connections(look: Look) -> Iterator[Alert]:
    behind = figures.behind(look.session, look.scope, confirmations=CONFIRMATIONS)
    known = pacing.every(look.session)
    for row in connections.every(look.session):
        found = _trouble(row, known.get(row.name), look.now)
        if found.sentence:
            yield Alert(
                name=found.name,
                severity=found.severity,
                sentence=found.sentence,
                owner=Owner.INTEGRATION_PLATFORM,
                view="connections",
                legal_entity_id="" if row.legal_entity_id == UNRESOLVED else row.legal_entity_id,
                connection=row.name,
                sums=behind[row.name].documents if row.name in behind else (),
                since=found.since,
            )


@dataclass(frozen=True, slots=True)
class _Trouble:
    name: str
    severity: Severity
    sentence: str
    since: datetime | None


def _trouble(row: ConnectionRow, state: Pacing | None, now: datetime) -> _Trouble:
    """Return the one thing that is said of a connection: its pause, that it is away, or its last failure."""
    if row.paused_at is not None:
        return _Trouble("connection_paused", Severity.CRITICAL, trouble_of(row), row.paused_at)
    if state is not None and is_alerting(state, now):
        severity = Severity.CRITICAL if state.at(now).breaker is Breaker.OPEN else Severity.WARNING
        return _Trouble("connection_away", severity, away_of(state, now), state.opened_at)
    return _Trouble("connection_failing", Severity.WARNING, trouble_of(row), row.last_failure_at)


def away_of(state: Pacing, now: datetime) -> str:
    """Return that a system does not answer, in a sentence; empty where it does, or has done for a while."""
    if not is_alerting(state, now):
        return ""
    since = f"{state.opened_at:%Y-%m-%d %H:%M} UTC" if state.opened_at else "a while"
    if state.at(now).breaker is Breaker.OPEN:
        return f"{state.connection} does not answer since {since}: one call in half a minute tries it, the others wait."
    return f"{state.connection} did not answer at {since}; it answers again and is watched for ten minutes."


def trouble_of(row: ConnectionRow) -> str:
    """Return what is wrong with a connection, in a sentence; empty when all is well."""
    if row.paused_at is not None and row.paused_failure:
        return sentence_of(Failure(row.paused_failure), {"target": row.name, "source": row.name})
    if row.paused_at is not None:
        return f"{row.name} was paused by a person: {row.paused_reason}"
    is_failing = row.last_failure_at is not None and (
        row.last_success_at is None or row.last_success_at < row.last_failure_at
    )
    return f"{row.name} fails: {row.last_failure}" if is_failing else ""


def _stale(look: Look) -> Iterator[Alert]:
    for stream in figures.streams(look.session):
        if stream.is_stale(look.now):
            yield Alert(
                name="stream_stale",
                severity=Severity.WARNING,
                sentence=f"{stream.stream} of {stream.connection} was not read when it should have been.",
                owner=Owner.INTEGRATION_PLATFORM,
                view="connections",
                connection=f"{stream.connection}.{stream.stream}",
                since=stream.read_at,
            )


def _unread(look: Look) -> Iterator[Alert]:
    since = inbox.unread_since(look.session)
    if since is not None and since < look.now - look.silent_after:
        yield Alert(
            name="events_wait",
            severity=Severity.CRITICAL,
            sentence=f"Events that were sent to us wait since {since:%Y-%m-%d %H:%M} UTC: nobody has acted on them. "
            "Where a worker is alive, its log names the event that it stumbles over.",
            owner=Owner.INTEGRATION_PLATFORM,
            view="connections",
            since=since,
        )


def _idle(look: Look) -> Iterator[Alert]:
    living = figures.processes(look.session, silent_since=look.now - look.silent_after)
    if not any(process.kind in {"embedded", "worker"} for process in living):
        yield Alert(
            name="no_worker",
            severity=Severity.CRITICAL,
            sentence="Nothing moves: no worker has given a sign of life.",
            owner=Owner.INTEGRATION_PLATFORM,
            view="connections",
        )


def _taken_over(look: Look) -> Iterator[Alert]:
    at = timelines.taken_over_at(look.session)
    if at is not None and look.now - at < TOLD_FOR:
        yield Alert(
            name="database_taken_over",
            severity=Severity.CRITICAL,
            sentence=f"The database went on from a copy at {at:%Y-%m-%d %H:%M} UTC and may lack its last commits: "
            "documents of before are asked for in their target before they are sent. Compare what the sources "
            "have told since shortly before with what arrived.",
            owner=Owner.INTEGRATION_PLATFORM,
            view="connections",
            since=at,
        )


_CONDITIONS: Final[tuple[Callable[[Look], Iterator[Alert]], ...]] = (
    _idle,
    _unread,
    _taken_over,
    _breached,
    _stuck,
    _connections,
    _stale,
)


def _rank(alert: Alert) -> tuple[bool, int, str]:
    return alert.severity is not Severity.CRITICAL, -sum(abs(one.group_minor or 0) for one in alert.sums), alert.key
