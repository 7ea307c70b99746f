"""The connection to SAP Concur: takes over approved reports and cash advances, tells what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from connectors.concur.client import FisClient, Listed
from connectors.concur.fields import FIELD_OPTIONS, Fields, UnusableFieldError, fields_of
from connectors.concur.handover import STREAMS, Cursor, Stream, envelopes_of, recalls_of
from connectors.concur.telling import acknowledged, confirmed
from connectors.concur.translation import translation_of
from connectors.concur.wire import text_of
from connectors.connection import ConnectionSettings, UnusableConnectionError, count, not_known, seconds
from connectors.contract import Confirmation, Connector, Envelope, Page, Receipt, Translation
from connectors.failures import Failure
from connectors.http import HttpClient
from connectors.oauth import ClientCredentials

CREDENTIALS: Final = ("client_id", "client_secret")
OPTIONS: Final = (
    "token_path",
    "scope",
    "system_id",
    "page_size",
    "deadline_seconds",
    "recall_events",
    *FIELD_OPTIONS,
)

RECALL_PAGE: Final = 100
"""Documents per page where only their status is wanted."""


class UnknownStreamError(LookupError):
    """A stream was asked for that the platform does not have."""


@dataclass(frozen=True, slots=True)
class ConcurSource:
    """The platform as a source of expense reports and cash advances."""

    name: str
    client: FisClient
    fields: Fields
    page_size: int
    recall_events: str
    """The path of a feed of events; empty: recalls are read from the list of all documents."""

    @property
    def streams(self) -> tuple[str, ...]:
        """Return the streams that can be pulled."""
        return tuple(STREAMS)

    async def pull(self, stream: str, cursor: str, limit: int) -> Page | Failure:
        """Return the next page after the cursor (empty: from the beginning).

        Raises:
            UnknownStreamError: the platform has no such stream.
        """
        if stream not in STREAMS:
            raise UnknownStreamError(not_known("stream", stream, STREAMS))
        if STREAMS[stream].is_of_recalls and self.recall_events:
            return await self._events(cursor, limit)
        return await self._documents(STREAMS[stream], cursor, limit)

    def translate(self, envelope: Envelope) -> Translation:
        """Return what the envelope says. Pure: the same bytes always give the same answer."""
        return translation_of(envelope, self.fields)

    async def acknowledge(self, source_document_ids: Sequence[str]) -> list[Receipt]:
        """Tell the platform that the documents are safely ours; one receipt per document, in order."""
        return await acknowledged(self.client, source_document_ids)

    async def confirm(self, confirmations: Sequence[Confirmation]) -> list[Receipt]:
        """Tell the platform what became of its documents; one receipt per confirmation, in order."""
        return await confirmed(self.client, confirmations)

    async def _documents(self, stream: Stream, cursor: str, limit: int) -> Page | Failure:
        at = Cursor.parse(cursor, stream)
        doc_type = stream.queues[at.queue]
        size = min(limit, RECALL_PAGE if stream.is_of_recalls else self.page_size)
        found = await self.client.documents(doc_type, at.page, size, any_status=stream.is_of_recalls)
        if isinstance(found, Failure):
            return found
        envelopes = envelopes_of(found.listing.items, stream, doc_type, source=self.name, sent_at=found.sent_at)
        following = at.after(stream, found.listing)
        return Page(envelopes, str(following or ""), has_more=following is not None)

    async def _events(self, cursor: str, limit: int) -> Page | Failure:
        after = cursor if cursor.isdecimal() else "0"
        found = await self.client.events(self.recall_events, after, limit)
        return found if isinstance(found, Failure) else self._page_of_events(found, after)

    def _page_of_events(self, found: Listed, after: str) -> Page:
        envelopes = recalls_of(found.listing.items, source=self.name, sent_at=found.sent_at)
        cursor = text_of(found.listing.beside.get("last")) or after
        return Page(envelopes, cursor, has_more=found.listing.beside.get("more") is True)


def connect(settings: ConnectionSettings, http: HttpClient) -> Connector:
    """Return the connection to SAP Concur; its credentials and options stand in the README beside this file.

    Raises:
        UnusableConnectionError: a setting is missing, unknown or unreadable.
    """
    settings.require(credentials=CREDENTIALS, options=OPTIONS)
    token_url = settings.url.rstrip("/") + settings.option("token_path", "/oauth2/v0/token", str)
    client_id, client_secret = (settings.credentials[key] for key in CREDENTIALS)
    client = FisClient(
        http,
        ClientCredentials(token_url, client_id, client_secret, scope=settings.option("scope", "", str)),
        system_id=settings.option("system_id", "tieout", str),
        deadline=settings.option("deadline_seconds", "10", seconds),
    )
    source = ConcurSource(
        name=settings.name,
        client=client,
        fields=_fields(settings),
        page_size=settings.option("page_size", "25", count),
        recall_events=settings.option("recall_events", "", str),
    )
    return Connector(settings.name, source=source, secrets=settings.secrets)


def _fields(settings: ConnectionSettings) -> Fields:
    try:
        return fields_of(settings.options)
    except UnusableFieldError as error:
        raise UnusableConnectionError(f"connection {settings.name}: {error}") from error
