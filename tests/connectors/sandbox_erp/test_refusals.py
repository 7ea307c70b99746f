import re
from pathlib import Path

import pytest

import connectors.twins.erp
from connectors.exchange import Lost, NotSent, Reply
from connectors.failures import CATALOG, FailureKind
from connectors.sandbox_erp.refusals import MEANINGS, failure_of_exchange, failure_of_rejection
from connectors.sandbox_erp.wire import Rejected
from tests.suites.connector import assert_is_whole

README = Path(connectors.twins.erp.__file__).with_name("README.md").read_text(encoding="utf-8")
CODE = re.compile(r"`([a-z_]+)`")


def promised_codes() -> set[str]:
    """Return every code of a refused document that the ERP's own README lists."""
    posting = README.partition("Codes of a rejection")[2].partition("`value` is the text")[0]
    rows = (line.split("|")[1] for line in posting.splitlines() if line.startswith("| `"))
    reversing = README.partition("turned. Codes:")[2].partition("##")[0]
    return {code for text in (*rows, re.sub(r"\(.*?\)", "", reversing)) for code in CODE.findall(text)}


def rejected(code: str) -> Rejected:
    return Rejected(
        status="rejected", reference="EXR-1", code=code, message="Told", field="posting_date", value="2025-12-05"
    )


def test_every_code_that_the_erp_promises_has_a_meaning() -> None:
    assert len(promised_codes()) > 30
    assert promised_codes() == set(MEANINGS)


@pytest.mark.parametrize("code", sorted(MEANINGS))
def test_every_refusal_gives_a_whole_sentence(code: str) -> None:
    failure = failure_of_rejection(rejected(code))
    assert_is_whole(failure)
    assert failure.detail == "Told"


def test_a_closed_period_is_named_by_its_month() -> None:
    assert failure_of_rejection(rejected("period_closed")).values == {"value": "2025-12"}


def test_a_code_that_the_erp_adds_is_kept_with_its_words_under_a_code_of_its_own() -> None:
    failure = failure_of_rejection(rejected("brand_new"))
    assert (failure.code, failure.kind) == ("unknown_answer", FailureKind.REJECTED)
    assert dict(failure.values) == {"answer_code": "brand_new", "problem": "Told"}
    assert (failure.field_path, failure.detail) == ("posting_date", "Told")


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, b'{"error": {"code": "malformed", "message": "no"}}', "schema_violation"),
        (401, b'{"error": {"code": "unauthorized", "message": "no"}}', "credentials_refused"),
        (401, b"<html>", "credentials_refused"),
        (404, b'{"error": {"code": "not_found", "message": "no"}}', "wrong_address"),
        (404, b"<html>", "answer_lost"),
        (409, b"", "already_booked"),
        (413, b"", "call_too_large"),
        (422, b'{"error": {"code": "invalid", "message": "no"}}', "schema_violation"),
        (422, b'{"error": {}}', "answer_lost"),
        (429, b"", "rate_limited"),
        (500, b"", "answer_lost"),
        (501, b'{"error": {"code": "not_searchable", "message": "no"}}', "cannot_be_asked"),
        (502, b"", "answer_lost"),
        (503, b"", "answer_lost"),
    ],
)
def test_a_refused_request_is_read_by_its_code_and_never_guessed(status: int, body: bytes, code: str) -> None:
    failure = failure_of_exchange(Reply(status, {}, body))
    assert failure.code == code
    assert failure.code in CATALOG
    assert_is_whole(failure)


def test_what_was_not_answered_keeps_its_cause() -> None:
    assert failure_of_exchange(NotSent("refused")).kind is FailureKind.NOT_SENT
    assert failure_of_exchange(Lost("reset")).detail == "reset"
