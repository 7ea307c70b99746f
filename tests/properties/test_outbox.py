"""The outbox through random interleavings: every entry is read once, whoever commits when."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from control_plane.store import lineage
from control_plane.store.database import Database
from control_plane.store.lineage import Entry, Kind
from tests.stands.runtime import MORNING, CountingIds

WRITERS = 4
TOLD = "posted"
ENTRY = Entry(1, "DE01", "expense_report", Kind.TRANSITION, MORNING, "system", "", to_state=TOLD)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["tell", "commit", "roll back"]), st.integers(0, WRITERS - 1)),
        st.tuples(st.just("read"), st.integers(1, 3)),
    ),
    max_size=30,
)


class TurnedBackError(Exception):
    """A unit of work that fails at its end."""


@dataclass(slots=True)
class Writers:
    """Units of work that are open side by side, with what each has told."""

    database: Database
    ids: CountingIds
    consumer: str
    committed: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    _open: dict[int, tuple[AbstractContextManager[Session], Session, list[str]]] = field(default_factory=dict)

    def tell(self, number: int) -> None:
        """Tell one entry in an open unit of work."""
        if number not in self._open:
            unit = self.database.write()
            self._open[number] = (unit, unit.__enter__(), [])
        _, session, told = self._open[number]
        name = f"{self.consumer}/{self.ids.draw()}"
        lineage.tell(session, [ENTRY._replace(name=name)], self.ids)
        told.append(name)

    def commit(self, number: int) -> None:
        """End a unit of work well."""
        if number in self._open:
            unit, _, told = self._open.pop(number)
            unit.__exit__(None, None, None)
            self.committed += told

    def roll_back(self, number: int) -> None:
        """End a unit of work badly."""
        if number in self._open:
            unit, _, _ = self._open.pop(number)
            unit.__exit__(TurnedBackError, TurnedBackError(), None)

    def follow(self, limit: int) -> bool:
        """Read on as the consumer; return whether there was anything."""
        with self.database.write() as session:
            unread = lineage.unread(session, self.consumer, to_states={TOLD}, limit=limit)
            if unread is not None:
                lineage.advance(session, self.consumer, unread.until, now=MORNING)
                self.read += [one.name for one in unread.entries if one.name.startswith(self.consumer)]
        return unread is not None

    def end(self) -> None:
        """Commit everything, and let the consumer read to the end."""
        for number in list(self._open):
            self.commit(number)
        assert any(not self.follow(limit=100) for _ in range(100))


@contextmanager
def writers(database: Database, ids: CountingIds) -> Iterator[Writers]:
    one = Writers(database, ids, f"consumer {ids.draw()}")
    yield one
    one.end()


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_nothing_is_skipped_and_nothing_read_twice_whoever_commits_when(
    database: Database, ids: CountingIds, steps: list[tuple[str, int]]
) -> None:
    with writers(database, ids) as outbox:
        acts = {"tell": outbox.tell, "commit": outbox.commit, "roll back": outbox.roll_back, "read": outbox.follow}
        for act, number in steps:
            acts[act](number)

    assert sorted(outbox.read) == sorted(outbox.committed)
