"""The app: routes, checks and problems put together around given services."""

from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, FastAPI

from control_plane.api.grouping import GroupedIntake
from control_plane.api.problem_json import MEDIA_TYPE, add_problem_handlers
from control_plane.api.routes import (
    alerts,
    audit,
    connections,
    events,
    exceptions,
    flows,
    health,
    ledger,
    master_data,
    people,
    slas,
    transactions,
)
from control_plane.api.schemas import Problem
from control_plane.api.services import Services
from control_plane.api.shield import Shield
from control_plane.domain.identity import public_id

ROUTERS: Final[tuple[APIRouter, ...]] = (
    people.router,
    transactions.router,
    exceptions.router,
    ledger.router,
    slas.router,
    connections.router,
    alerts.router,
    flows.router,
    master_data.router,
    audit.router,
    events.router,
    health.router,
)

_PROBLEMS: Final[dict[int | str, dict[str, Any]]] = {  # OpenAPI
    status: {"model": Problem, "description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: {}}}
    for status in (400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 500, 503, 507)
}


def create_app(services: Services) -> FastAPI:
    """Return the app over these services; it keeps nothing else."""
    app = FastAPI(
        title="Tieout",
        summary="Where every approved document is, and what has to be done about it.",
        version=services.version,
        docs_url=None,
        redoc_url=None,
        responses=_PROBLEMS,
        telemetry={"logs": False, "metrics": False, "operation_spans": False},
    )
    app.state.services = services
    app.state.intakes = {source: GroupedIntake(intake) for source, intake in services.intakes.items()}
    for router in ROUTERS:
        app.include_router(router)
    add_problem_handlers(app)
    app.add_middleware(
        Shield,
        body_limit=services.settings.body_limit,
        draw_request_id=lambda: public_id("req", services.runtime.ids.draw()),
    )
    return app
