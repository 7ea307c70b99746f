"""Envelopes that were sent to us: kept as they came, acted on in their order, none in another's way."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from connectors.canonical.events import EventType
from connectors.connection import ConnectionSettings
from connectors.contract import Envelope
from connectors.events.connector import EventsSource
from connectors.registry import opened
from control_plane.domain.access import EVERYWHERE
from control_plane.engine.keep import Kept, act_on_kept, keep
from control_plane.engine.parts import Parts, Unit
from control_plane.engine.receive import Feed, Read, act_on
from control_plane.engine.warn import Look, alerts
from control_plane.flows.expense_report import EXPENSE_REPORT
from control_plane.store.database import Database
from control_plane.store.tables import InboxRow, TransactionRow
from control_plane.store.troubles import DatabaseAwayError
from tests.connectors.events.papers import event, report
from tests.stands.runtime import MORNING, StandRuntime

RECALLED = {"source_document_id": ""}
ACTS = "control_plane.engine.keep.act_on"


@dataclass(slots=True)
class Post:
    """A sender's way in, and what became of what it sent."""

    parts: Parts
    runtime: StandRuntime

    async def send(self, *envelopes: Envelope) -> Kept:
        feed = Feed("travel", "events", EventsSource("travel"))
        return await self.parts.write(lambda unit: keep(unit, feed, envelopes))

    async def rows(self, model: type[Any]) -> Sequence[Any]:
        return await self.parts.read(lambda session: list(session.exec(select(model).order_by(model.id)).all()))

    async def states(self) -> list[tuple[str, str]]:
        return [(row.source_id, row.state) for row in await self.rows(TransactionRow)]


@pytest.fixture
async def post(database: Database, runtime: StandRuntime) -> AsyncIterator[Post]:
    async with opened(ConnectionSettings("travel", "events", "")) as connector:
        flows = {EXPENSE_REPORT.name: EXPENSE_REPORT}
        yield Post(Parts(runtime, database, {"travel": connector}, flows), runtime)


def approval(number: int, **changes: Any) -> Envelope:
    return event(report(document_number=f"TR-{number}", **changes), subject=f"TR-{number}", id_=f"TR-{number}-1")


async def test_what_is_kept_is_not_understood_yet_and_has_its_number(post: Post) -> None:
    kept = await post.send(approval(1))
    (row,) = await post.rows(InboxRow)
    assert (row.is_unread, row.legal_entity_id, row.transaction_id) == (
        True,
        "unresolved",
        kept.transactions["travel", "TR-1-1"],
    )
    assert await post.rows(TransactionRow) == []


async def test_what_was_kept_becomes_what_it_says_under_the_number_that_was_told(post: Post) -> None:
    kept = await post.send(approval(1), approval(2))
    post.runtime.advance(timedelta(minutes=5))
    assert await act_on_kept(post.parts) == 2
    born = await post.rows(TransactionRow)
    assert [row.id for row in born] == [*kept.transactions.values()]
    assert [(row.legal_entity_id, row.received_at) for row in born] == [("1000", MORNING)] * 2
    assert [(row.is_unread, row.legal_entity_id) for row in await post.rows(InboxRow)] == [(False, "1000")] * 2
    assert await act_on_kept(post.parts) == 0


async def test_the_promise_counts_from_when_it_was_kept(post: Post) -> None:
    await post.send(approval(1))
    await act_on_kept(post.parts)
    (first,) = await post.rows(TransactionRow)
    await post.send(approval(2))
    post.runtime.advance(timedelta(hours=2))
    await act_on_kept(post.parts)
    assert [row.due_at for row in await post.rows(TransactionRow)] == [first.due_at] * 2


async def test_a_redelivery_is_counted_before_and_after_it_was_understood(post: Post) -> None:
    first = await post.send(approval(1))
    before = await post.send(approval(1))
    await act_on_kept(post.parts)
    after = await post.send(approval(1))
    assert [len(one.repeated) for one in (first, before, after)] == [0, 1, 1]
    assert first.transactions == before.transactions == after.transactions
    assert [row.received_count for row in await post.rows(InboxRow)] == [3]
    assert await act_on_kept(post.parts) == 0


async def test_an_event_that_comes_twice_in_one_post_is_kept_once(post: Post) -> None:
    kept = await post.send(approval(1), approval(1))
    await act_on_kept(post.parts)
    assert kept.repeated == frozenset()
    assert await post.states() == [("TR-1", "received")]


async def test_a_recall_finds_the_document_that_was_sent_before_it(post: Post) -> None:
    recall = event(RECALLED, EventType.EXPENSE_REPORT_RECALLED, subject="TR-1", id_="recall-1")
    await post.send(approval(1))
    await post.send(recall, approval(2))
    await act_on_kept(post.parts)
    assert await post.states() == [("TR-1", "cancelled"), ("TR-2", "received")]


async def test_what_cannot_be_read_has_its_place_and_holds_nothing_up(post: Post) -> None:
    wrong = event(b"{", subject="TR-1", id_="TR-1-1")
    await post.send(wrong, approval(2))
    assert await act_on_kept(post.parts) == 2
    assert await post.states() == [("TR-1", "received"), ("TR-2", "received")]
    assert [row.currency for row in await post.rows(TransactionRow)] == ["XXX", "EUR"]


async def test_a_page_is_acted_on_at_a_time(post: Post) -> None:
    post.parts = replace(post.parts, settings=replace(post.parts.settings, page=2))
    await post.send(*(approval(number) for number in range(3)))
    assert [await act_on_kept(post.parts) for _ in range(3)] == [2, 1, 0]


async def test_what_a_connection_sent_waits_until_the_connection_is_there_again(post: Post) -> None:
    await post.send(approval(1))
    gone = replace(post.parts, connectors={})
    assert await act_on_kept(gone) == 0
    assert await act_on_kept(post.parts) == 1


async def test_our_own_mistake_over_one_event_holds_up_no_other(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    def stumble(unit: Unit, connection: str, read: Sequence[Read]) -> None:
        act_on(unit, connection, read)
        if any(one.arrival.envelope.id == "TR-1-1" for one in read):
            raise ZeroDivisionError

    monkeypatch.setattr(ACTS, stumble)
    await post.send(*(approval(number) for number in range(3)))
    assert await act_on_kept(post.parts) == 2
    assert await post.states() == [("TR-0", "received"), ("TR-2", "received")]
    monkeypatch.undo()
    assert await act_on_kept(post.parts) == 1


async def test_while_the_database_is_in_trouble_nothing_is_tried_one_by_one(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise DatabaseAwayError("away")

    await post.send(approval(1))
    monkeypatch.setattr(ACTS, away)
    with pytest.raises(DatabaseAwayError):
        await act_on_kept(post.parts)
    monkeypatch.undo()
    assert await act_on_kept(post.parts) == 1


async def test_what_nobody_acts_on_is_told_as_an_alert_until_somebody_does(post: Post) -> None:
    def told(session: Session) -> set[str]:
        return {one.name for one in alerts(Look(session, EVERYWHERE, post.runtime.now(), timedelta(seconds=45)))}

    await post.send(approval(1))
    assert "events_wait" not in await post.parts.read(told)
    post.runtime.advance(timedelta(minutes=1))
    assert "events_wait" in await post.parts.read(told)
    await act_on_kept(post.parts)
    assert "events_wait" not in await post.parts.read(told)
