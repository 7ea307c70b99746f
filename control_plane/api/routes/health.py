"""How the product does: for orchestrators, for Prometheus, and for people."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Response
from sqlmodel import Session

from control_plane.api.auth import Asking, Asks, services_of
from control_plane.api.metrics import CONTENT_TYPE, Scrape
from control_plane.api.problem_json import ProblemError
from control_plane.api.schemas import Component, HealthAnswer
from control_plane.api.services import Services
from control_plane.api.strict import StrictRoute
from control_plane.domain.access import Act
from control_plane.domain.pacing import Pacing
from control_plane.engine.warn import away_of, trouble_of
from control_plane.store import connections, inbox, lineage, pacing
from control_plane.store.queries import figures

router: Final = APIRouter(tags=["health"], route_class=StrictRoute)

_WORK: Final = {"worker": {"embedded", "worker"}, "scheduler": {"embedded", "scheduler"}}
"""Which kinds of processes do which work."""


@router.get("/livez")
def live() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "alive"}


@router.get("/readyz")
def ready(services: Annotated[Services, Depends(services_of)]) -> dict[str, str]:
    """Say that the process can serve: its database answers in time, and its disk keeps what it is given."""
    services.database.check()
    return {"status": "ready"}


@router.get("/v1/health")
def show_health(asks: Asks) -> HealthAnswer:
    """Show how the product does, part by part."""
    asks.scope()
    with asks.services.database.read() as session:
        components = [*_processes(session, asks), *_consumers(session, asks), *_connections(session, asks)]
    return HealthAnswer(
        is_ok=all(one.is_ok for one in components),
        as_of=asks.now,
        version=asks.services.version,
        components=components,
    )


@router.get("/metrics", response_class=Response)
def scrape(asks: Asks) -> Response:
    """Give the figures of the whole group to Prometheus."""
    if not asks.scope(Act.READ).is_group:
        raise ProblemError(HTTPStatus.FORBIDDEN, "forbidden", "The metrics are those of the whole group.")
    services = asks.services
    with services.database.read() as session:
        body = Scrape(session, asks.now, services.settings.silent_after, services.version).text()
    return Response(body, media_type=CONTENT_TYPE)


def _processes(session: Session, asks: Asking) -> Iterator[Component]:
    silent_after: timedelta = asks.services.settings.silent_after
    living = figures.processes(session, silent_since=asks.now - silent_after)
    yield Component(name="database", is_ok=True, sentence="It answers.", at=asks.now)
    for work, kinds in _WORK.items():
        signs = [process.heartbeat_at for process in living if process.kind in kinds]
        said = f"{len(signs)} alive." if signs else "None has given a sign of life."
        yield Component(name=work, is_ok=bool(signs), sentence=said, at=max(signs, default=None))


def _consumers(session: Session, asks: Asking) -> Iterator[Component]:
    for name, since in lineage.behind(session).items():
        said = "It has read the whole story." if since is None else f"It has read the story until {since:%H:%M:%S} UTC."
        yield _reader(f"consumer {name}", said, since, asks)
    since = inbox.unread_since(session)
    said = "All of them were acted on." if since is None else f"Those since {since:%H:%M:%S} UTC wait to be acted on."
    yield _reader("sent events", said, since, asks)


def _reader(name: str, said: str, since: datetime | None, asks: Asking) -> Component:
    is_ok = since is None or since >= asks.now - asks.services.settings.silent_after
    return Component(name=name, is_ok=is_ok, sentence=said, at=None, behind_since=since)


def _connections(session: Session, asks: Asking) -> Iterator[Component]:
    known = pacing.every(session)
    for row in connections.every(session):
        trouble = trouble_of(row) or away_of(known.get(row.name, Pacing(row.name)), asks.now)
        yield Component(
            name=f"connection {row.name}",
            is_ok=not trouble,
            sentence=trouble or "It answers.",
            at=row.last_success_at,
        )
