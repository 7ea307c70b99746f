"""Where spans go: by OTLP over HTTP to a collector, in batches that never hold up work."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from importlib.metadata import version
from typing import Final
from uuid import uuid4

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.semconv.attributes.service_attributes import SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION
from opentelemetry.semconv.attributes.url_attributes import URL_QUERY

from control_plane.telemetry.traces import planned

LOG: Final = logging.getLogger(__name__)

QUEUE: Final = 4096
"""Ended spans that wait for the collector; what comes on top is dropped."""

WITHIN: Final = timedelta(seconds=3)
"""How long a collector has to take a batch."""

_MOST_LINKS: Final = 1000
"""The largest batch of transactions that a setting allows."""


class NoExporterError(Exception):
    """Spans are to be sent, and the package that sends them is not installed."""


@contextmanager
def exporting(endpoint: str) -> Iterator[None]:
    """Send spans to a collector's base URL, such as `http://localhost:4318`, until the end; empty: record none.

    Raises:
        NoExporterError: the exporter is not installed.
    """
    if not endpoint:
        yield
        return
    exporter = Patient(_otlp(endpoint))
    provider = provider_to(BatchSpanProcessor(exporter, max_queue_size=QUEUE))
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        exporter.hurry()
        provider.shutdown()


def provider_to(*processors: SpanProcessor) -> TracerProvider:
    """Return a provider that says who we are, keeps the contexts of transactions, and hides what is asked for."""
    resource = Resource.create(
        {SERVICE_NAME: "tieout", SERVICE_VERSION: version("tieout"), SERVICE_INSTANCE_ID: str(uuid4())}
    )
    provider = TracerProvider(
        resource=resource,
        id_generator=PlannedIds(),
        span_limits=SpanLimits(max_links=_MOST_LINKS),
        shutdown_on_exit=False,
    )
    for processor in (WithoutQuery(), *processors):
        provider.add_span_processor(processor)
    return provider


class PlannedIds(RandomIdGenerator):
    """Random ids, but for the span that was promised its own: a transaction's first."""

    def generate_trace_id(self) -> int:
        """Return the promised trace id, or a random one."""
        context = planned()
        return super().generate_trace_id() if context is None else context.trace_id

    def generate_span_id(self) -> int:
        """Return the promised span id, or a random one."""
        context = planned()
        return super().generate_span_id() if context is None else context.span_id


class WithoutQuery(SpanProcessor):
    """Hides what a request asked for: a search may name a person, a sign-in address opens the screen."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002  (the SDK's name)
        """Hide the query of a request that begins."""
        if URL_QUERY in (span.attributes or {}):
            span.set_attribute(URL_QUERY, "[redacted]")


class Patient(SpanExporter):
    """Says once that the collector went away, once that it is back, and does not wait for it at the end."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._is_away = False
        self._is_ending = False

    def hurry(self) -> None:
        """Begin to end: a collector that is away is not asked again."""
        self._is_ending = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch; what cannot be sent is dropped."""
        if self._is_ending and self._is_away:
            return SpanExportResult.FAILURE
        result = self._exporter.export(spans)
        is_away = result is not SpanExportResult.SUCCESS
        if is_away != self._is_away:
            _say(is_away=is_away)
        self._is_away = is_away
        return result

    def shutdown(self) -> None:
        """Close what the exporter holds open."""
        self._exporter.shutdown()


def _say(*, is_away: bool) -> None:
    if is_away:
        LOG.warning("spans are dropped: the collector does not take them")
    else:
        LOG.info("the collector takes spans again")


def _otlp(endpoint: str) -> SpanExporter:
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415  (an extra)
            OTLPSpanExporter,
        )
    except ImportError as error:
        raise NoExporterError("spans are sent by the extra 'otlp': pip install 'tieout[otlp]'") from error
    return OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=WITHIN.total_seconds())
