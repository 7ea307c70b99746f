"""The sandbox ERP as a source of master data and payments, and as a target of postings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from connectors.canonical.master_data import Domain
from connectors.connection import ConnectionSettings, count, seconds
from connectors.contract import (
    Confirmation,
    Connector,
    Dedupe,
    Envelope,
    Intent,
    Outcome,
    Page,
    Posting,
    Receipt,
    ReceiptStatus,
    Reversal,
    Traits,
    Translation,
)
from connectors.exchange import Exchange, Reply, failed, unknown
from connectors.failures import Failure
from connectors.http import HttpClient
from connectors.sandbox_erp import mapping, records, wire
from connectors.sandbox_erp.client import SandboxErpClient
from connectors.sandbox_erp.refusals import failure_of_exchange, unclear

OPTIONS: Final = ("dedupe", "visibility_grace_seconds", "batch", "concurrency", "deadline_seconds")
PAYMENTS: Final = "payments"
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class SandboxErpSource:
    """What the ERP tells: its lists, and what it pays. It waits for no acknowledgement."""

    name: str
    client: SandboxErpClient

    @property
    def streams(self) -> tuple[str, ...]:
        """Return one stream for each list of master data, then the payments."""
        return (*(domain.value for domain in Domain), PAYMENTS)

    async def pull(self, stream: str, cursor: str, limit: int) -> Page | Failure:
        """Return the next page after the cursor (empty: from the beginning)."""
        if stream == PAYMENTS:
            payments = _read(wire.Payments, await self.client.payments(cursor, limit))
            return payments if isinstance(payments, Failure) else records.page_of_payments(payments, self.name)
        items = _read(wire.Items, await self.client.master_data(stream, cursor, limit))
        return items if isinstance(items, Failure) else records.page_of_records(items, self.name, cursor)

    def translate(self, envelope: Envelope) -> Translation:
        """Return what the envelope says."""
        return records.translation_of(envelope)

    async def acknowledge(self, source_document_ids: Sequence[str]) -> list[Receipt]:
        """Return that all is done: the ERP keeps no account of its readers."""
        return [Receipt(document, ReceiptStatus.DONE) for document in source_document_ids]

    async def confirm(self, confirmations: Sequence[Confirmation]) -> list[Receipt]:
        """Return that all is done: the ERP asks for no confirmation of what it told."""
        return [Receipt(each.source_document_id, ReceiptStatus.DONE) for each in confirmations]


@dataclass(frozen=True, slots=True)
class SandboxErpTarget:
    """What the ERP books for us."""

    name: str
    client: SandboxErpClient
    traits: Traits

    async def post(self, intents: Sequence[Intent]) -> list[Outcome]:
        """Book the documents; each stands for itself."""
        exchange = await self.client.post_documents([mapping.document_of(intent) for intent in intents])
        answer = _read(wire.Results, exchange)
        if isinstance(answer, Failure):
            return failed([intent.reference for intent in intents], answer)
        return mapping.outcomes_of_posting(intents, answer.results, self.name)

    async def find(self, references: Sequence[str]) -> list[Outcome]:
        """Ask which references are booked."""
        answer = _read(wire.Documents, await self.client.find("references", references))
        if isinstance(answer, Failure):
            return unknown(references, answer)
        return mapping.outcomes_of_question(references, answer.documents, self.name)

    async def find_by_source(self, source_documents: Sequence[str]) -> Mapping[str, tuple[Posting, ...]] | Failure:
        """Return every posting under the business objects, whatever the version."""
        answer = _read(wire.Documents, await self.client.find("source_documents", source_documents))
        if isinstance(answer, Failure):
            return answer
        return mapping.postings_by_source(source_documents, answer.documents, self.name)

    async def reverse(self, reversals: Sequence[Reversal]) -> list[Outcome]:
        """Reverse postings; the ERP itself knows what is reversed and names the same reversal again."""
        exchange = await self.client.reverse([mapping.reversal_of(reversal) for reversal in reversals])
        answer = _read(wire.Results, exchange)
        if isinstance(answer, Failure):
            return failed([reversal.reference for reversal in reversals], answer)
        return mapping.outcomes_of_reversal(reversals, answer.results, self.name)


def connect(settings: ConnectionSettings, http: HttpClient) -> Connector:
    """Return the connection to a sandbox ERP; its credential and options stand in the README beside this file.

    Raises:
        UnusableConnectionError: a setting is missing, unknown or unreadable.
    """
    settings.require(credentials=("api_key",), options=OPTIONS)
    traits = Traits(
        dedupe=settings.option("dedupe", Dedupe.QUERYABLE, Dedupe),
        visibility_grace=settings.option("visibility_grace_seconds", "1", seconds),
        batch=settings.option("batch", "25", count),
        deadline=settings.option("deadline_seconds", "10", seconds),
        concurrency=settings.option("concurrency", "8", count),
    )
    client = SandboxErpClient(http, settings.credentials["api_key"], traits.deadline)
    return Connector(
        name=settings.name,
        source=SandboxErpSource(settings.name, client),
        target=SandboxErpTarget(settings.name, client, traits),
        secrets=settings.secrets,
    )


def _read(shape: type[wire.Shape], exchange: Exchange) -> wire.Shape | Failure:
    """Return the answer in its shape, or why there is none to read."""
    if not isinstance(exchange, Reply) or exchange.status != _OK:
        return failure_of_exchange(exchange)
    answer = wire.read(shape, exchange.body)
    if isinstance(answer, wire.Misfit):
        return unclear(f"{answer.field}: {answer.problem}. {exchange.excerpt}")
    return answer
