"""The machine's limit: what W(n) cannot do without, each part at its leanest, added up on one core."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Self

import psycopg

from bench.client import as_fast_as_possible, message
from bench.databases import plain_url
from bench.figures import middle
from bench.peers import business
from bench.work import document, subject_of

STEPS: Final = 5
"""Rows that tell the story of one expense."""
PAGE: Final = 500
_LINES: Final = 32

Row = tuple[int, str, str, str]
Story = tuple[int, int, str, str]

_TABLES: Final = (
    "CREATE TABLE transaction_row (id BIGINT PRIMARY KEY, subject TEXT NOT NULL, state TEXT NOT NULL, body TEXT)",
    "CREATE UNIQUE INDEX transaction_by_subject ON transaction_row (subject)",
    "CREATE TABLE lineage_row (id BIGINT PRIMARY KEY, transaction_id BIGINT NOT NULL, name TEXT, facts TEXT)",
    "CREATE INDEX lineage_by_transaction ON lineage_row (transaction_id)",
)


@dataclass(frozen=True, slots=True)
class Limit:
    """Microseconds per expense of each part."""

    business_us: float
    post_us: float
    insert_us: float

    @classmethod
    def middle(cls, limits: Sequence[Self]) -> Self:
        """Return the limit of the parts' medians."""
        parts = zip(*((one.business_us, one.post_us, one.insert_us) for one in limits), strict=True)
        return cls(*(middle(part) for part in parts))

    @property
    def per_second(self) -> float:
        """Return expenses per second that one core could do."""
        return 1e6 / (self.business_us + self.post_us + self.insert_us)


def business_us(count: int) -> float:
    """Return what schema, lists, rate, business key and the ERP's document take, without any record of it."""
    bodies = [(subject_of(number), document(number)) for number in range(count)]
    keys: set[str] = set()
    began = time.perf_counter()
    for subject, body in bodies:
        data = business.read(body)
        business.enriched(data)
        keys.add(data["document_number"])
        business.erp_call(subject, data)
    return _us(began, count)


def post_us(erp_url: str, count: int) -> float:
    """Return what a bare post takes, to a server that answers without looking."""
    data = business.read(document(0))
    body = business.erp_call(subject_of(0), data)
    request = message(erp_url, "/bench/blank", body, {"content-type": "application/json"})
    load = asyncio.run(as_fast_as_possible(erp_url, [request] * count, lines=_LINES))
    return 1e6 / load.per_second


def sqlite_insert_us(count: int) -> float:
    """Return what one transaction with its story takes to insert, a page per durable commit, by `executemany`."""

    def insert(pages: Iterator[tuple[list[Row], list[Story]]]) -> None:
        for rows, stories in pages:
            with connection:
                connection.executemany("INSERT INTO transaction_row VALUES (?, ?, ?, ?)", rows)
                connection.executemany("INSERT INTO lineage_row VALUES (?, ?, ?, ?)", stories)

    with TemporaryDirectory() as folder, closing(sqlite3.connect(Path(folder, "limit.db"))) as connection:
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", *_TABLES):
            connection.execute(statement)
        return _timed(insert, count)


def postgres_insert_us(url: str, count: int) -> float:
    """Return what one transaction with its story takes to insert, a page per durable commit, by COPY."""

    def insert(pages: Iterator[tuple[list[Row], list[Story]]]) -> None:
        for rows, stories in pages:
            with connection.transaction(), connection.cursor() as cursor:
                _copy(cursor, "COPY transaction_row FROM STDIN", rows)
                _copy(cursor, "COPY lineage_row FROM STDIN", stories)

    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        for statement in _TABLES:
            connection.execute(statement)
        return _timed(insert, count)


def _copy(cursor: psycopg.Cursor, command: str, rows: Sequence[Row] | Sequence[Story]) -> None:
    with cursor.copy(command) as copy:
        for row in rows:
            copy.write_row(row)


def _timed(insert: Callable[[Iterator[tuple[list[Row], list[Story]]]], None], count: int) -> float:
    pages = [_page(range(first, min(first + PAGE, count))) for first in range(0, count, PAGE)]
    began = time.perf_counter()
    insert(iter(pages))
    return _us(began, count)


def _page(numbers: range) -> tuple[list[Row], list[Story]]:
    rows = [(number, f"R-{number}", "posted", document(number).decode()) for number in numbers]
    stories = [
        (STEPS * number + step, number, f"step {step}", '{"result": "passed", "reference": "EXR-1000"}')
        for number in numbers
        for step in range(STEPS)
    ]
    return rows, stories


def _us(began: float, count: int) -> float:
    return 1e6 * (time.perf_counter() - began) / count
