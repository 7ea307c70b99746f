"""Statements that are built once, when their module is read: to ask again costs little more than the database needs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, Executable, Subquery, bindparam, select
from sqlalchemy.engine import Connection
from sqlalchemy.engine import Dialect as EngineDialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import JSON, TypeEngine, UserDefinedType
from sqlmodel import Session

from control_plane.store import driver
from control_plane.store.driver import Values
from control_plane.store.values import Bind, Read, bind_of, bound, read, read_of, to_json

Row = tuple[Any, ...]


class Prepared:
    """A statement of bound parameters, spelled once for each kind of database.

    Rows come back as plain tuples, their values as the columns' types read them.
    """

    def __init__(self, statement: Executable, *, postgresql: Executable | None = None) -> None:
        """Keep the statement, with another one for PostgreSQL where the two databases differ."""
        self._statements = {"sqlite": statement, "postgresql": statement if postgresql is None else postgresql}
        self._spelled: dict[str, _Spelled] = {}

    def rows(self, session: Session, **values: Any) -> list[Row]:
        """Return all rows."""
        connection = session.connection()
        spelled = self._of(connection)
        return spelled.read(driver.fetched(connection, spelled.text, spelled.bound(values)))

    def scalars(self, session: Session, **values: Any) -> list[Any]:
        """Return the first column of all rows."""
        return [row[0] for row in self.rows(session, **values)]

    def run(self, session: Session, **values: Any) -> int:
        """Execute it and return how many rows were inserted, changed or deleted."""
        connection = session.connection()
        spelled = self._of(connection)
        return driver.counted(connection, spelled.text, spelled.bound(values))

    def each(self, session: Session, many: Sequence[Mapping[str, Any]]) -> None:
        """Execute it once for each of the values."""
        connection = session.connection()
        spelled = self._of(connection)
        driver.repeated(connection, spelled.text, [spelled.bound(values) for values in many])

    def _of(self, connection: Connection) -> "_Spelled":
        name = connection.dialect.name
        if name not in self._spelled:
            self._spelled[name] = _spell(self._statements[name], connection.dialect)
        return self._spelled[name]


@dataclass(frozen=True, slots=True)
class _Spelled:
    """A statement in one database's words, with what its values go through."""

    text: str
    places: tuple[str, ...] | None
    """The parameters in the order of their places; None where they go by their names."""
    fixed: Mapping[str, Any]  # the driver's values
    binds: tuple[tuple[str, Bind], ...]
    reads: tuple[tuple[int, Read], ...]
    """Of the columns whose values are read otherwise than the driver gives them."""

    def bound(self, values: Mapping[str, Any]) -> Values:
        """Return the values as the driver wants them."""
        given = {**self.fixed, **values}
        for name, bind in self.binds:
            given[name] = bind(given[name])
        return given if self.places is None else tuple([given[name] for name in self.places])

    def read(self, rows: list[Row]) -> list[Row]:
        """Return the driver's rows as the columns' types read them."""
        if not rows or not self.reads:
            return rows
        columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
        for place, reader in self.reads:
            columns[place] = read(reader, columns[place])
        return list(zip(*columns, strict=True))


def _spell(statement: Executable, dialect: EngineDialect) -> _Spelled:
    compiled = cast("SQLCompiler", cast("Any", statement).compile(dialect=dialect))
    asked = {name: None for name, bind in compiled.binds.items() if bind.required}
    state = compiled.construct_expanded_state(asked)
    binds = {name: bind_of(compiled.binds[name].type, dialect) for name in asked}
    processors = cast("Mapping[str, Bind]", state.processors)
    fixed = {
        name: processors[name](value) if name in processors else value
        for name, value in state.parameters.items()
        if name not in asked
    }
    return _Spelled(
        state.statement,
        None if state.positiontup is None else tuple(state.positiontup),
        fixed,
        tuple((name, bind) for name, bind in binds.items() if bind is not None),
        _reads(statement, dialect),
    )


def _reads(statement: Executable, dialect: EngineDialect) -> tuple[tuple[int, Read], ...]:
    returned: Iterable[ColumnElement[Any]] = getattr(statement, "exported_columns", ())
    reads = [(place, read_of(column.type, dialect)) for place, column in enumerate(returned)]
    return tuple((place, read) for place, read in reads if read is not None)


def among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    """Return whether a column holds one of a parameter's values: a list, sent as one value however long it is."""
    return _Among(column, name)


def given(name: str, columns: Mapping[str, TypeEngine[Any]]) -> Subquery:
    """Return a parameter as a table to join with: rows of these columns, sent as one value however many they are."""
    each = _Each(bindparam(name, type_=_Rows(tuple(columns.values())))).table_valued("value")
    items = [_Item(each.c.value, place, kind).label(name) for place, (name, kind) in enumerate(columns.items())]
    return select(*items).select_from(each).subquery(name)


class _List(UserDefinedType[Sequence[Any]]):
    """Values of one type: a JSON text for SQLite, a list for PostgreSQL."""

    cache_ok = True

    def __init__(self, kind: TypeEngine[Any]) -> None:
        self.kind = kind

    def bind_processor(self, dialect: EngineDialect) -> Bind:
        if dialect.name != "sqlite":
            return list
        bind = bind_of(self.kind, dialect)
        return lambda values: to_json(bound(bind, list(values)))


class _Rows(UserDefinedType[Sequence[Row]]):
    """Rows of some types, as one JSON text."""

    cache_ok = True

    def __init__(self, kinds: tuple[TypeEngine[Any], ...]) -> None:
        self.kinds = kinds

    def bind_processor(self, dialect: EngineDialect) -> Bind:
        if dialect.name != "sqlite":  # PostgreSQL reads every type from JSON by itself
            return to_json
        binds = [bind_of(kind, dialect) for kind in self.kinds]
        return lambda rows: to_json([*zip(*map(bound, binds, zip(*rows, strict=True)), strict=True)])


class _Among(ColumnElement[bool]):
    inherit_cache = False

    def __init__(self, column: ColumnElement[Any], name: str) -> None:
        self.column, self.values = column, bindparam(name, type_=_List(column.type))


class _Each(FunctionElement[Any]):
    """The items of a JSON list, one per row."""

    inherit_cache = False


class _Item(ColumnElement[Any]):
    """One place of a row that is a JSON list."""

    inherit_cache = False

    def __init__(self, row: ColumnElement[Any], place: int, kind: TypeEngine[Any]) -> None:
        self.row, self.place, self.type = row, place, kind


@compiles(_Among, "sqlite")
def _among_on_sqlite(one: _Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = compiler.process(one.column, **kw), compiler.process(one.values, **kw)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608  # a column and a parameter


@compiles(_Among, "postgresql")
def _among_on_postgresql(one: _Among, compiler: SQLCompiler, **kw: Any) -> str:
    values = f"CAST({compiler.process(one.values, **kw)} AS {_name_of(one.column.type, compiler)}[])"
    return f"{compiler.process(one.column, **kw)} = ANY ({values})"


@compiles(_Each, "sqlite")
def _each_on_sqlite(one: _Each, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_each({compiler.process(one.clauses, **kw)})"


@compiles(_Each, "postgresql")
def _each_on_postgresql(one: _Each, compiler: SQLCompiler, **kw: Any) -> str:
    """Spell the list as an array: the planner takes that for a short one, and looks its rows up by an index."""
    rows = f"SELECT jsonb_array_elements(CAST({compiler.process(one.clauses, **kw)} AS JSONB))"
    return f"(SELECT value FROM unnest(ARRAY({rows})) AS row(value))"  # noqa: S608  # a parameter


@compiles(_Item, "sqlite")
def _item_on_sqlite(one: _Item, compiler: SQLCompiler, **kw: Any) -> str:
    return f"json_extract({compiler.process(one.row, **kw)}, '$[{one.place}]')"


@compiles(_Item, "postgresql")
def _item_on_postgresql(one: _Item, compiler: SQLCompiler, **kw: Any) -> str:
    row, kind = compiler.process(one.row, **kw), one.type.dialect_impl(compiler.dialect)
    if isinstance(kind, JSON):
        return f"({row} -> {one.place})"
    return f"CAST({row} ->> {one.place} AS {_name_of(one.type, compiler)})"


def _name_of(kind: TypeEngine[Any], compiler: SQLCompiler) -> str:
    name: str = compiler.dialect.type_compiler_instance.process(kind)
    return name
