"""What a full desk is asked for goes by indexes that hold all that it takes, however long its history is."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import event
from sqlmodel import Session

from control_plane.domain.access import Scope
from control_plane.store import break_glass
from control_plane.store.database import Database
from control_plane.store.queries import causes, desk, shift
from control_plane.store.queries.desk import Wanted
from control_plane.store.tables import BreakGlassRow
from tests.stands.runtime import MORNING

GROUP = Scope(is_group=True)
WHOLE = re.compile(r"SCAN (exception_case|audit)$")
DAY = timedelta(days=1)
TAKEN = BreakGlassRow(
    id=1, person_id=7, login="anna", role="operator", legal_entity_id="*", reason="", began_at=MORNING, ends_at=MORNING
)


def steps(database: Database, ask: Callable[[Session], object]) -> list[str]:
    """Return how SQLite finds what is asked for."""
    asked: list[tuple[str, Any]] = []  # parameters
    with database.read() as session:
        event.listen(
            session.get_bind(), "before_cursor_execute", lambda _c, _u, said, values, *_: asked.append((said, values))
        )
        ask(session)
        plans = [
            session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {one}", values) for one, values in list(asked)
        ]
        return [row[3] for plan in plans for row in plan]


def test_causes_are_chosen_and_summed_up_by_their_index_alone(sqlite_database: Database) -> None:
    found = steps(sqlite_database, lambda session: causes.lines(session, GROUP, Wanted()))
    assert [step.split(" (")[0] for step in found if "ix_exception_case_grouped" in step] == [
        "SCAN exception_case USING INDEX ix_exception_case_grouped",
        "SEARCH exception_case USING INDEX ix_exception_case_grouped",
    ]


def test_what_is_open_is_summed_up_without_sorting_it(sqlite_database: Database) -> None:
    assert steps(sqlite_database, lambda session: desk.worth(session, GROUP, Wanted())) == [
        "SCAN exception_case USING COVERING INDEX ix_exception_case_worth"
    ]


def test_a_shift_reads_nothing_of_what_is_long_settled(sqlite_database: Database) -> None:
    found = steps(sqlite_database, lambda session: shift.summary(session, GROUP, {}, since=MORNING - DAY, now=MORNING))
    assert found
    assert [step for step in found if WHOLE.search(step)] == []


def test_what_somebody_did_in_an_emergency_is_found_by_who_they_are(sqlite_database: Database) -> None:
    found = steps(sqlite_database, lambda session: break_glass.deeds(session, TAKEN))
    assert found[0].startswith("SEARCH audit USING INDEX ix_audit_actor (actor_id=? AND occurred_at>?")
