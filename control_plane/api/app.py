"""The app: routes, checks and problems put together around given services."""

from importlib.metadata import version
from typing import Final

from fastapi import APIRouter, FastAPI

from control_plane.api.contract import PROBLEMS, DescribedApi
from control_plane.api.grouping import GroupedIntake
from control_plane.api.problem_json import add_problem_handlers
from control_plane.api.routes import (
    alerts,
    approvals,
    audit,
    bindings,
    break_glass,
    bulk_operations,
    causes,
    comments,
    connections,
    corrections,
    events,
    exception_acts,
    exceptions,
    failure_rules,
    feed,
    flows,
    group_values,
    health,
    ledger,
    listed,
    master_data,
    people,
    presence,
    replies,
    routing_rules,
    shift,
    slas,
    transactions,
)
from control_plane.api.services import Services
from control_plane.api.shield import Shield
from control_plane.domain.identity import public_id

ROUTERS: Final[tuple[APIRouter, ...]] = (
    events.router,  # first, for it is asked most
    people.router,
    transactions.router,
    listed.router,
    exceptions.router,
    comments.router,
    shift.router,
    replies.router,
    bulk_operations.router,
    causes.router,
    failure_rules.router,
    bindings.router,
    exception_acts.router,
    routing_rules.router,
    group_values.router,
    presence.router,
    approvals.router,
    break_glass.router,
    corrections.router,
    ledger.router,
    slas.router,
    connections.router,
    alerts.router,
    flows.router,
    master_data.router,
    audit.router,
    feed.router,
    health.router,
)


def routed() -> FastAPI:
    """Return an app that knows all routes and serves nothing yet: enough to describe it."""
    app = DescribedApi(
        title="Tieout",
        summary="Where every approved document is, and what has to be done about it.",
        version=version("tieout"),
        docs_url=None,
        redoc_url=None,
        responses=PROBLEMS,
        telemetry={"logs": False, "metrics": False, "operation_spans": False},
    )
    for router in ROUTERS:
        app.include_router(router)
    return app


def create_app(services: Services) -> FastAPI:
    """Return the app over these services; it keeps nothing else."""
    app = routed()
    app.state.services = services
    app.state.intakes = {source: GroupedIntake(intake) for source, intake in services.intakes.items()}
    add_problem_handlers(app)
    app.add_middleware(
        Shield,
        body_limit=services.settings.body_limit,
        draw_request_id=lambda: public_id("req", services.runtime.ids.draw()),
    )
    return app
