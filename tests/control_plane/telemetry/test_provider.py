"""Spans on their way to a collector, which may be away."""

import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.semconv.attributes.url_attributes import URL_QUERY

from control_plane.bootstrap.process import started
from control_plane.settings import ConfigurationError, Settings
from control_plane.settings.sections import DatabaseSection, TelemetrySection
from control_plane.telemetry import traces
from control_plane.telemetry.provider import QUEUE, Patient, exporting
from tests.control_plane.telemetry.told import Lines, Spans
from tests.stands.claims import claim
from tests.stands.world import World

CLOSED = "http://127.0.0.1:9"
TAKEN, LOST = SpanExportResult.SUCCESS, SpanExportResult.FAILURE


@contextmanager
def _collector() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    taken: list[ExportTraceServiceRequest] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            taken.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Taking) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", taken
        server.shutdown()
        thread.join()


def test_a_collector_gets_spans_and_who_sent_them() -> None:
    with _collector() as (url, taken):
        with exporting(f"{url}/"):
            traces.born(traces.traceparent_of(7), 7, flow="expense_report", connection="concur")
        (resource,) = [one for request in taken for one in request.resource_spans]
    facts = {fact.key: fact.value.string_value for fact in resource.resource.attributes}
    (span,) = [span for scope in resource.scope_spans for span in scope.spans]
    assert facts["service.name"] == "tieout"
    assert facts["service.version"]
    assert facts["service.instance.id"]
    assert span.trace_id.hex() == traces.traceparent_of(7).split("-")[1]


async def test_work_goes_on_while_the_collector_is_away(w: World) -> None:
    begun = time.monotonic()
    with exporting(CLOSED):
        await w.approve(claim("R1"))
        await w.pull("concur", "expense_reports")
        await w.settle()
        worked = time.monotonic()
    assert [row.state for row in await w.transactions()] == ["posted"]
    assert worked - begun < 10
    assert time.monotonic() - worked < 5


def test_a_flood_of_spans_is_dropped_where_nobody_takes_them() -> None:
    begun = time.monotonic()
    with exporting(CLOSED):
        for number in range(2 * QUEUE):
            traces.born(traces.traceparent_of(number), number, flow="expense_report", connection="concur")
    assert time.monotonic() - begun < 20


class _Scripted(SpanExporter):
    def __init__(self, *results: SpanExportResult) -> None:
        self.script = list(results)

    def export(self, spans: object) -> SpanExportResult:
        return self.script.pop(0)


def test_it_is_said_once_that_the_collector_went_away_and_once_that_it_is_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    exporter = Patient(_Scripted(TAKEN, LOST, LOST, TAKEN, TAKEN))
    for _ in range(5):
        exporter.export([])
    assert [record.message for record in caplog.records] == [
        "spans are dropped: the collector does not take them",
        "the collector takes spans again",
    ]


def test_at_the_end_a_collector_that_is_away_is_not_asked_again() -> None:
    asked = _Scripted(LOST, LOST)
    exporter = Patient(asked)
    exporter.export([])
    exporter.hurry()
    assert exporter.export([]) is SpanExportResult.FAILURE
    assert len(asked.script) == 1


def test_what_a_request_asked_for_is_hidden(spans: Spans) -> None:
    with trace.get_tracer("tieout.test").start_as_current_span("GET", attributes={URL_QUERY: "code=secret"}):
        pass
    assert (spans.one("GET").attributes or {})[URL_QUERY] == "[redacted]"


async def test_a_process_without_the_extra_says_which_one_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    database = DatabaseSection(url=f"sqlite:///{tmp_path / 'tieout.db'}")
    settings = Settings(database=database, telemetry=TelemetrySection(otlp_endpoint=CLOSED))
    with pytest.raises(ConfigurationError, match=r"telemetry\.otlp_endpoint: .*pip install 'tieout\[otlp\]'"):
        async with started(settings, "embedded"):
            pass


async def test_a_process_sends_spans_where_its_settings_say(tmp_path: Path) -> None:
    database = DatabaseSection(url=f"sqlite:///{tmp_path / 'tieout.db'}")
    with _collector() as (url, taken):
        settings = Settings(database=database, telemetry=TelemetrySection(otlp_endpoint=url))
        async with started(settings, "embedded"):
            with traces.sync_run("concur", "expense_reports", 1):
                pass
    scopes = [scope for request in taken for resource in request.resource_spans for scope in resource.scope_spans]
    assert [span.name for scope in scopes for span in scope.spans] == ["pull concur expense_reports"]


def test_without_an_endpoint_nothing_is_recorded(json_lines: Lines) -> None:
    with exporting(""), traces.act("post", "erp", []) as span:
        assert not span.is_recording()
    assert json_lines.texts == []
