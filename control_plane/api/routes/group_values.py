"""Values that hold for the whole group and change under four eyes: materiality, letters, routing."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Response

from control_plane.acts import group_values as acts
from control_plane.acts.door import Hand
from control_plane.acts.group_values import KINDS, InvalidValueError
from control_plane.api import proposing
from control_plane.api.acting import Acting, Begins
from control_plane.api.auth import Asks
from control_plane.api.problem_json import ProblemError, not_found
from control_plane.api.schemas import FieldError, GroupValue, GroupValueProposal, Proposed
from control_plane.api.strict import StrictRoute
from control_plane.domain.governed import Problem
from control_plane.store import policies

router: Final = APIRouter(prefix="/v1/group-values", tags=["policies"], route_class=StrictRoute)


@router.get("/{key}")
def show_group_value(asks: Asks, key: str) -> GroupValue:
    """Show a value in the version in force; version 0 is what was shipped."""
    asks.scope()
    _require_known(key)
    with asks.services.database.read() as session:
        row = policies.newest(session, policies.EVERY_FLOW, key)
    if row is None:
        return GroupValue(key=key, version=0, value={}, maker="", checker="", approved_at=None)
    return GroupValue(
        key=key,
        version=row.version,
        value=row.value,
        maker=row.maker,
        checker=row.checker or "",
        approved_at=row.approved_at,
    )


@router.post("/{key}/propose", response_model=Proposed)
def propose_group_value(begins: Begins, key: str, proposal: GroupValueProposal) -> Response:
    """Propose another version; it takes effect when somebody else approves it."""
    _require_known(key)
    return propose(begins, key, proposal.value, proposal.reason)


def propose(begins: Acting, key: str, value: dict[str, object], reason: str) -> Response:
    """Propose a value and answer with what waits for approval, and with what it warns of.

    Raises:
        ProblemError: 422 where it cannot be used; else see `Acting.perform`.
    """

    def deed(hand: Hand) -> int:
        try:
            return acts.propose(hand, key, value)
        except InvalidValueError as error:
            raise invalid(error.problems) from error

    return proposing.propose(begins, deed, reason, warnings=told(KINDS[key].problems_of(value)))


def told(problems: Iterable[Problem]) -> list[FieldError]:
    """Return problems in the words of the API."""
    return [FieldError(pointer=f"#{one.pointer}", detail=one.sentence) for one in problems]


def invalid(problems: Iterable[Problem]) -> ProblemError:
    """Return the refusal of a value that cannot be used."""
    errors = told(problems)
    detail = f"{len(errors)} part(s) of it cannot be used."
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", detail, errors=errors)


def _require_known(key: str) -> None:
    if key not in KINDS:
        raise not_found()
