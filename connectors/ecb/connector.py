"""The European Central Bank as a source of master data: the euro reference rates of every day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from connectors.canonical.master_data import Domain
from connectors.connection import ConnectionSettings, count, seconds
from connectors.contract import (
    Confirmation,
    Connector,
    Envelope,
    Page,
    Receipt,
    ReceiptStatus,
    Translation,
)
from connectors.ecb.mapping import page_of, translation_of
from connectors.ecb.wire import UnreadableTableError, table_of
from connectors.exchange import Exchange, Reply, failure_of
from connectors.failures import Failure
from connectors.http import HttpClient

OPTIONS: Final = ("path", "days", "deadline_seconds")
HISTORY: Final = "/stats/eurofxref/eurofxref-hist.zip"

_OK: Final = 200
_ACCEPT: Final = {"accept": "text/csv, application/zip"}


@dataclass(frozen=True, slots=True)
class EcbSource:
    """What the bank publishes. It waits for no acknowledgement and is told nothing."""

    name: str
    http: HttpClient
    path: str
    days: int
    """How far back from the newest day is read."""
    deadline: timedelta

    @property
    def streams(self) -> tuple[str, ...]:
        """Return the one stream, named like its list."""
        return (Domain.RATE.value,)

    async def pull(self, stream: str, cursor: str, limit: int) -> Page | Failure:  # noqa: ARG002  (there is one)
        """Return the next days after the cursor (empty: from the beginning), oldest first."""
        exchange = await self.http.get(self.path, deadline=self.deadline, headers=_ACCEPT)
        if not isinstance(exchange, Reply) or exchange.status != _OK:
            return _failure_of(exchange)
        try:
            table = table_of(exchange.body)
        except UnreadableTableError as error:
            return Failure("unreadable_document", {"document": self.path, "problem": str(error)})
        return page_of(table, self.name, after=cursor, days=self.days, limit=limit)

    def translate(self, envelope: Envelope) -> Translation:
        """Return what the envelope says."""
        return translation_of(envelope)

    async def acknowledge(self, source_document_ids: Sequence[str]) -> list[Receipt]:
        """Return that all is done: the bank keeps no account of its readers."""
        return [Receipt(document, ReceiptStatus.DONE) for document in source_document_ids]

    async def confirm(self, confirmations: Sequence[Confirmation]) -> list[Receipt]:
        """Return that all is done: nothing of the bank's is ever confirmed."""
        return [Receipt(each.source_document_id, ReceiptStatus.DONE) for each in confirmations]


def connect(settings: ConnectionSettings, http: HttpClient) -> Connector:
    """Return the connection to the bank; its options stand in the README beside this file.

    Raises:
        UnusableConnectionError: a setting is unknown or unreadable.
    """
    settings.require(credentials=(), options=OPTIONS)
    source = EcbSource(
        name=settings.name,
        http=http,
        path=settings.option("path", HISTORY, _path),
        days=settings.option("days", "400", count),
        deadline=settings.option("deadline_seconds", "30", seconds),
    )
    return Connector(settings.name, source=source)


def _path(text: str) -> str:
    if not text.startswith("/") or text.startswith("//"):
        raise ValueError(f"{text} is no path below the connection's URL")
    return text


def _failure_of(exchange: Exchange) -> Failure:
    """Return why there is no table to read."""
    status = exchange.status if isinstance(exchange, Reply) else ""
    return failure_of(exchange) or Failure("wrong_address", detail=f"status {status}")
