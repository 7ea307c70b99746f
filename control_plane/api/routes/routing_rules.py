"""The routing of exceptions: the rules in force, what others would have done, and proposals."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlmodel import Session

from control_plane.acts import group_values
from control_plane.acts.door import Hand
from control_plane.acts.group_values import InvalidValueError
from control_plane.api import answers
from control_plane.api.acting import Begins
from control_plane.api.auth import Asks
from control_plane.api.problem_json import ProblemError
from control_plane.api.schemas import (
    FieldError,
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
from control_plane.domain.governed import Problem
from control_plane.domain.identity import public_id
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
        warnings=_told(routing.problems_of(value)),
    )


@router.post("/propose", response_model=Proposed)
def propose_routing(begins: Begins, proposal: RoutingProposal) -> Response:
    """Propose other rules; they take effect when somebody else approves them."""
    value = proposal.model_dump(include={"rules", "teams"})
    made: list[int] = []

    def done(hand: Hand, _revision: int) -> None:
        try:
            made.append(group_values.propose(hand, routing.KEY, value))
        except InvalidValueError as error:
            raise _invalid(error.problems) from error

    def shown(_session: Session) -> tuple[BaseModel, int]:
        return Proposed(approval_id=public_id("apr", made[0]), warnings=_told(routing.problems_of(value))), 1

    return begins.perform(done, shown, reason=proposal.reason)


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
    return RoutingTrialAnswer(teams=teams, warnings=_told(routing.problems_of(_value(trial))))


def _value(draft: RoutingDraft) -> dict[str, object]:
    return draft.model_dump(include={"rules", "teams"})


def _readable(draft: RoutingDraft) -> routing.Routing:
    problems = [one for one in routing.problems_of(_value(draft)) if one.is_fatal]
    if problems:
        raise _invalid(problems)
    return routing_of(_value(draft), 0)


def _told(problems: Iterable[Problem]) -> list[FieldError]:
    return [FieldError(pointer=f"#{one.pointer}", detail=one.sentence) for one in problems]


def _invalid(problems: Iterable[Problem]) -> ProblemError:
    errors = _told(problems)
    detail = f"{len(errors)} part(s) of it cannot be used."
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, errors=errors)
