"""The ledger side of a connection to Tryton."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connectors.contract import Intent, Outcome, Posting, Reversal, Traits
from connectors.exchange import failed, unknown
from connectors.failures import Failure
from connectors.tryton.booking import Booking
from connectors.tryton.client import Deadline, TrytonClient
from connectors.tryton.mapping import found
from connectors.tryton.reading import Reader
from connectors.tryton.reversing import Reversing


@dataclass(frozen=True, slots=True)
class TrytonTarget:
    """Books, finds and reverses moves."""

    client: TrytonClient
    reader: Reader
    traits: Traits

    async def post(self, intents: Sequence[Intent]) -> list[Outcome]:
        """Book the documents of one company; one outcome per intent, in order. A repeat books nothing twice."""
        references = [intent.reference for intent in intents]
        if not references:
            return []
        outcomes = await Booking(self.client, self.reader, self._deadline()).book(intents)
        if isinstance(outcomes, Failure):
            return failed(references, outcomes)
        return [outcomes[reference] for reference in references]

    async def find(self, references: Sequence[str]) -> list[Outcome]:
        """Ask which references are booked; a draft counts as absent."""
        books = await self.reader.labeled(references, self._deadline())
        if isinstance(books, Failure):
            return unknown(references, books)
        postings = books.postings()
        return [found(reference, postings) for reference in references]

    async def find_by_source(self, source_documents: Sequence[str]) -> Mapping[str, tuple[Posting, ...]] | Failure:
        """Return every posting, reversed ones marked, under the business objects, whatever the version."""
        books = await self.reader.of_sources(source_documents, self._deadline())
        if isinstance(books, Failure):
            return books
        postings = books.postings()
        return {
            source: tuple(posting for label, posting in postings if label.source_document == source)
            for source in source_documents
        }

    async def reverse(self, reversals: Sequence[Reversal]) -> list[Outcome]:
        """Reverse postings one after the other; `posted` carries the reversing document."""
        deadline = self._deadline()
        return [await Reversing(self.client, self.reader, deadline).reverse(wanted) for wanted in reversals]

    def _deadline(self) -> Deadline:
        return Deadline(self.traits.deadline)
