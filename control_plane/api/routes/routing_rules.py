"""The routing of exceptions: the rules in force, what others would have done, and proposals."""

from typing import Final

from fastapi import APIRouter, Response

from control_plane.api import answers
from control_plane.api.acting import Begins
from control_plane.api.auth import Asks
from control_plane.api.routes.group_values import invalid, propose, told
from control_plane.api.schemas import (
    Proposed,
    RoutingDraft,
    RoutingProposal,
    RoutingTrial,
    RoutingTrialAnswer,
    RoutingView,
    TeamLoad,
)
from control_plane.api.strict import StrictRoute
from control_plane.domain import routing
from control_plane.domain.access import Act
from control_plane.domain.routing import FIELDS, routing_of
from control_plane.store import policies
from control_plane.store import routing as stored

router: Final = APIRouter(prefix="/v1/routing-rules", tags=["exceptions"], route_class=StrictRoute)


@router.get("")
def show_routing(asks: Asks) -> RoutingView:
    """Show the rules in force."""
    asks.scope()
    with asks.services.database.read() as session:
        row = policies.newest(session, policies.EVERY_FLOW, routing.KEY)
    value = {} if row is None else row.value
    version = 0 if row is None else row.version
    return RoutingView(
        version=version,
        rules=value.get("rules", []),
        teams=value.get("teams", {}),
        fields=list(FIELDS),
        all_teams=sorted(routing_of(value, version).teams),
        maker="" if row is None else row.maker,
        checker="" if row is None else row.checker or "",
        approved_at=None if row is None else row.approved_at,
        warnings=told(routing.problems_of(value)),
    )


@router.post("/propose", response_model=Proposed)
def propose_routing(begins: Begins, proposal: RoutingProposal) -> Response:
    """Propose other rules; they take effect when somebody else approves them."""
    return propose(begins, routing.KEY, _value(proposal), proposal.reason)


@router.post("/dry-run")
def try_routing(asks: Asks, trial: RoutingTrial) -> RoutingTrialAnswer:
    """Say what each team would have got of the exceptions of a period, and what it got; nothing is written."""
    asks.scope(Act.CHANGE_POLICY)
    after = _readable(trial)
    with asks.services.database.read() as session:
        before = stored.current(session)
        loads = stored.dry_run(session, asks.scope(), before, after, since=trial.since, until=trial.until)
        group = asks.group_currency
        teams = [
            TeamLoad(team=one.team, before=answers.totals(one.before, group), after=answers.totals(one.after, group))
            for one in loads
        ]
    return RoutingTrialAnswer(teams=teams, warnings=told(routing.problems_of(_value(trial))))


def _value(draft: RoutingDraft) -> dict[str, object]:
    return draft.model_dump(include={"rules", "teams"})


def _readable(draft: RoutingDraft) -> routing.Routing:
    problems = [one for one in routing.problems_of(_value(draft)) if one.is_fatal]
    if problems:
        raise invalid(problems)
    return routing_of(_value(draft), 0)
