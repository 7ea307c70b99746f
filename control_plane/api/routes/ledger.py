"""The money ledger: where every amount is, by flow, legal entity and currency."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Annotated, Final

from fastapi import APIRouter, Query

from control_plane.api import answers
from control_plane.api.auth import Asks
from control_plane.api.lists import Filters, Text, moment, texts
from control_plane.api.schemas import LedgerAmount, LedgerAnswer, LedgerLine, LedgerState, LedgerStates
from control_plane.api.strict import StrictRoute
from control_plane.domain.ledger import NOTHING, Amounts
from control_plane.domain.transaction import PLACE_OF, Place
from control_plane.flows import CONFIRMATIONS
from control_plane.store.queries import money
from control_plane.store.queries.money import Line
from control_plane.store.queries.sums import CurrencySum

router: Final = APIRouter(prefix="/v1/ledger", tags=["ledger"], route_class=StrictRoute)


class LedgerFilters(Filters):
    """Which part of the ledger."""

    flow: Text = ""
    legal_entity_id: Text = ""
    currency: Text = ""
    cohort: Text = ""


class LineFilters(LedgerFilters):
    """Which lines, and when."""

    by_cohort: bool = False
    day: date | None = None


class StateFilters(LedgerFilters):
    """Which states."""

    place: Place | None = None


@router.get("")
def show_ledger(asks: Asks, wanted: Annotated[LineFilters, Query()]) -> LedgerAnswer:
    """Show the ledger by place, now or at the end of a day (UTC)."""
    group, equal = asks.group_currency, texts(wanted)
    with asks.services.database.read() as session:
        lines = money.lines(session, asks.scope(), equal, by_cohort=wanted.by_cohort, day=wanted.day)
        summed = lines if wanted.flow else [line for line in lines if line.key.flow not in CONFIRMATIONS]
        return LedgerAnswer(
            day=wanted.day,
            items=[_line(line, group) for line in lines],
            received=answers.totals(_sums(summed, lambda line: line.received), group),
            open=answers.totals(_sums(summed, _open), group),
            oldest_open_at=money.oldest_open_at(session, asks.scope(), equal),
            unexplained=answers.totals(_sums(summed, lambda line: line.difference), group),
            is_balanced=all(line.difference == NOTHING for line in lines),
            **moment(session, asks),
        )


@router.get("/states")
def show_states(asks: Asks, wanted: Annotated[StateFilters, Query()]) -> LedgerStates:
    """Show what the places consist of, by flow, state and reason."""
    with asks.services.database.read() as session:
        parts = money.parts(session, asks.scope(), texts(wanted, "place"), wanted.place)
        items = [
            LedgerState(
                flow=part.flow,
                place=PLACE_OF[part.state],
                state=part.state,
                reason=part.reason,
                totals=answers.totals(part.sums, asks.group_currency),
            )
            for part in parts
        ]
        return LedgerStates(items=items, **moment(session, asks))


def _line(line: Line, group: str) -> LedgerLine:
    def shown(amounts: Amounts) -> LedgerAmount:
        return answers.ledger_amount(amounts, money.sum_of(line.key.currency, amounts), group)

    return LedgerLine(
        flow=line.key.flow,
        legal_entity_id=line.key.legal_entity_id,
        currency=line.key.currency,
        cohort=line.key.cohort,
        received=shown(line.received),
        **{place.value: shown(line.at(place)) for place in Place},
        reversed=shown(line.reversed),
        posted_net=shown(line.at(Place.POSTED) + -line.reversed),
        difference=shown(line.difference),
        is_balanced=line.difference == NOTHING,
    )


def _open(line: Line) -> Amounts:
    return line.at(Place.IN_PROGRESS) + line.at(Place.BLOCKED)


def _sums(lines: Iterable[Line], part: Callable[[Line], Amounts]) -> list[CurrencySum]:
    return [money.sum_of(line.key.currency, part(line)) for line in lines]
