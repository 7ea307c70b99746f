from dataclasses import replace

import pytest

from connectors.concur.answers import ACKNOWLEDGEMENT, PAYMENT, POSTING, Question, receipt_of
from connectors.concur.connector import connect
from connectors.concur.fields import FIELD_OPTIONS, Fields, UnusableFieldError, fields_of
from connectors.connection import ConnectionSettings, UnusableConnectionError
from connectors.contract import ReceiptStatus
from connectors.failures import FailureKind
from connectors.http import HttpClient

URL = "https://platform.example"
DONE, RECALLED, REFUSED, LATER = ReceiptStatus.DONE, ReceiptStatus.RECALLED, ReceiptStatus.REFUSED, ReceiptStatus.LATER
SETTINGS = ConnectionSettings("concur", "concur", URL, {"client_id": "us", "client_secret": "planted-secret"})


def refusal_of(settings: ConnectionSettings) -> str:
    with pytest.raises(UnusableConnectionError) as refused:
        connect(settings, HttpClient(URL))
    return str(refused.value)


def test_a_connection_is_a_source_and_no_target() -> None:
    connector = connect(SETTINGS, HttpClient(URL))
    assert (connector.name, connector.target) == ("concur", None)
    assert connector.source
    assert connector.source.streams == ("expense_reports", "cash_advances", "recalls")
    assert "planted-secret" in connector.secrets
    assert "planted-secret" not in repr(connector)


@pytest.mark.parametrize(
    ("option", "text", "sentence"),
    [
        ("cost_centre", "x", "connection concur: option 'cost_centre' is not known; did you mean 'cost_center'?"),
        ("page_size", "0", "connection concur: the option 'page_size' cannot be '0'"),
        ("deadline_seconds", "soon", "connection concur: the option 'deadline_seconds' cannot be 'soon'"),
        (
            "project",
            "P.5",
            "connection concur: option 'project': 'P.5' is no field of the platform, such as entryOrgUnit4Code",
        ),
    ],
)
def test_an_unusable_option_is_named(option: str, text: str, sentence: str) -> None:
    assert refusal_of(replace(SETTINGS, options={option: text})) == sentence


def test_a_missing_credential_is_named() -> None:
    settings = replace(SETTINGS, credentials={"client_id": "us"})
    assert refusal_of(settings) == "connection concur: the credential 'client_secret' is missing"


def test_fields_are_named_one_after_the_other_or_nowhere() -> None:
    fields = fields_of({"project": "entryCustom7Code  entryCustom8Code", "policy_status": ""})
    assert fields == replace(Fields(), project=("entryCustom7Code", "entryCustom8Code"), policy_status=())


def test_every_fact_can_be_placed_elsewhere() -> None:
    fields = fields_of(dict.fromkeys(FIELD_OPTIONS, "reportCustom20Code"))
    assert {getattr(fields, option) for option in FIELD_OPTIONS} == {("reportCustom20Code",)}


def test_a_field_that_the_platform_could_not_name_is_refused() -> None:
    with pytest.raises(UnusableFieldError, match="is no field of the platform"):
        fields_of({"approver": "Last Approver"})


# --------------------------------------------------------------------------------------------------- answers


@pytest.mark.parametrize(
    ("question", "code", "result", "status"),
    [
        (ACKNOWLEDGEMENT, 0, "SUCCESS", DONE),
        (ACKNOWLEDGEMENT, None, "SUCCESS", DONE),
        (ACKNOWLEDGEMENT, 101, "FAILURE", DONE),
        (ACKNOWLEDGEMENT, 102, "FAILURE", RECALLED),
        (ACKNOWLEDGEMENT, 103, "FAILURE", LATER),
        (ACKNOWLEDGEMENT, 104, "FAILURE", REFUSED),
        (ACKNOWLEDGEMENT, 105, "FAILURE", REFUSED),
        (ACKNOWLEDGEMENT, 99, "FAILURE", REFUSED),
        (ACKNOWLEDGEMENT, 199, "FAILURE", LATER),
        (POSTING, 0, "SUCCESS", DONE),
        (POSTING, 111, "NOT_YET_ACKNOWLEDGED", LATER),
        (POSTING, 112, "WAS_RECALLED", RECALLED),
        (POSTING, None, "WAS_RECALLED", RECALLED),
        (POSTING, 113, "FAILURE", DONE),
        (POSTING, 116, "DOCUMENT_NOT_FOUND", REFUSED),
        (POSTING, 198, "FAILURE", REFUSED),
        (POSTING, None, "SYSTEM_ERROR_OCCURRED", LATER),
        (POSTING, None, "SOMETHING_NEW", LATER),
        (PAYMENT, 0, "SUCCESS", DONE),
        (PAYMENT, 112, "FAILURE", RECALLED),
        (PAYMENT, 213, "FAILURE", DONE),
        (PAYMENT, 298, "NOOP", DONE),
        (PAYMENT, 298, "FAILURE", REFUSED),
        (PAYMENT, 299, "NOT_POSTING_CONFIRMED", LATER),
    ],
)
def test_an_answer_is_read_by_code_before_text(
    question: Question, code: int | None, result: str, status: ReceiptStatus
) -> None:
    receipt = receipt_of("d1", {"code": code, "docId": "d1", question.result_field: result}, question)
    assert (receipt.source_document_id, receipt.status) == ("d1", status)


def test_a_document_that_the_answer_does_not_name_is_told_again() -> None:
    receipt = receipt_of("d1", None, POSTING)
    assert receipt.status is LATER
    assert receipt.failure
    assert receipt.failure.kind is FailureKind.UNKNOWN


def test_a_refusal_keeps_the_platforms_own_words_as_evidence() -> None:
    item = {"code": 99, "postingConfirmationResult": "FAILURE", "errorMessage": "The system id does not match."}
    failure = receipt_of("d1", item, POSTING).failure
    assert failure
    assert failure.values["problem"] == "FAILURE, code 99"
    assert failure.detail == "99 FAILURE The system id does not match."
