"""A twin's books take a unit of work whole or not at all."""

import sqlite3
from pathlib import Path

import pytest

from connectors.twins.database import open_books, unit_of_work


def write_and_fail(books: sqlite3.Connection) -> None:
    with unit_of_work(books):
        books.execute("INSERT INTO entry VALUES ('lost')")
        raise LookupError


def test_a_unit_of_work_that_fails_leaves_nothing(tmp_path: Path) -> None:
    books = open_books(tmp_path / "books.sqlite", "CREATE TABLE IF NOT EXISTS entry (word TEXT)")
    with unit_of_work(books):
        books.execute("INSERT INTO entry VALUES ('kept')")
    with pytest.raises(LookupError):
        write_and_fail(books)

    assert [row["word"] for row in books.execute("SELECT word FROM entry")] == ["kept"]
    books.close()
