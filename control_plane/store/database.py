"""The way to the database: units of work on SQLite and PostgreSQL that look the same to their callers."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Final, cast

import orjson
from sqlalchemy import Engine, create_engine, event, func, select, text
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlmodel import Session

from control_plane.store import driver
from control_plane.store.prepared import Prepared
from control_plane.store.statements import Dialect, dialect_of
from control_plane.store.troubles import DatabaseAwayError, DatabaseTroubleError, DiskUntrustedError, named_troubles
from control_plane.store.turns import Turns
from control_plane.store.values import to_json

if TYPE_CHECKING:
    import sqlite3

READERS: Final = 8
STATEMENTS: Final = 500
"""That SQLite keeps ready to be executed again, per connection."""
BUSY_TIMEOUT: Final = timedelta(seconds=10)
"""How long another process may hold a SQLite file."""
PATIENCE: Final = timedelta(seconds=30)
"""How long a unit of work waits for its turn to write on SQLite."""
_WRITER_PRAGMAS: Final = ("journal_mode=WAL", "synchronous=FULL", "temp_store=MEMORY")
"""What undoes a single statement stays in memory: else each row of a guarded table writes to a file beside."""
LOOKS: Final = 3
"""At the database's clock, to follow it."""
IDLE_TIMEOUT: Final = timedelta(seconds=60)
"""An open write of a PostgreSQL cluster holds back every reader of the lineage: idle ones are ended."""


class DatabaseUrlError(ValueError):
    """The text names no database that we can use."""


@dataclass(frozen=True, slots=True)
class Database:
    """An open database: everything is read and written through one of its two units of work."""

    url: str
    """Without its password."""
    dialect: Dialect
    writer: Engine
    reader: Engine
    turns: Turns | None = None
    """Who writes next on SQLite, where one writes at a time."""
    is_untrusted: Event = field(default_factory=Event)
    """Set once the disk did not keep a write: what it says afterwards proves nothing until the next start."""

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Give a unit of work that is committed at the end and rolled back on an exception.

        On SQLite it has its turn from its first line on, so that an id drawn inside is higher
        than every id committed before.

        Raises:
            DatabaseTroubleError: the database is full, takes no writes or does not answer.
        """
        turn = nullcontext() if self.turns is None else self.turns.turn()
        with turn, self._trusted(), Session(self.writer, expire_on_commit=False) as session, session.begin():
            session.connection()
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a unit of work that only reads; all its figures come from one moment.

        Raises:
            DatabaseTroubleError: the database does not answer, or a write was tried.
        """
        with named_troubles(), Session(self.reader, expire_on_commit=False) as session:
            yield session

    def check(self) -> None:
        """Ask the database for a sign of life.

        Raises:
            DatabaseTroubleError: it does not answer in time, or the disk did not keep a write since the start.
        """
        with self._trusted(), Session(self.reader) as session:
            session.connection().execute(text("SELECT 1 FROM inbox LIMIT 1"))  # waits where everything else would

    @contextmanager
    def _trusted(self) -> Iterator[None]:
        """Let nothing pass once the disk did not keep a write, and name the troubles of all else."""
        if self.is_untrusted.is_set():
            raise DiskUntrustedError("The disk did not keep a write: nothing is taken until the next start")
        try:
            with named_troubles():
                yield
        except DiskUntrustedError:
            self.is_untrusted.set()
            raise

    def clock_offset(self, clock: Callable[[], datetime]) -> timedelta:
        """Return how far the database's time is ahead of the given clock; zero where they are the same machine's.

        Of several looks the quickest counts: how far the answer's way falsifies it is at most half of what it took.
        """
        if self.dialect == "sqlite":
            return timedelta(0)
        with self.read() as session:
            session.connection()
            return min(_looked(session, clock) for _ in range(LOOKS))[1]

    def dispose(self) -> None:
        """Close all connections."""
        self.reader.dispose()  # the writer goes last: the last connection to a SQLite file checkpoints it
        self.writer.dispose()


def open_database(
    url: str, *, pool_size: int = READERS, statement_timeout: timedelta = timedelta(seconds=30)
) -> Database:
    """Return the database behind `sqlite:///path` or `postgresql+psycopg://…`, after it has answered once.

    The folder of a SQLite file is made. `pool_size` is the number of connections kept for reading on SQLite and for
    everything on PostgreSQL.

    Raises:
        DatabaseUrlError: the URL names no such database.
        DatabaseAwayError: it does not answer.
    """
    where = _parse(url)
    if where.get_backend_name() == "sqlite":
        database = _open_sqlite(where, pool_size)
    else:
        database = _open_postgresql(where, pool_size, statement_timeout)
    try:
        with database.write() as session:
            session.execute(text("SELECT 1"))
    except DatabaseTroubleError as error:
        database.dispose()
        raise DatabaseAwayError(f"Cannot open {database.url}: {error}") from error
    return database


def _looked(session: Session, clock: Callable[[], datetime]) -> tuple[timedelta, timedelta]:
    """Return how long it took to look at the database's clock, and how far that is ahead."""
    before = clock()
    theirs: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    took = clock() - before
    return took, theirs.astimezone(UTC) - (before + took / 2)


def advisory_lock(session: Session, keys: Iterable[str]) -> None:
    """Wait until no other unit of work holds one of the keys, and hold them until the end of this one.

    The keys are taken in one order, so that two holders never wait for each other. On SQLite the one writer holds
    everything already.
    """
    if dialect_of(session) == "sqlite":
        return
    numbers = sorted({_lock_number(key) for key in keys})
    if numbers:
        _LOCK.rows(session, numbers=numbers)


def shared_lock(session: Session, key: str) -> None:
    """Wait until no other unit of work holds the key alone, and hold it, together with others, until the end."""
    if dialect_of(session) != "sqlite":
        _LOCK_SHARED.rows(session, number=_lock_number(key))


_LOCK: Final = Prepared(
    text("SELECT count(pg_advisory_xact_lock(number)) FROM unnest(CAST(:numbers AS bigint[])) AS number")
)
_LOCK_SHARED: Final = Prepared(text("SELECT count(pg_advisory_xact_lock_shared(CAST(:number AS bigint)))"))


def _parse(url: str) -> URL:
    try:
        where = make_url(url)
    except ArgumentError as error:
        raise DatabaseUrlError(f"{url[:20]!r}… is not a database URL such as sqlite:///tieout.db") from error
    is_ours = where.drivername in {"sqlite", "postgresql+psycopg"} and where.database
    if not is_ours or where.database == ":memory:":
        shown = where.render_as_string(hide_password=True)
        raise DatabaseUrlError(f"{shown!r} is neither sqlite:///path nor postgresql+psycopg://user@host/name")
    return where


def _open_sqlite(where: URL, pool_size: int) -> Database:
    path = Path(cast("str", where.database))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseAwayError(f"Cannot make the folder {path.parent}: {error.strerror}") from error
    # One connection writes and checkpoints: several can corrupt a WAL before SQLite 3.51.3.
    kept = {"cached_statements": STATEMENTS}
    writer = _engine(where, pool_size=1, max_overflow=0, connect_args=kept)
    reader = _engine(where, pool_size=pool_size, max_overflow=pool_size, connect_args=kept)
    _prepare_sqlite(writer, begin="BEGIN IMMEDIATE", pragmas=_WRITER_PRAGMAS)
    _prepare_sqlite(reader, begin="BEGIN", pragmas=("query_only=ON",))
    shown = where.render_as_string(hide_password=True)
    return Database(url=shown, dialect="sqlite", writer=writer, reader=reader, turns=Turns(PATIENCE))


def _prepare_sqlite(engine: Engine, *, begin: str, pragmas: Sequence[str]) -> None:
    wait = f"busy_timeout={BUSY_TIMEOUT // timedelta(milliseconds=1)}"

    def connected(connection: DBAPIConnection, _record: object) -> None:
        cast("sqlite3.Connection", connection).isolation_level = None  # we say BEGIN, the driver does not
        cursor = connection.cursor()
        for pragma in (wait, "foreign_keys=ON", *pragmas):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begun(connection: Connection) -> None:
        driver.counted(connection, begin, ())

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)


def _open_postgresql(where: URL, pool_size: int, statement_timeout: timedelta) -> Database:
    settings = {
        "timezone": "UTC",
        "synchronous_commit": "on",
        "default_transaction_isolation": r"read\ committed",
        "statement_timeout": statement_timeout // timedelta(milliseconds=1),
        "idle_in_transaction_session_timeout": IDLE_TIMEOUT // timedelta(milliseconds=1),
    }
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    arguments = {"options": options, "connect_timeout": 5, "application_name": "tieout"}
    try:
        writer = _engine(where, pool_size=pool_size, max_overflow=pool_size, connect_args=arguments)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise DatabaseUrlError("PostgreSQL needs its driver: pip install 'tieout[postgres]'") from error
    reader = writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Database(url=where.render_as_string(hide_password=True), dialect="postgresql", writer=writer, reader=reader)


def _engine(where: URL, **options: Any) -> Engine:  # create_engine's own keywords
    return create_engine(
        where,
        json_serializer=to_json,
        json_deserializer=_from_json,
        pool_use_lifo=True,  # the connection that was used last knows the statements, and has the pages at hand
        pool_pre_ping=where.get_backend_name() == "postgresql",
        hide_parameters=True,
        **options,
    )


def _from_json(value: Any) -> Any:  # what a JSON column holds
    return orjson.loads(value) if isinstance(value, str | bytes) else value  # SQLite keeps "5" in it as a number


def _lock_number(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), signed=True)
