"""Metrics told from the rollups and the open documents, at the moment of the scrape; no document, no person."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlmodel import Session

from connectors.canonical.money import exponent_of
from control_plane.domain.access import EVERYWHERE
from control_plane.domain.ledger import NOTHING, Amounts
from control_plane.domain.pacing import Breaker, rate
from control_plane.domain.transaction import PLACE_OF, Place, State
from control_plane.store import connections, inbox, lineage, pacing
from control_plane.store.queries import figures, money

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Scrape(Collector):
    """All metrics of one moment."""

    session: Session
    now: datetime
    silent_after: timedelta
    version: str

    def text(self) -> bytes:
        """Return the metrics in Prometheus' text format."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def describe(self) -> Iterable[Metric]:
        """Return nothing: what there is, is known when it is collected."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        lines = money.lines(self.session, EVERYWHERE, {}, by_cohort=False, day=None)
        yield from _ledger(lines)
        yield from self._open()
        yield from self._connections()
        yield from self._processes()
        build = GaugeMetricFamily("tieout_build_info", "The version that runs.", labels=["version"])
        build.add_metric([self.version], 1)
        yield build

    def _open(self) -> Iterator[Metric]:
        cases = _gauge("tieout_open_exceptions", "Exceptions that wait for somebody.", "flow", "legal_entity", "class")
        for labels, count in figures.open_cases_by_kind(self.session).items():
            cases.add_metric(labels, count)
        sla = _gauge("tieout_sla_status", "Open documents by SLA status.", "flow", "legal_entity", "status")
        for labels, count in _counted(figures.open_by(self.session, EVERYWHERE, "sla_status")).items():
            sla.add_metric(labels, count)
        oldest = _gauge(
            "tieout_oldest_pending_timestamp_seconds", "When the oldest open document was received.", "flow"
        )
        for flow, at in _oldest(figures.open_by(self.session, EVERYWHERE, "state")).items():
            oldest.add_metric([flow], at.timestamp())
        yield from (cases, sla, oldest)

    def _connections(self) -> Iterator[Metric]:
        success = _gauge("tieout_last_success_timestamp_seconds", "When the other side last answered.", "connection")
        paused = _gauge("tieout_connection_paused", "1 while nothing is pulled or sent.", "connection")
        for row in connections.every(self.session):
            paused.add_metric([row.name], row.paused_at is not None)
            if row.last_success_at is not None:
                success.add_metric([row.name], row.last_success_at.timestamp())
        read = _gauge("tieout_stream_read_timestamp_seconds", "When a stream was last read.", "connection", "stream")
        for stream in figures.streams(self.session):
            if stream.read_at is not None:
                read.add_metric([stream.connection, stream.stream], stream.read_at.timestamp())
        yield from (success, paused, read, *self._pacing())

    def _pacing(self) -> Iterator[Metric]:
        is_open = _gauge("tieout_breaker_open", "1 while a system does not answer and is hardly called.", "connection")
        allowed = _gauge("tieout_allowed_rate", "Calls per second that may leave, where limited.", "connection")
        for name, state in pacing.every(self.session).items():
            is_open.add_metric([name], state.at(self.now).breaker is Breaker.OPEN)
            pace = rate(state, self.now)
            if pace is not None:
                allowed.add_metric([name], pace)
        yield from (is_open, allowed)

    def _processes(self) -> Iterator[Metric]:
        living = figures.processes(self.session, silent_since=self.now - self.silent_after)
        alive = _gauge("tieout_process_heartbeat_timestamp_seconds", "When processes last gave a sign.", "kind")
        newest: dict[str, datetime] = {}
        for process in living:
            newest[process.kind] = max(process.heartbeat_at, newest.get(process.kind, process.heartbeat_at))
        for kind, at in newest.items():
            alive.add_metric([kind], at.timestamp())
        unread = _gauge(
            "tieout_consumer_lag_seconds",
            "How long the oldest unread entry of the lineage, or the oldest sent event (`inbox`), waits.",
            "consumer",
        )
        waiting = lineage.behind(self.session) | {"inbox": inbox.unread_since(self.session)}
        for name, since in waiting.items():
            unread.add_metric([name], 0.0 if since is None else (self.now - since).total_seconds())
        yield from (alive, unread)


def _ledger(lines: Iterable[money.Line]) -> Iterator[Metric]:
    received = CounterMetricFamily("tieout_transactions", "Documents received.", labels=["flow", "legal_entity"])
    documents = _gauge("tieout_documents", "Documents by state.", "flow", "legal_entity", "place", "state")
    amount = _gauge("tieout_ledger_amount", "Net amount by place.", "flow", "legal_entity", "currency", "place")
    blocked = _gauge("tieout_blocked_amount", "Amount that waits for somebody.", "flow", "legal_entity", "currency")
    doubt = _gauge("tieout_in_doubt", "Documents that may have been booked.", "flow", "legal_entity")
    drift = _gauge("tieout_ledger_drift", "Documents received that stand nowhere; 0 always.", "flow", "legal_entity")
    sums = _Sums()
    for line in lines:
        sums.add(line)
    for labels, count in sums.received.items():
        received.add_metric(labels, count)
    for family, values in (
        (documents, sums.documents),
        (amount, sums.amount),
        (blocked, sums.blocked),
        (doubt, sums.doubt),
        (drift, sums.drift),
    ):
        for labels, value in values.items():
            family.add_metric(labels, value)
    yield from (received, documents, amount, blocked, doubt, drift)


class _Sums:
    """The ledger's lines summed by the labels of each metric."""

    def __init__(self) -> None:
        self.received: dict[tuple[str, ...], int] = defaultdict(int)
        self.documents: dict[tuple[str, ...], int] = defaultdict(int)
        self.amount: dict[tuple[str, ...], float] = defaultdict(float)
        self.blocked: dict[tuple[str, ...], float] = defaultdict(float)
        self.doubt: dict[tuple[str, ...], int] = defaultdict(int)
        self.drift: dict[tuple[str, ...], int] = defaultdict(int)

    def add(self, line: money.Line) -> None:
        flow, entity, currency = line.key.flow, line.key.legal_entity_id, line.key.currency
        self.received[flow, entity] += line.received.count
        self.drift[flow, entity] += abs(line.difference.count)
        self.doubt[flow, entity] += line.states.get(State.IN_DOUBT, NOTHING).count
        self.blocked[flow, entity, currency] += _units(line.at(Place.BLOCKED), currency)
        for place in Place:
            self.amount[flow, entity, currency, place.value] += _units(line.at(place), currency)
        for state, amounts in line.states.items():
            self.documents[flow, entity, PLACE_OF[state].value, state.value] += amounts.count


def _units(amounts: Amounts, currency: str) -> float:
    return amounts.net_minor / float(10 ** exponent_of(currency))


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)


def _counted(parts: Iterable[figures.Part]) -> Mapping[tuple[str, str, str], int]:
    found: dict[tuple[str, str, str], int] = defaultdict(int)
    for part in parts:
        if part.name:
            found[part.flow, part.legal_entity_id, part.name] += part.total.count
    return found


def _oldest(parts: Iterable[figures.Part]) -> Mapping[str, datetime]:
    found: dict[str, datetime] = {}
    for part in parts:
        if part.oldest_at is not None:
            found[part.flow] = min(part.oldest_at, found.get(part.flow, part.oldest_at))
    return found
