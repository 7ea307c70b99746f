"""What was spent is what the standing documents use, whatever becomes of them."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from connectors.canonical.money import Money
from control_plane.domain.transaction import PLACE_OF, TRANSITIONS, Place, Reason, State, transition
from control_plane.store import budgets, holds, transactions, transitions
from control_plane.store.budgets import Using
from control_plane.store.database import Database
from control_plane.store.transactions import Birth
from control_plane.store.transitions import Change
from tests.stands.runtime import MORNING, StandRuntime

NUMBERS: Final = count(1)
BUDGETS: Final = ("project:P-05", "cost_center:CC-1001")
GONE: Final = {State.REVERSED, *(state for state, place in PLACE_OF.items() if place is Place.WITHDRAWN)}

USE = st.builds(Money, st.integers(-(10**6), 10**6), st.sampled_from(["EUR", "CHF"]))
USES = st.dictionaries(st.sampled_from(BUDGETS), USE)


@dataclass(slots=True)
class Paper:
    """A document in the model: where it is, and what it was last recorded to use."""

    id: int
    state: State = State.RECEIVED
    uses: Mapping[str, Money] | None = None


def born(session: Session, runtime: StandRuntime, total: int) -> list[Paper]:
    papers = [Paper(runtime.ids.draw()) for _ in range(total)]
    transactions.bear(session, [Birth(_row(paper.id)) for paper in papers], runtime.ids, now=MORNING)
    return papers


def _row(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "flow": "expense_report",
        "connection": "concur",
        "source_system": "concur",
        "source_id": f"R{number}",
        "business_reference": f"EXR-{number}",
        "order_key": f"{number}",
        "state": State.RECEIVED.value,
        "currency": "EUR",
        "amount_minor": 100,
        "cohort": "2026-03",
        "received_at": MORNING,
        "updated_at": MORNING,
        "priority_at": MORNING,
        "payload_id": number,
        "legal_entity_id": "1000",
    }


def go_on(session: Session, runtime: StandRuntime, paper: Paper, choice: int) -> None:
    """Let a document take one of the ways that are open to it."""
    ways = list(TRANSITIONS[paper.state].items())
    if not ways:
        return
    to, _ = ways[choice % len(ways)]
    go(session, runtime, paper, to)


def go(session: Session, runtime: StandRuntime, paper: Paper, to: State) -> None:
    """Let a document go on."""
    (work,) = transactions.by_ids(session, [paper.id])
    taken = transition(work.seen, to, reason=Reason.NONE, by=min(TRANSITIONS[paper.state][to]), now=MORNING)
    assert transitions.record(session, [Change(taken)], runtime.ids).applied == {paper.id}
    paper.state = to


def expected(papers: Sequence[Paper], key: str) -> dict[tuple[str, str], int]:
    total: dict[tuple[str, str], int] = {}
    for paper in papers:
        for budget, use in (paper.uses or {}).items():
            if paper.state not in GONE:
                named = (f"{budget}/{key}", use.currency)
                total[named] = total.get(named, 0) + use.minor
    return total


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 3), st.none() | USES, st.integers(0, 6)), max_size=25),
)
def test_spent_is_the_sum_of_what_standing_documents_use(
    database: Database, runtime: StandRuntime, steps: list[tuple[int, Mapping[str, Money] | None, int]]
) -> None:
    key = str(next(NUMBERS))  # the examples share a database
    named = [f"{budget}/{key}" for budget in BUDGETS]
    with database.write() as session:
        papers = born(session, runtime, 4)
        for place, uses, choice in steps:
            paper = papers[place]
            go_on(session, runtime, paper, choice)
            if uses is not None:
                told = {f"{budget}/{key}": use for budget, use in uses.items()}
                budgets.replace(session, [Using(paper.id, "1000", told)], now=MORNING)
                paper.uses = uses
            assert budgets.spent(session, named) == expected(papers, key)


def test_what_a_document_uses_is_read_back(database: Database, runtime: StandRuntime) -> None:
    with database.write() as session:
        one, other = born(session, runtime, 2)
        uses = {"project:P-05": Money(100, "EUR"), "cost_center:CC-1001": Money(-40, "CHF")}
        budgets.replace(session, [Using(one.id, "1000", uses)], now=MORNING)
        used = {("project:P-05", "EUR"): 100, ("cost_center:CC-1001", "CHF"): -40}
        assert budgets.used_by(session, [one.id, other.id]) == {one.id: used}
        budgets.replace(session, [Using(one.id, "1000", {})], now=MORNING)
        assert budgets.used_by(session, [one.id, other.id]) == {}


def test_nothing_is_asked_where_nothing_is_limited(database: Database) -> None:
    with database.read() as session:
        assert budgets.spent(session, []) == {}
    with database.write() as session:
        budgets.replace(session, [], now=MORNING)


def test_who_asks_waits_for_who_asked_before(database: Database, runtime: StandRuntime) -> None:
    def ask() -> Mapping[tuple[str, str], int]:
        with database.write() as session:
            return budgets.spent(session, ["project:P-05"])

    with ThreadPoolExecutor(1) as pool:
        with database.write() as session:
            assert budgets.spent(session, ["project:P-05"]) == {}
            later = pool.submit(ask)
            with pytest.raises(TimeoutError):
                later.result(timeout=0.3)
            (paper,) = born(session, runtime, 1)
            budgets.replace(session, [Using(paper.id, "1000", {"project:P-05": Money(100, "EUR")})], now=MORNING)
        assert later.result(timeout=10) == {("project:P-05", "EUR"): 100}


def test_money_wakes_who_waits_for_its_budget_and_nobody_else(database: Database, runtime: StandRuntime) -> None:
    with database.write() as session:
        papers = born(session, runtime, 4)
        user, idle, *waiting = papers
        for paper in (user, idle):
            go(session, runtime, paper, State.READY)
        budgets.replace(session, [Using(user.id, "1000", {"project:P-05": Money(100, "EUR")})], now=MORNING)
        keys = ("project:P-05", "project:P-07")
        holds.replace(session, {paper.id: [holds.budget_key(key)] for paper, key in zip(waiting, keys, strict=True)})
        go(session, runtime, idle, State.CANCELLED)
        assert holds.woken(session, now=MORNING, limit=9) == []
        go(session, runtime, user, State.CANCELLED)
        assert holds.woken(session, now=MORNING, limit=9) == [waiting[0].id]


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_money_that_comes_back_while_somebody_is_about_to_hold_is_not_missed(
    database: Database, runtime: StandRuntime
) -> None:
    with database.write() as session:
        user, late = born(session, runtime, 2)
        go(session, runtime, user, State.READY)
        budgets.replace(session, [Using(user.id, "1000", {"project:P-09": Money(100, "EUR")})], now=MORNING)

    def withdraw() -> None:
        with database.write() as session:
            go(session, runtime, user, State.CANCELLED)

    with ThreadPoolExecutor(1) as pool:
        with database.write() as session:
            assert budgets.spent(session, ["project:P-09"]) == {("project:P-09", "EUR"): 100}
            later = pool.submit(withdraw)
            with pytest.raises(TimeoutError):
                later.result(timeout=0.3)
            holds.replace(session, {late.id: [holds.budget_key("project:P-09")]})
        later.result(timeout=10)
    with database.read() as session:
        assert holds.woken(session, now=MORNING, limit=9) == [late.id]
