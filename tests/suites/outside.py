"""What a connector's author gives to `tests.suites.connector`: a running outside, and a hand in it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from connectors.contract import Envelope, Intent, Page, Source, Target


@dataclass(frozen=True, slots=True)
class Booked:
    """One document in the outside's own books, read past the connector."""

    reference: str
    number: str
    total_minor: int
    reverses: str = ""
    """The number of the document that this one reverses."""


class TargetHarness(Protocol):
    """A running ERP of one test alone, with the connector that speaks to it."""

    target: Target
    unreachable_target: Target
    """The same connector, pointed at a port where nobody listens."""
    secrets: tuple[str, ...]

    def intents(self, count: int) -> list[Intent]:
        """Return that many documents which the ERP books: one company, amounts above zero, nothing in common."""

    def refusals(self) -> Mapping[str, Intent]:
        """Return documents which the ERP refuses, by the catalog code that is expected."""

    async def lose_next_answer(self) -> None:
        """Carry out the next writing call whole, and let its answer never arrive."""

    async def garble_next_answer(self) -> None:
        """Carry out the next writing call whole, and answer 200 with a page for people."""

    async def refuse_next_call(self) -> None:
        """Let the next writing call end without an answer, and without being carried out."""

    async def books(self) -> Sequence[Booked]:
        """Return everything that the ERP holds of our references, reversals as documents of their own."""


class SourceHarness(Protocol):
    """A running source of one test alone, with the connector that speaks to it."""

    source: Source
    unreachable_source: Source
    """The same connector, pointed at a port where nobody listens."""
    stream: str
    """A stream to read in pages."""
    secrets: tuple[str, ...]

    async def publish(self, count: int) -> Collection[str]:
        """Add that many new things to the stream and return their envelopes' subjects."""

    async def took(self, page: Page) -> None:
        """Tell the source that a page is ours, where it waits for that before it shows the next."""

    def unreadable(self) -> Mapping[str, Envelope]:
        """Return envelopes that cannot be translated, by the catalog code that is expected."""

    async def awaiting(self) -> Sequence[str]:
        """Return ids of documents that may be acknowledged."""
