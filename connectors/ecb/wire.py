"""The bank's words: one table of rates with a line for each day, plain or alone in a zip file."""

import zlib
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

LARGEST_TABLE: Final = 16 * 2**20
"""Bytes; all days since 1999 are 2 MB."""
LARGEST_RATIO: Final = 100
"""Unpacked to packed bytes; the bank's own file has 3."""

DAY: Final = "Date"
"""The name of the first column; the others are named by their currency."""
_ZIP: Final = b"PK"


class UnreadableTableError(Exception):
    """The bytes are no table of rates."""


@dataclass(frozen=True, slots=True)
class Row:
    """One day's line, as it came."""

    day: date
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """The line that names the currencies, and the days, oldest first."""

    head: str
    rows: tuple[Row, ...]


def table_of(body: bytes) -> Table:
    """Return the table in an answer's bytes, each line still unread but for its day.

    Raises:
        UnreadableTableError: it is none, or too large.
    """
    lines = _text_of(_unpacked(body)).splitlines()
    if not lines or cells_of(lines[0])[0] != DAY:
        raise UnreadableTableError(f"it does not begin with the column {DAY}")
    rows = (Row(day_of(line), line) for line in lines[1:] if line.strip())
    return Table(lines[0], tuple(sorted(rows, key=lambda row: row.day)))


def cells_of(line: str) -> list[str]:
    """Return the cells of a line; the bank quotes none."""
    return [cell.strip() for cell in line.split(",")]


def day_of(line: str) -> date:
    """Return the day that a line begins with.

    Raises:
        UnreadableTableError: it begins with none.
    """
    text = cells_of(line)[0]
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UnreadableTableError(f"a line begins with {text[:20]!r}, which is no day") from error


def _text_of(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableTableError("it is not UTF-8") from error


def _unpacked(body: bytes) -> bytes:
    if not body.startswith(_ZIP):
        return body
    try:
        with ZipFile(BytesIO(body)) as archive:
            return archive.read(_only_entry(archive, len(body)))
    except (BadZipFile, RuntimeError, EOFError, OSError, ValueError, zlib.error) as error:
        raise UnreadableTableError("the zip file is damaged or locked") from error


def _only_entry(archive: ZipFile, packed_size: int) -> ZipInfo:
    """Return the one file in an archive; it never unpacks to more than it declares here."""
    entries = archive.infolist()
    if len(entries) != 1:
        raise UnreadableTableError(f"the zip file holds {len(entries)} files instead of one")
    entry = entries[0]
    if entry.file_size > min(LARGEST_TABLE, packed_size * LARGEST_RATIO):
        raise UnreadableTableError(f"the zip file unpacks to {entry.file_size} bytes")
    if entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        raise UnreadableTableError("the zip file is packed in an unknown way")
    return entry
