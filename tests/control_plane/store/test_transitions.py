import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

import control_plane
from control_plane.domain.ledger import Amounts
from control_plane.domain.machine import By
from control_plane.domain.transaction import Reason, State
from control_plane.store import ledger, lineage, transitions
from control_plane.store.database import Database
from control_plane.store.tables import LedgerMovementRow
from control_plane.store.transitions import Recorded, key_of
from tests.control_plane.store.documents import LATER, at_once, birth, born, change, leased, recorded, rows
from tests.stands.balance import is_balanced
from tests.stands.runtime import CountingIds

ROOT = Path(control_plane.__file__).parent


def test_a_change_is_applied_with_its_story_and_its_movement(database: Database, ids: CountingIds) -> None:
    (work,) = born(database, ids, birth(ids))
    held = change(work.seen, State.ON_HOLD, reason=Reason.BUDGET, posting_period="2026-04")

    assert recorded(database, ids, held) == Recorded(frozenset({work.id}), ())

    row = rows(database)[work.id]
    assert (row.state, row.reason, row.posting_period) == ("on_hold", "budget", "2026-04")
    assert (row.fence, row.revision, row.updated_at) == (1, 2, LATER)
    with database.read() as session:
        told = lineage.story_of(session, [work.id])[-1]
        standing = {key.state: amounts for key, amounts in ledger.balances(session) if amounts.count}
        assert is_balanced(session)
    assert (told.from_state, told.to_state, told.reason, told.fence) == ("ready", "on_hold", "budget", 1)
    assert standing == {"on_hold": Amounts(1, 10_000, 0, 0)}


def test_what_has_changed_since_it_was_seen_is_refused_without_a_trace(database: Database, ids: CountingIds) -> None:
    (work,) = born(database, ids, birth(ids))
    recorded(database, ids, change(work.seen, State.ON_HOLD, reason=Reason.BUDGET))

    late = recorded(database, ids, change(work.seen, State.FAILED, reason=Reason.REJECTED))

    assert late == Recorded(frozenset(), ())
    assert rows(database)[work.id].state == "on_hold"
    with database.read() as session:
        assert len(lineage.story_of(session, [work.id])) == 2
        assert len(session.exec(select(LedgerMovementRow).where(LedgerMovementRow.state == "failed")).all()) == 0


def test_the_same_state_under_an_older_fence_is_refused(database: Database, ids: CountingIds) -> None:
    (work,) = born(database, ids, birth(ids, state=State.ON_HOLD.value, reason=Reason.APPROVAL.value))
    recorded(database, ids, change(work.seen, State.ON_HOLD, reason=Reason.BUDGET))

    assert not recorded(database, ids, change(work.seen, State.READY)).applied
    fresh = work.seen._replace(reason=Reason.BUDGET, fence=1)
    assert recorded(database, ids, change(fresh, State.READY)).applied == {work.id}


def test_what_was_refused_does_not_stop_the_others(database: Database, ids: CountingIds) -> None:
    first, second = born(database, ids, birth(ids), birth(ids, "R2"))
    recorded(database, ids, change(first.seen, State.FAILED))

    both = [change(first.seen, State.ON_HOLD), change(second.seen, State.ON_HOLD)]
    assert recorded(database, ids, *both).applied == {second.id}
    with database.read() as session:
        assert is_balanced(session)


def test_of_many_writers_who_saw_the_same_one_wins(database: Database, ids: CountingIds) -> None:
    (work,) = born(database, ids, birth(ids))

    won = at_once(lambda _: recorded(database, ids, change(work.seen, State.FAILED)).applied, range(16))

    assert sum(len(one) for one in won) == 1
    assert rows(database)[work.id].fence == 1


def test_a_change_ends_the_lease(database: Database, ids: CountingIds) -> None:
    born(database, ids, birth(ids))
    (work,) = leased(database, ids)

    recorded(database, ids, change(work.seen, State.READY, By.LEASE, Reason.RETRY))

    row = rows(database)[work.id]
    assert (row.lease_owner, row.lease_until, row.is_head) == (None, None, True)


def test_closing_promotes_the_oldest_of_its_order_key_and_no_other(database: Database, ids: CountingIds) -> None:
    first, second, third, other = born(database, ids, *[birth(ids) for _ in range(3)], birth(ids, "R2"))
    heads = {number for number, row in rows(database).items() if row.is_head}
    assert heads == {first.id, other.id}

    done = recorded(database, ids, change(first.seen, State.CANCELLED, By.SOURCE))

    assert done.promoted == (second.id,)
    heads = {number for number, row in rows(database).items() if row.is_head}
    assert heads == {second.id, other.id}
    assert not rows(database)[third.id].is_head


def test_what_closes_out_of_its_turn_promotes_nobody(database: Database, ids: CountingIds) -> None:
    first, second, _ = born(database, ids, *[birth(ids) for _ in range(3)])

    assert recorded(database, ids, change(second.seen, State.SUPERSEDED)).promoted == ()
    assert [row.is_head for row in rows(database).values()] == [True, False, False]
    assert recorded(database, ids, change(first.seen, State.SUPERSEDED)).promoted[0] > second.id


def test_a_whole_key_may_close_at_once(database: Database, ids: CountingIds) -> None:
    works = born(database, ids, *[birth(ids) for _ in range(3)])

    closed = [change(work.seen, State.CANCELLED, By.SOURCE) for work in works]
    assert recorded(database, ids, *closed).promoted == ()
    assert not any(row.is_head or row.is_open for row in rows(database).values())


def test_nothing_to_change_and_nothing_to_promote_is_nothing_done(database: Database, ids: CountingIds) -> None:
    with database.write() as session:
        assert transitions.record(session, [], ids) == Recorded(frozenset(), ())
        assert transitions.promote(session, set()) == []


def test_a_key_names_the_line_where_a_document_stands_or_would_stand(database: Database, ids: CountingIds) -> None:
    (work,) = born(database, ids, birth(ids))

    assert (key_of(work.seen).state, key_of(work.seen).reason) == ("ready", "new")
    there = key_of(work.seen, State.ON_HOLD, Reason.NONE)
    assert (there.state, there.reason, there.cohort) == ("on_hold", "", "2026-03")


@pytest.mark.parametrize(
    ("column", "before", "after"), [("legal_entity_id", "DE01", "CH01"), ("posting_period", "", "2026-04")]
)
def test_a_document_placed_anew_leaves_its_line_and_enters_another(
    database: Database, ids: CountingIds, column: str, before: str, after: str
) -> None:
    (work,) = born(database, ids, birth(ids))
    sets: dict[str, Any] = {"group_minor": 9_000, column: after}
    recorded(database, ids, change(work.seen, State.ON_HOLD, **sets))

    with database.read() as session:
        told = {getattr(key, column): amounts for key, amounts in ledger.balances(session) if amounts.count}
        left = {getattr(key, column) for key, amounts in ledger.balances(session) if not amounts.count}
        assert is_balanced(session)
    assert told == {after: Amounts(1, 10_000, 0, 9_000)}
    assert left == {before}


def test_the_state_of_a_transaction_is_written_in_two_places_only() -> None:
    """The door and the lease: nothing else in the house names the column when it writes."""
    found = {(str(file.relative_to(ROOT)), name) for file, name in _writers_of_state()}
    assert found == {("store/transitions.py", "_moving"), ("store/queue.py", "_leasing")}


def _writers_of_state() -> Iterator[tuple[Path, str]]:
    texts = {file: file.read_text(encoding="utf-8") for file in ROOT.rglob("*.py")}
    for file, text in texts.items():
        for function in ast.walk(ast.parse(text if "update(" in text or "UPDATE" in text else "")):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and _writes_state(function):
                yield file, function.name


def _writes_state(function: ast.AST) -> bool:
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
    named = any(
        isinstance(call.func, ast.Attribute)
        and call.func.attr == "values"
        and any(keyword.arg == "state" for keyword in call.keywords)
        and "TRANSACTION" in ast.unparse(call.func).upper()
        for call in calls
    )
    texts = [node.value for node in ast.walk(function) if isinstance(node, ast.Constant)]
    return named or any(isinstance(text, str) and 'UPDATE "TRANSACTION"' in text.upper() for text in texts)
