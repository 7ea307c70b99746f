"""What was told: spans and log lines, kept in memory."""

import logging

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanContext, format_span_id, format_trace_id


class Spans(InMemorySpanExporter):
    """Ended spans of ours; those of the twins' own servers are not ours."""

    def ours(self) -> list[ReadableSpan]:
        return [span for span in self.get_finished_spans() if _scope_of(span).startswith("tieout")]

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.ours() if span.name == name]

    def one(self, name: str) -> ReadableSpan:
        (span,) = self.named(name)
        return span


class Lines(logging.Handler):
    """Log lines as they would be written."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))


def context_of(span: ReadableSpan) -> SpanContext:
    context: SpanContext | None = span.get_span_context()
    assert context is not None
    return context


def _scope_of(span: ReadableSpan) -> str:
    return span.instrumentation_scope.name if span.instrumentation_scope else ""


def traceparent(context: SpanContext) -> str:
    return f"00-{format_trace_id(context.trace_id)}-{format_span_id(context.span_id)}-01"


def linked(span: ReadableSpan) -> list[str]:
    """Return the contexts that a span is linked to."""
    return [traceparent(link.context) for link in span.links]
