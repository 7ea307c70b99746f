"""Connections and their sync runs: is everything flowing, and the acts on them."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from sqlmodel import Session

from control_plane.acts import connections as acts
from control_plane.acts.door import Hand
from control_plane.api import answers
from control_plane.api.acting import Acting, Acts, etag
from control_plane.api.auth import Asking, Asks
from control_plane.api.lists import Listing, Pager, Text, moment, texts
from control_plane.api.problem_json import not_found
from control_plane.api.schemas import (
    Because,
    ConnectionDetail,
    Connections,
    ConnectionSummary,
    Health,
    PacingView,
    Page,
    Pull,
    RunView,
    StreamView,
)
from control_plane.api.strict import StrictRoute
from control_plane.domain import pacing as domain_pacing
from control_plane.domain.pacing import Pacing
from control_plane.engine.warn import away_of, trouble_of
from control_plane.flows import CONFIRMATIONS
from control_plane.store import connections, pacing
from control_plane.store.queries import figures
from control_plane.store.queries.figures import Behind, StreamAge
from control_plane.store.queries.sums import earliest
from control_plane.store.runs import RunState, due_moment
from control_plane.store.tables import ConnectionRow, SyncRunRow

router: Final = APIRouter(prefix="/v1", tags=["connections"], route_class=StrictRoute)

_LAST_RUNS: Final = 20
_WORST_FIRST: Final = (Health.PAUSED, Health.FAILING, Health.UNUSED, Health.HEALTHY)


class RunFilters(Listing):
    """Which runs."""

    connection: Text = ""
    stream: Text = ""
    state: RunState | None = None


@router.get("/connections")
def list_connections(asks: Asks) -> Connections:
    """List all connections, unhealthy ones first."""
    asks.scope()
    with asks.services.database.read() as session:
        known = _Known.gather(session, asks)
        rows = connections.every(session)
        shown = sorted((known.summary(row) for row in rows), key=lambda one: _WORST_FIRST.index(one.health))
        unhealthy = {one.name for one in shown if one.health in {Health.PAUSED, Health.FAILING}}
        return Connections(
            items=shown,
            behind_unhealthy=answers.totals(
                figures.behind_any(session, asks.scope(), unhealthy, confirmations=CONFIRMATIONS), asks.group_currency
            ),
            oldest_read_at=earliest(stream.read_at for one in shown for stream in one.streams if stream.is_active),
            **moment(session, asks),
        )


@router.get("/connections/{name}")
def show_connection(asks: Asks, response: Response, name: str) -> ConnectionDetail:
    """Show one connection with its last runs and what you may do."""
    asks.scope()
    with asks.services.database.read() as session:
        detail = _detail(session, asks, name)
        response.headers["etag"] = etag(detail.revision)
        return detail


@router.post("/connections/{name}/pause", response_model=ConnectionDetail)
def pause(acting: Acts, name: str, because: Because) -> Response:
    """Stop pulling from it and sending to it; what is under way is finished."""
    return _perform(acting, name, acts.pause, because.reason)


@router.post("/connections/{name}/resume", response_model=ConnectionDetail)
def resume(acting: Acts, name: str, because: Because) -> Response:
    """Let it go on."""
    return _perform(acting, name, acts.resume, because.reason)


@router.post("/connections/{name}/pull", response_model=ConnectionDetail)
def pull(acting: Acts, name: str, stream: Pull) -> Response:
    """Pull one of its streams now."""

    def deed(hand: Hand, name: str, *, revision: int) -> None:
        acts.pull(hand, name, stream.stream, revision=revision)

    return _perform(acting, name, deed)


@router.get("/runs")
def list_runs(
    asks: Asks, request: Request, response: Response, wanted: Annotated[RunFilters, Query()]
) -> Page[RunView]:
    """List sync runs, newest first."""
    asks.scope()
    pager = Pager(asks, request, wanted)
    with asks.services.database.read() as session:
        rows = figures.runs(session, texts(wanted), before=pager.before, limit=pager.asked)
        shown, cursor = pager.cut(rows, lambda row: [row.id], response)
        return Page(items=[answers.run(row) for row in shown], next_cursor=cursor, **moment(session, asks))


class _Known:
    """What is known of all connections at one moment."""

    def __init__(
        self,
        asks: Asking,
        behind: Mapping[str, Behind],
        streams: list[StreamAge],
        runs: Mapping[tuple[str, str], SyncRunRow],
        paces: Mapping[str, Pacing],
    ) -> None:
        self._asks, self._behind, self._streams, self._runs, self._paces = asks, behind, streams, runs, paces

    @classmethod
    def gather(cls, session: Session, asks: Asking) -> "_Known":
        """Return what is known now."""
        behind = figures.behind(session, asks.scope(), confirmations=CONFIRMATIONS)
        streams, runs = figures.streams(session), figures.last_runs(session)
        return cls(asks, behind, streams, runs, pacing.every(session))

    def summary(self, row: ConnectionRow) -> ConnectionSummary:
        """Return a connection as the list shows it."""
        return ConnectionSummary(**self.fields(row))

    def fields(self, row: ConnectionRow) -> dict[str, Any]:  # the fields of ConnectionSummary
        """Return what list and detail share."""
        copied = set(ConnectionSummary.model_fields) & set(ConnectionRow.model_fields)
        behind = self._behind.get(row.name, Behind())
        sentence = trouble_of(row) or away_of(self.pace(row.name), self._asks.now)
        return {
            **row.model_dump(include=copied),
            "health": _health(row, sentence),
            "sentence": sentence,
            "behind": answers.totals(behind.documents, self._asks.group_currency),
            "confirmation_count": behind.confirmation_count,
            "streams": [self._stream(one) for one in self._streams if one.connection == row.name],
        }

    def pace(self, name: str) -> Pacing:
        """Return how fast a connection is called."""
        return self._paces.get(name, Pacing(name))

    def _stream(self, one: StreamAge) -> StreamView:
        last = self._runs.get((one.connection, one.stream))
        return StreamView(
            stream=one.stream,
            cursor=one.cursor,
            read_at=one.read_at,
            interval_seconds=None if one.interval is None else int(one.interval.total_seconds()),
            is_active=one.is_active,
            next_run_at=_next_run_at(one.interval, self._asks.now) if one.is_active else None,
            is_stale=one.is_stale(self._asks.now),
            last_run=None if last is None else answers.run(last),
        )


def _perform(acting: Acting, name: str, deed: Callable[..., None], reason: str = "") -> Response:
    def done(hand: Hand, revision: int) -> None:
        deed(hand, name, revision=revision)

    def shown(session: Session) -> tuple[BaseModel, int]:
        detail = _detail(session, acting.asking, name)
        return detail, detail.revision

    return acting.perform(done, shown, reason=reason)


def _detail(session: Session, asks: Asking, name: str) -> ConnectionDetail:
    row = connections.one(session, name)
    if row is None:
        raise not_found()
    runs = figures.runs(session, {"connection": name}, before=None, limit=_LAST_RUNS)
    known = _Known.gather(session, asks)
    return ConnectionDetail(
        **known.fields(row),
        pacing=_pacing(known.pace(name), asks.now),
        runs=[answers.run(one) for one in runs],
        acts=acts.acts_on(asks.actor, row),
    )


def _pacing(state: Pacing, now: datetime) -> PacingView:
    return PacingView(
        breaker=state.at(now).breaker,
        opened_at=state.opened_at,
        shut_until=domain_pacing.shut_until(state.at(now), now),
        limit=state.limit(now),
        allowed_rate=domain_pacing.rate(state, now),
        headroom=domain_pacing.headroom(state, now),
    )


def _health(row: ConnectionRow, sentence: str) -> Health:
    if row.paused_at is not None:
        return Health.PAUSED
    if sentence:
        return Health.FAILING
    return Health.UNUSED if row.last_success_at is None else Health.HEALTHY


def _next_run_at(interval: timedelta | None, now: datetime) -> datetime | None:
    return None if interval is None else due_moment(interval, now) + interval
