from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import OutcomeKind
from connectors.exchange import (
    Exchange,
    Lost,
    NotSent,
    Reply,
    failed,
    failure_of,
    failure_of_status,
    outcome_kind_of,
    retry_after_seconds,
    unknown,
)
from connectors.failures import Failure

MONDAY = "Mon, 15 Jun 2026 12:00:00 GMT"


def reply(status: int, headers: Mapping[str, str] | None = None) -> Reply:
    return Reply(status, headers or {}, b"")


@pytest.mark.parametrize(
    ("exchange", "code", "kind"),
    [
        (reply(301), "answer_lost", OutcomeKind.UNKNOWN),
        (reply(304), "answer_lost", OutcomeKind.UNKNOWN),
        (reply(401), "credentials_refused", OutcomeKind.REJECTED),
        (reply(403), "access_denied", OutcomeKind.REJECTED),
        (reply(408), "answer_lost", OutcomeKind.UNKNOWN),
        (reply(413), "call_too_large", OutcomeKind.REJECTED),
        (reply(429), "rate_limited", OutcomeKind.REJECTED),
        (reply(500), "answer_lost", OutcomeKind.UNKNOWN),
        (reply(502), "answer_lost", OutcomeKind.UNKNOWN),
        (reply(503), "temporarily_unavailable", OutcomeKind.REJECTED),
        (reply(504), "answer_lost", OutcomeKind.UNKNOWN),
        (reply(520), "answer_lost", OutcomeKind.UNKNOWN),
        (NotSent("refused"), "connection_refused", OutcomeKind.NOT_SENT),
        (NotSent("401", code="credentials_refused"), "credentials_refused", OutcomeKind.REJECTED),
        (Lost("reset"), "answer_lost", OutcomeKind.UNKNOWN),
    ],
)
def test_what_an_exchange_without_an_answer_means(exchange: Exchange, code: str, kind: OutcomeKind) -> None:
    failure = failure_of(exchange)
    assert failure is not None
    assert (failure.code, outcome_kind_of(failure)) == (code, kind)
    assert failure.entry.kind is failure.kind


@pytest.mark.parametrize("status", [200, 201, 202, 204, 400, 404, 409, 422])
def test_a_success_and_a_business_refusal_are_for_the_connector_to_read(status: int) -> None:
    assert failure_of_status(reply(status)) is None


def test_a_failed_call_fails_every_document_of_it() -> None:
    outcomes = failed(["a", "b"], Failure("connection_refused"))
    assert [(outcome.reference, outcome.kind) for outcome in outcomes] == [
        ("a", OutcomeKind.NOT_SENT),
        ("b", OutcomeKind.NOT_SENT),
    ]


def test_a_failed_question_proves_nothing() -> None:
    (outcome,) = unknown(["a"], Failure("rate_limited", retry_after_seconds=7))
    assert outcome.kind is OutcomeKind.UNKNOWN
    assert outcome.failure == Failure("rate_limited", retry_after_seconds=7)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": "0"}, 1.0),
        ({"retry-after": "-5"}, 1.0),
        ({"retry-after": "315360000"}, 3600.0),
        ({"retry-after": "9" * 5000}, None),
        ({"retry-after": "9" * 400}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Mon, 15 Jun 2026 12:02:00 GMT", "date": MONDAY}, 120.0),
        ({"retry-after": "Mon, 15 Jun 2026 14:02:00 +0200", "date": MONDAY}, 120.0),
        ({"retry-after": "Mon, 15 Jun 2026 12:02:00 -0000", "date": MONDAY}, 120.0),
        ({"retry-after": "Wed, 15 Jun 2036 12:00:00 GMT", "date": MONDAY}, 3600.0),
        ({"retry-after": "Sun, 14 Jun 2026 12:00:00 GMT", "date": MONDAY}, 1.0),
        ({"retry-after": "Mon, 15 Jun 2026 12:02:00 GMT"}, None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_clamped(headers: Mapping[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers) == seconds


@given(st.text(), st.text())
def test_no_header_breaks_the_reading_of_retry_after(until: str, now: str) -> None:
    seconds = retry_after_seconds({"retry-after": until, "date": now})
    assert seconds is None or 1 <= seconds <= 3600


def test_a_reply_shows_neither_its_body_nor_its_headers() -> None:
    shown = repr(Reply(200, {"x-token": "secret"}, b"salary", excerpt="salary"))
    assert "secret" not in shown
    assert "salary" not in shown
