"""One trace per transaction: its context from birth on, and spans of what moves it, linked to that context.

Nothing here knows where spans go: without a provider they cost next to nothing and go nowhere.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar, Token
from functools import partial
from hashlib import sha256
from typing import Final, Protocol

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.trace import INVALID_SPAN, Link, NonRecordingSpan, Span, SpanContext, StatusCode, TraceFlags

from control_plane.domain.identity import public_id
from control_plane.domain.transaction import Seen
from control_plane.telemetry.attributes import (
    CONNECTION_NAME,
    FLOW_NAME,
    OUTCOMES,
    STREAM_NAME,
    SYNC_RUN_ID,
    SYNC_RUN_RECEIVED,
    TRANSACTION_COUNT,
    TRANSACTION_ID,
)

Facts = Mapping[str, str | int]

_SCOPE: Final = "tieout"
_PLANNED: Final[ContextVar[SpanContext | None]] = ContextVar("planned", default=None)
_ACT: Final[ContextVar[Callable[[], Facts]]] = ContextVar("act", default=dict)
"""Tells the facts of the act under way: they are put together only where somebody wants them."""


class Traced(Protocol):
    """A transaction with the context that was stored at its birth."""

    @property
    def seen(self) -> Seen:
        """Return which transaction it is."""

    @property
    def trace_context(self) -> str:
        """Return its W3C traceparent; empty where it has none."""


def traceparent_of(transaction_id: int) -> str:
    """Return the W3C context of a new transaction: its id decides, so that a simulated run repeats exactly."""
    digest = sha256(f"transaction {transaction_id}".encode()).hexdigest()
    return f"00-{digest[:32]}-{digest[32:48]}-01"


def planned() -> SpanContext | None:
    """Return the context that the span which begins now was promised, if any."""
    return _PLANNED.get()


def facts_of_act() -> Facts:
    """Return what the act under way is about; nothing outside of one."""
    return _ACT.get()()


def born(traceparent: str, transaction_id: int, *, flow: str, connection: str) -> None:
    """Tell a transaction's birth: the first span of its trace, linked to what brought it."""
    if not _is_recorded():
        return
    attributes = {FLOW_NAME: flow, CONNECTION_NAME: connection, TRANSACTION_ID: public_id("txn", transaction_id)}
    promise = _PLANNED.set(_context_of(traceparent))
    try:
        _tracer().start_span(f"receive {flow}", Context(), attributes=attributes, links=_link_to_current()).end()
    finally:
        _PLANNED.reset(promise)


def act(operation: str, connection: str, works: Sequence[Traced]) -> AbstractContextManager[Span]:
    """Span an act about transactions, linked to each; about a single one it is a part of that one's trace."""
    return _span(f"{operation} {connection}", partial(_facts_of, connection, works), works)


def sync_run(connection: str, stream: str, run_id: int) -> AbstractContextManager[Span]:
    """Span a sync run."""
    facts = {CONNECTION_NAME: connection, STREAM_NAME: stream, SYNC_RUN_ID: public_id("run", run_id)}
    return _span(f"pull {connection} {stream}", lambda: facts)


def tell_outcomes(span: Span, outcomes: Iterable[str]) -> None:
    """Say which answers came."""
    span.set_attribute(OUTCOMES, sorted(set(outcomes)))


def tell_received(span: Span, count: int, *, failure: str = "") -> None:
    """Say how many envelopes a sync run brought, and the code of what ended it early."""
    span.set_attribute(SYNC_RUN_RECEIVED, count)
    if failure:
        tell_failure(span, failure)


def tell_failure(span: Span, error_type: str) -> None:
    """Say that an act failed, by a code or a class: a message may be personal."""
    span.set_attribute(ERROR_TYPE, error_type)
    span.set_status(StatusCode.ERROR)


def _span(name: str, facts: Callable[[], Facts], works: Sequence[Traced] = ()) -> AbstractContextManager[Span]:
    """Give a span; what is logged meanwhile carries its facts, whether it is recorded or not."""
    return _recorded(name, facts, works) if _is_recorded() else _Logged(facts)


class _Logged:
    """Lets what is logged meanwhile carry the facts of an act, and gives a span that records nothing."""

    __slots__ = ("_before", "_facts")

    def __init__(self, facts: Callable[[], Facts]) -> None:
        self._facts = facts

    def __enter__(self) -> Span:
        self._before: Token[Callable[[], Facts]] = _ACT.set(self._facts)
        return INVALID_SPAN

    def __exit__(self, *_: object) -> None:
        _ACT.reset(self._before)


@contextmanager
def _recorded(name: str, facts: Callable[[], Facts], works: Sequence[Traced]) -> Iterator[Span]:
    contexts = [context for context in (_context_of(work.trace_context) for work in works) if context is not None]
    parent = trace.set_span_in_context(NonRecordingSpan(contexts[0])) if len(contexts) == len(works) == 1 else None
    with (
        _Logged(facts),
        _tracer().start_as_current_span(
            name,
            parent,
            attributes=facts(),
            links=[Link(context) for context in contexts],
            record_exception=False,
            set_status_on_exception=False,
        ) as span,
    ):
        try:
            yield span
        except Exception as error:
            tell_failure(span, type(error).__qualname__)
            raise


def _facts_of(connection: str, works: Sequence[Traced]) -> Facts:
    facts: dict[str, str | int] = {CONNECTION_NAME: connection, TRANSACTION_COUNT: len(works)}
    flows = {work.seen.flow for work in works}
    if len(flows) == 1:
        facts[FLOW_NAME] = flows.pop()
    if len(works) == 1:
        facts[TRANSACTION_ID] = public_id("txn", works[0].seen.id)
    return facts


def _link_to_current() -> list[Link]:
    current = trace.get_current_span().get_span_context()
    return [Link(current)] if current.is_valid else []


def _context_of(traceparent: str) -> SpanContext | None:
    if not traceparent:
        return None
    _, trace_id, span_id, flags = traceparent.split("-")
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))


def _is_recorded() -> bool:
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def _tracer() -> trace.Tracer:
    return trace.get_tracer(_SCOPE)
