"""Others who send us events: a source that is never asked and hears nothing from us."""

from collections.abc import Sequence
from dataclasses import dataclass

from connectors.connection import ConnectionSettings, UnusableConnectionError
from connectors.contract import (
    Confirmation,
    Connector,
    Envelope,
    Page,
    Receipt,
    ReceiptStatus,
    Translation,
)
from connectors.events.translation import translation_of
from connectors.failures import Failure


@dataclass(frozen=True, slots=True)
class EventsSource:
    """What others send us. That it is safely ours they know from the answer to their own call."""

    name: str

    @property
    def streams(self) -> tuple[str, ...]:
        """Return that there is nothing to pull."""
        return ()

    async def pull(self, stream: str, cursor: str, limit: int) -> Page | Failure:  # noqa: ARG002  (a source's shape)
        """Return that nothing can be pulled."""
        return Failure("nothing_to_pull", {"target": self.name})

    def translate(self, envelope: Envelope) -> Translation:
        """Return what the event says. Pure: the same bytes always give the same answer."""
        return translation_of(envelope)

    async def acknowledge(self, source_document_ids: Sequence[str]) -> list[Receipt]:
        """Return that all is done: the sender's call was answered."""
        return [Receipt(document, ReceiptStatus.DONE) for document in source_document_ids]

    async def confirm(self, confirmations: Sequence[Confirmation]) -> list[Receipt]:
        """Return that nobody was told: there is no way to the sender."""
        failure = Failure("confirmation_refused", {"source": self.name, "problem": "there is no way to tell it"})
        return [Receipt(each.source_document_id, ReceiptStatus.REFUSED, failure) for each in confirmations]


def connect(settings: ConnectionSettings) -> Connector:
    """Return the connection of those who send us events; it has no settings.

    Raises:
        UnusableConnectionError: something is set all the same.
    """
    settings.require(credentials=())
    if settings.url:
        raise UnusableConnectionError(f"connection {settings.name}: events are sent to us, so it has no url")
    return Connector(settings.name, source=EventsSource(settings.name), is_told=False)
