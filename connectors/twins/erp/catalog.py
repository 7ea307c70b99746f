"""The sandbox ERP's master data: in memory for the rules, in its file for the deltas."""

import base64
import binascii
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Final  # attributes are JSON

import orjson

from connectors.twins.database import unit_of_work
from connectors.twins.erp.master_data import Item, Seed, items
from connectors.twins.moments import moment, stamp

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS item (
    domain TEXT NOT NULL, code TEXT NOT NULL, name TEXT NOT NULL, company TEXT, active INTEGER NOT NULL,
    valid_from TEXT, valid_to TEXT, attributes BLOB NOT NULL, modified_at TEXT NOT NULL, version INTEGER NOT NULL,
    PRIMARY KEY (domain, code)
);
CREATE UNIQUE INDEX IF NOT EXISTS item_by_change ON item (domain, modified_at);
"""
DOMAINS: Final = frozenset(
    {
        "gl_account",
        "cost_center",
        "project",
        "tax_code",
        "payment_term",
        "employee",
        "legal_entity",
        "approval_hierarchy",
        "period",
        "rate",
    },
)
_EPOCH: Final = datetime(2017, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)
_INSERT: Final = "INSERT OR REPLACE INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class Record:
    """An item with the moment of its last change and its count of changes."""

    item: Item
    modified_at: str
    version: int

    def words(self) -> dict[str, Any]:
        """Return the record as it is told over HTTP."""
        item = self.item
        return {
            "domain": item.domain,
            "code": item.code,
            "name": item.name,
            "active": item.active,
            "company": item.company,
            "valid_from": item.valid_from,
            "valid_to": item.valid_to,
            "attributes": dict(item.attributes),
            "modified_at": self.modified_at,
            "version": self.version,
        }


class UnreadableCursorError(ValueError):
    """A cursor or a moment in a query was not given out by this server."""


class Catalog:
    """All master data by domain and code, each change with a moment of its own."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        now: Callable[[], datetime],
        seed: Seed,
    ) -> None:
        self._connection = connection
        self._now = now
        self._records = {_key(record.item): record for record in map(_record, connection.execute(_ALL))}
        if not self._records:
            self._plant(seed)
        self._last = max((record.modified_at for record in self._records.values()), default=stamp(_EPOCH))

    def item(self, domain: str, code: str) -> Item | None:
        """Return a record of master data."""
        record = self._records.get((domain, code))
        return record.item if record else None

    def period(self, company: str, subledger: str, day: date) -> Item | None:
        """Return the period of a day."""
        return self.item("period", f"{company}-{subledger}-{day:%Y-%m}")

    def put(self, item: Item) -> Record:
        """Add an item or overwrite it, with a later moment than any change before."""
        former = self._records.get(_key(item))
        self._last = stamp(max(self._now(), moment(self._last) + _TICK))
        record = Record(item, self._last, former.version + 1 if former else 1)
        self._connection.execute(_INSERT, _row(record))
        self._records[_key(item)] = record
        return record

    def change(self, item: Item, changes: Mapping[str, Any]) -> Record:
        """Overwrite some fields of an item; attributes are merged."""
        attributes = {**item.attributes, **changes.get("attributes", {})}
        return self.put(replace(item, **{**changes, "attributes": attributes}))

    def page(self, domain: str, since: str, limit: int) -> tuple[list[Record], bool]:
        """Return the next changes after a moment, and whether there are more."""
        rows = self._connection.execute(_PAGE, (domain, since, limit + 1)).fetchall()
        return [_record(row) for row in rows[:limit]], len(rows) > limit

    def _plant(self, seed: Seed) -> None:
        records = _planted(seed)
        with unit_of_work(self._connection):
            self._connection.executemany(_INSERT, (row for _, row in records))
        self._records = {_key(record.item): record for record, _ in records}


def cursor_after(record: Record) -> str:
    """Return the opaque cursor of the page that begins after a record."""
    return base64.urlsafe_b64encode(record.modified_at.encode()).decode()


def since_of(cursor: str | None, since: str | None) -> str:
    """Return the moment after which a page begins.

    Raises:
        UnreadableCursorError: neither was given out by this server.
    """
    try:
        if cursor:
            return stamp(moment(base64.urlsafe_b64decode(cursor.encode()).decode()))
        return stamp(moment(since)) if since else ""
    except (ValueError, binascii.Error) as error:
        raise UnreadableCursorError("`cursor` or `since` cannot be read") from error


_ALL: Final = "SELECT * FROM item"
_PAGE: Final = "SELECT * FROM item WHERE domain = ? AND modified_at > ? ORDER BY modified_at LIMIT ?"


@cache
def _planted(seed: Seed) -> tuple[tuple[Record, tuple[object, ...]], ...]:
    """Return the seeded records with their rows, made once in a process."""
    records = (Record(item, stamp(_EPOCH + index * _TICK), 1) for index, item in enumerate(items(seed)))
    return tuple((record, _row(record)) for record in records)


def _key(item: Item) -> tuple[str, str]:
    return item.domain, item.code


def _row(record: Record) -> tuple[object, ...]:
    item = record.item
    attributes = orjson.dumps(dict(item.attributes))
    return (
        item.domain,
        item.code,
        item.name,
        item.company,
        item.active,
        item.valid_from,
        item.valid_to,
        attributes,
        record.modified_at,
        record.version,
    )


def _record(row: sqlite3.Row) -> Record:
    item = Item(
        domain=row["domain"],
        code=row["code"],
        name=row["name"],
        company=row["company"],
        active=bool(row["active"]),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        attributes=orjson.loads(row["attributes"]),
    )
    return Record(item, row["modified_at"], row["version"])
