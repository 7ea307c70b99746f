import threading
from datetime import timedelta

import pytest
from sqlmodel import Session

from control_plane.store import lineage
from control_plane.store.database import Database
from control_plane.store.lineage import Entry, Kind
from tests.control_plane.store.documents import at_once
from tests.stands.runtime import MORNING, CountingIds

ENTRY = Entry(1, "DE01", "expense_report", Kind.TRANSITION, MORNING, "system", "post", to_state="posted")
POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def entry(name: str, transaction_id: int = 1) -> Entry:
    return ENTRY._replace(name=name, transaction_id=transaction_id)


def tell(database: Database, ids: CountingIds, *names: str) -> None:
    with database.write() as session:
        lineage.tell(session, [entry(name) for name in names], ids)


def read(session: Session, limit: int = 10, consumer: str = "confirm") -> list[str]:
    """Read on, as a consumer does."""
    unread = lineage.unread(session, consumer, to_states={"posted"}, limit=limit)
    if unread is None:
        return []
    lineage.advance(session, consumer, unread.until, now=MORNING)
    return [one.name for one in unread.entries]


def read_on(database: Database, limit: int = 10, consumer: str = "confirm") -> list[str]:
    with database.write() as session:
        return read(session, limit, consumer)


def test_a_story_is_told_in_its_order(database: Database, ids: CountingIds) -> None:
    facts = {"attempt": 2, "amounts": [1, -2], "name": "Müller"}
    with database.write() as session:
        lineage.tell(session, [], ids)
        lineage.tell(session, [entry("first"), entry("other", 2), entry("second")._replace(facts=facts)], ids)

    with database.read() as session:
        first, second = lineage.story_of(session, [1])
        assert len(lineage.story_of(session, [1, 2])) == 3
    assert (first.name, first.kind, first.at, first.facts) == ("first", "transition", MORNING, {})
    assert (second.name, second.facts) == ("second", facts)


def test_how_far_behind_a_consumer_is_is_known(database: Database, ids: CountingIds) -> None:
    def behind() -> object:
        with database.read() as session:
            return lineage.behind(session)

    assert behind() == {}
    tell(database, ids, "a", "b")
    read_on(database, limit=1)
    assert behind() == {"confirm": MORNING}
    read_on(database)
    assert behind() == {"confirm": None}


def test_a_consumer_reads_on_where_it_stopped(database: Database, ids: CountingIds) -> None:
    tell(database, ids, "a", "b", "c")

    assert read_on(database, limit=2) == ["a", "b"]
    tell(database, ids, "d")
    assert read_on(database) == ["c", "d"]
    assert read_on(database) == []
    assert read_on(database, consumer="another") == ["a", "b", "c", "d"]


def test_a_consumer_reads_what_it_asked_for_and_passes_over_the_rest(database: Database, ids: CountingIds) -> None:
    others = [ENTRY._replace(to_state="failed"), ENTRY._replace(kind=Kind.STEP)]
    with database.write() as session:
        lineage.tell(session, [*others, entry("wanted"), *others], ids)

    assert read_on(database) == ["wanted"]
    with database.write() as session:
        assert lineage.unread(session, "confirm", to_states={"posted"}, limit=10) is None


def test_what_was_read_in_vain_is_read_again(database: Database, ids: CountingIds) -> None:
    tell(database, ids, "a")

    def fail() -> None:
        with database.write() as session:
            assert read(session) == ["a"]
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert read_on(database) == ["a"]


def test_consumers_of_one_name_share_the_story(database: Database, ids: CountingIds) -> None:
    tell(database, ids, *[str(number) for number in range(60)])

    found = at_once(lambda _: read_on(database, limit=4), range(20))

    assert sorted(int(name) for batch in found for name in batch) == list(range(60))


def test_nothing_is_skipped_or_read_twice_while_others_write(database: Database, ids: CountingIds) -> None:
    done = threading.Event()
    found: list[str] = []

    def follow() -> None:
        while not done.is_set():
            found.extend(read_on(database, limit=7))

    reader = threading.Thread(target=follow)
    reader.start()
    try:
        at_once(lambda number: tell(database, ids, *[f"{number}-{part}" for part in range(3)]), range(40))
    finally:
        done.set()
        reader.join()
    while names := read_on(database):
        found += names

    assert sorted(found) == sorted(f"{number}-{part}" for number in range(40) for part in range(3))


@pytest.mark.postgres
@POSTGRESQL
def test_an_entry_that_commits_late_is_not_skipped(database: Database, ids: CountingIds) -> None:
    with database.write() as slow:
        lineage.tell(slow, [entry("begun first")], ids)
        tell(database, ids, "committed first")
        assert read_on(database) == []

    assert read_on(database) == ["begun first", "committed first"]


@pytest.mark.postgres
@POSTGRESQL
def test_an_entry_with_a_lower_id_that_commits_later_is_not_skipped(database: Database, ids: CountingIds) -> None:
    early, late = ids.draw_many(2)
    tell(database, ids, "before")
    assert read_on(database) == ["before"]
    with database.write() as fast:
        lineage.tell(fast, [entry("higher id")], _Fixed(late))
    with database.write() as slow:
        lineage.tell(slow, [entry("lower id")], _Fixed(early))

    assert read_on(database) == ["higher id", "lower id"]


class _Fixed(CountingIds):
    def __init__(self, number: int) -> None:
        super().__init__(MORNING + timedelta(days=1))
        self._number = number

    def draw_many(self, count: int) -> list[int]:
        return [self._number]
