"""One trace per transaction, over everything that moves it."""

import json
import logging
import re

import pytest
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.url_attributes import URL_FULL
from opentelemetry.trace import INVALID_SPAN, StatusCode

from control_plane.domain.identity import public_id
from control_plane.telemetry import traces
from control_plane.telemetry.attributes import (
    CONNECTION_NAME,
    FLOW_NAME,
    OUTCOMES,
    SYNC_RUN_RECEIVED,
    TRANSACTION_COUNT,
    TRANSACTION_ID,
)
from tests.control_plane.telemetry.told import Lines, Spans, context_of, linked, traceparent
from tests.stands.claims import claim
from tests.stands.world import GRACE, World


def test_the_context_of_a_transaction_follows_from_its_id() -> None:
    one, other = traces.traceparent_of(1), traces.traceparent_of(2)
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", one)
    assert one == traces.traceparent_of(1) != other


async def test_a_lost_answer_a_question_and_a_confirmation_stand_in_the_trace_of_their_transaction(
    w: World, spans: Spans
) -> None:
    await w.approve(claim("R1"))
    await w.faults("erp", [{"kind": "reset", "moment": "after", "path": "/v1/documents$", "count": 1}])
    await w.pull("concur", "expense_reports")
    await w.settle_over(GRACE)

    (row,) = await w.transactions()
    assert row.state == "posted"
    birth, run = spans.one("receive expense_report"), spans.one("pull concur expense_reports")
    assert traceparent(context_of(birth)) == row.trace_context == traces.traceparent_of(row.id)
    assert linked(birth) == [traceparent(context_of(run))]
    acts = [spans.one(name) for name in ("post erp", "find erp", "confirm concur")]
    assert [linked(act) for act in acts] == [[row.trace_context]] * 3
    assert {context_of(act).trace_id for act in acts} == {context_of(birth).trace_id}
    assert [(act.attributes or {})[OUTCOMES] for act in acts] == [("unknown",), ("posted",), ("done",)]
    assert {act.status.status_code for act in acts} == {StatusCode.UNSET}


async def test_what_is_sent_again_is_linked_to_the_same_context(w: World, spans: Spans) -> None:
    await w.approve(claim("R1"))
    await w.faults("erp", [{"kind": "close", "moment": "before", "path": "/v1/documents$", "count": 1}])
    await w.pull("concur", "expense_reports")
    await w.settle_over(GRACE, turns=4)

    (row,) = await w.transactions()
    attempts = spans.named("post erp")
    assert (row.attempt_count, [linked(attempt) for attempt in attempts]) == (2, [[row.trace_context]] * 2)


async def test_an_act_about_several_transactions_links_to_each_and_is_in_no_trace_of_theirs(
    w: World, spans: Spans
) -> None:
    await w.approve(claim("R1"), claim("R2"))
    await w.pull("concur", "expense_reports")
    await w.settle()

    contexts = {row.trace_context for row in await w.transactions()}
    (told,) = [span for span in spans.named("confirm concur") if len(span.links) > 1]
    assert (len(contexts), set(linked(told)), told.parent) == (2, contexts, None)
    assert {row.trace_context for row in await w.transactions("posting_confirmation")} == contexts
    facts = told.attributes or {}
    assert (facts[TRANSACTION_COUNT], facts[FLOW_NAME], TRANSACTION_ID in facts) == (2, "posting_confirmation", False)


async def test_a_span_names_what_it_is_about_in_our_own_words(w: World, spans: Spans) -> None:
    await w.approve(claim("R1"))
    await w.pull("concur", "expense_reports")
    await w.settle()

    (row,) = await w.transactions()
    expected = {CONNECTION_NAME: "erp", FLOW_NAME: "expense_report", TRANSACTION_ID: public_id("txn", row.id)}
    assert expected.items() <= dict(spans.one("post erp").attributes or {}).items()
    assert (spans.one("pull concur expense_reports").attributes or {})[SYNC_RUN_RECEIVED] == 1


async def test_the_calls_of_an_act_stand_below_it_and_show_neither_query_nor_token(w: World, spans: Spans) -> None:
    await w.approve(claim("R1"))
    await w.pull("concur", "expense_reports")
    await w.settle()

    post = context_of(spans.one("post erp")).span_id
    assert [span.name for span in spans.ours() if span.parent and span.parent.span_id == post] == ["POST"]
    urls = [str((span.attributes or {})[URL_FULL]) for span in spans.ours() if URL_FULL in (span.attributes or {})]
    assert len(urls) > 2
    assert not [url for url in urls if "?" in url or "sandbox" in url]


async def test_a_sync_run_that_its_source_ends_says_why(w: World, spans: Spans) -> None:
    await w.faults("expense", [{"kind": "status", "moment": "before", "status": 401, "path": "fi/v4"}])
    await w.pull("concur", "expense_reports")
    await w.settle()

    run = spans.one("pull concur expense_reports")
    assert run.status.status_code is StatusCode.ERROR
    assert (run.attributes or {})[ERROR_TYPE]


def test_our_own_mistake_is_told_by_its_class_alone(spans: Spans) -> None:
    with pytest.raises(ValueError, match="Erika"), traces.act("post", "erp", []):
        raise ValueError("Erika Mustermann")
    (span,) = spans.ours()
    assert (span.attributes or {})[ERROR_TYPE] == "ValueError"
    assert not span.events
    assert "Erika" not in span.to_json()


def test_without_a_provider_nothing_is_recorded_and_log_lines_still_say_what_they_are_about(json_lines: Lines) -> None:
    with traces.act("post", "erp", []) as span:
        logging.getLogger("some").warning("something")
    logging.getLogger("some").warning("something else")
    within, after = [json.loads(line) for line in json_lines.texts]
    assert span is INVALID_SPAN
    assert (within[CONNECTION_NAME], within[TRANSACTION_COUNT], CONNECTION_NAME in after) == ("erp", 0, False)


def test_a_log_line_is_found_from_its_trace(spans: Spans, json_lines: Lines) -> None:
    with traces.sync_run("concur", "expense_reports", 7):
        logging.getLogger("some").warning("something")
    (line,) = [json.loads(text) for text in json_lines.texts]
    context = context_of(spans.one("pull concur expense_reports"))
    assert traceparent(context) == f"00-{line['trace_id']}-{line['span_id']}-01"
