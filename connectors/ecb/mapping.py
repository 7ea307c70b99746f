"""The bank's days as master data: one record of a day with the units that one euro was worth."""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Final

from connectors.canonical.events import EventType
from connectors.canonical.master_data import REFERENCE_RATES, Domain, MasterRecord
from connectors.contract import Document, Envelope, Page, Translation, Unreadable
from connectors.ecb.wire import Row, Table, UnreadableTableError, cells_of, table_of
from connectors.failures import Failure

MAPPING_VERSION: Final = "ecb/1"

_NOT_QUOTED: Final = frozenset({"", "N/A"})
"""What stands where the bank publishes no rate: the currency had gone, or had not come yet."""
_CURRENCY: Final = re.compile("[A-Z]{3}")
_RATE: Final = re.compile(r"(?=.*[1-9])[0-9]{1,12}(\.[0-9]{1,12})?")


def page_of(table: Table, source: str, *, after: str, days: int, limit: int) -> Page:
    """Return the days after the cursor, which is the last day that was read, oldest first.

    Days that lie further behind the newest one than `days` are left out.
    """
    newest = table.rows[-1].day.toordinal() if table.rows else 0
    wanted = [row for row in table.rows if row.day.isoformat() > after and newest - row.day.toordinal() < days]
    envelopes = tuple(_envelope(table.head, row, source) for row in wanted[:limit])
    cursor = wanted[: len(envelopes)][-1].day.isoformat() if envelopes else after
    return Page(envelopes, cursor, has_more=len(wanted) > len(envelopes))


def translation_of(envelope: Envelope) -> Translation:
    """Return the record of the day that an envelope holds."""
    try:
        record = _record(table_of(envelope.payload))
    except UnreadableTableError as error:
        failure = Failure("schema_violation", {"problem": str(error), "field": "rates"}, field_path="rates")
        return Unreadable((failure,), source_id=envelope.subject)
    return Document(envelope.type, record, MAPPING_VERSION)


def _envelope(head: str, row: Row, source: str) -> Envelope:
    """Keep a day as it came, under an id that it has again when it comes again unchanged."""
    payload = f"{head}\n{row.text}\n".encode()
    subject = _code(row.day)
    digest = hashlib.sha256(payload).hexdigest()
    at = datetime.combine(row.day, time(), tzinfo=UTC)
    return Envelope(f"{subject}:{digest}", source, EventType.MASTER_DATA_CHANGED, subject, at, payload, "text/csv")


def _record(table: Table) -> MasterRecord:
    if len(table.rows) != 1:
        raise UnreadableTableError(f"it holds {len(table.rows)} days instead of one")
    (row,) = table.rows
    return MasterRecord(
        domain=Domain.RATE,
        code=_code(row.day),
        name=f"Euro reference rates of {row.day.isoformat()}",
        active=True,
        attributes=_rates(cells_of(table.head)[1:], cells_of(row.text)[1:]),
        valid_from=row.day,
    )


def _rates(currencies: list[str], cells: list[str]) -> Mapping[str, str]:
    if len(currencies) != len(cells) or len(set(currencies)) != len(currencies):
        raise UnreadableTableError("its columns cannot be told apart")
    quoted = {currency: rate for currency, rate in zip(currencies, cells, strict=True) if rate not in _NOT_QUOTED}
    for currency, rate in quoted.items():
        if not _CURRENCY.fullmatch(currency) or not _RATE.fullmatch(rate):
            raise UnreadableTableError(f"{rate[:20]!r} is no rate of {currency[:20]!r}")
    return quoted


def _code(day: date) -> str:
    return f"{REFERENCE_RATES}{day.isoformat()}"
