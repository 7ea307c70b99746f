"""Service levels: which promises hold, per flow and legal entity."""

from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import APIRouter, Query

from control_plane.api import answers
from control_plane.api.auth import Asks
from control_plane.api.lists import Filters, Text, moment, texts
from control_plane.api.schemas import SlaAnswer, SlaLine
from control_plane.api.strict import StrictRoute
from control_plane.domain.sla import SlaStatus
from control_plane.flows import CONFIRMATIONS
from control_plane.store.queries import figures
from control_plane.store.queries.figures import SlaFigures
from control_plane.store.queries.sums import CurrencySum

router: Final = APIRouter(prefix="/v1/slas", tags=["slas"], route_class=StrictRoute)


class SlaFilters(Filters):
    """Which promises."""

    flow: Text = ""
    legal_entity_id: Text = ""


@router.get("")
def show_slas(asks: Asks, wanted: Annotated[SlaFilters, Query()]) -> SlaAnswer:
    """Show SLA status per flow and legal entity, breaches first."""
    group = asks.group_currency
    with asks.services.database.read() as session:
        found = sorted(figures.slas(session, asks.scope(), texts(wanted)), key=_rank)
        summed = found if wanted.flow else [one for one in found if one.flow not in CONFIRMATIONS]
        return SlaAnswer(
            items=[_line(one, group) for one in found],
            at_risk=answers.totals(_all(summed, SlaStatus.AT_RISK), group),
            breached=answers.totals(_all(summed, SlaStatus.BREACHED), group),
            attainment=_attainment(summed),
            attainment_target=asks.services.settings.attainment_target,
            **moment(session, asks),
        )


def _line(one: SlaFigures, group: str) -> SlaLine:
    return SlaLine(
        flow=one.flow,
        legal_entity_id=one.legal_entity_id,
        **{status.value: answers.totals(one.open.get(status, ()), group) for status in SlaStatus},
        next_due_at=one.next_due_at,
        settled_count=one.posted_count,
        settled_late_count=one.posted_late_count,
        attainment=_attainment([one]),
    )


def _all(found: Sequence[SlaFigures], status: SlaStatus) -> list[CurrencySum]:
    return [part for one in found for part in one.open.get(status, ())]


def _attainment(found: Sequence[SlaFigures]) -> float | None:
    posted = sum(one.posted_count for one in found)
    late = sum(one.posted_late_count for one in found)
    return None if posted == 0 else (posted - late) / posted


def _rank(one: SlaFigures) -> tuple[int, int, str, str]:
    breached, at_risk = (
        sum(part.count for part in one.open.get(status, ())) for status in (SlaStatus.BREACHED, SlaStatus.AT_RISK)
    )
    return -breached, -at_risk, one.flow, one.legal_entity_id
