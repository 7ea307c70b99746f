import pytest

from connectors.failures import CATALOG
from connectors.tryton.refusals import failure_of_refusal
from connectors.tryton.wire import Refusal

Sample = tuple[str, str, dict[str, str]]

ACCOUNT = {"domain": "gl_account", "domain_title": "Account"}
SAID_BY_8_2: tuple[Sample, ...] = (
    (
        'The value "474999 - Former travel" for field "Account" in record "1.00 @ 474999" of "Account Move Line"',
        "inactive_master_data",
        {**ACCOUNT, "value": "474999"},
    ),
    (
        'To create a line on account "474140 - Taxi", you must set a type or unclose it.',
        "inactive_master_data",
        {**ACCOUNT, "value": "474140"},
    ),
    ('You cannot create a journal-period in closed period "2025-12".', "closed_period", {"value": "2025-12"}),
    (
        'You cannot add/modify/delete lines on closed journal-period "Expense - 2025-12".',
        "closed_period",
        {"value": "Expense - 2025-12"},
    ),
    (
        'The value "2025-12" for field "Period" in record "(27)" of "Account Move" is not valid.',
        "closed_period",
        {"value": "2025-12"},
    ),
    (
        'To continue, you must reopen the period "2026-03" of company "Meadow" for the date "03/05/2026".',
        "closed_period",
        {"value": "2026-03"},
    ),
    (
        'To continue, you must create a period for the date "01/05/2031" and company "Northwind Meadow GmbH".',
        "no_open_period",
        {"value": "01/05/2031"},
    ),
    ('To post move "(8)", you must balance all its lines debits and credits.', "unbalanced", {}),
    ('You are not allowed to access "Account Move".', "access_denied", {}),
    (
        'A value is required for field "Party" in record "-EUR\xa01.00 @ 331000" of "Account Move Line".',
        "rejected_by_target",
        {"problem": 'A value is required for field "Party" in record "-EUR\xa01.00 @ 331000" of "Account Move Line"'},
    ),
    (
        "The sequence is locked by somebody.",
        "unknown_answer",
        {"answer_code": "UserError", "problem": "The sequence is locked by somebody"},
    ),
)
SAID_BY_7_0: tuple[Sample, ...] = (
    (
        'The value "2025-12" for field "Period" in "[8]" of "Account Move" is not valid according to its domain.',
        "closed_period",
        {"value": "2025-12"},
    ),
    (
        'The value "474999 - Travel" for field "Account" in "[9]" of "Account Move Line" is not valid.',
        "inactive_master_data",
        {**ACCOUNT, "value": "474999"},
    ),
)


@pytest.mark.parametrize(("message", "code", "values"), SAID_BY_8_2 + SAID_BY_7_0)
def test_tryton_s_english_is_read_as_a_code_with_its_values(message: str, code: str, values: dict[str, str]) -> None:
    failure = failure_of_refusal(Refusal("UserError", message))
    assert (failure.code, dict(failure.values), failure.detail) == (code, values, message)
    assert code in CATALOG


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ("ConcurrencyException", "temporarily_unavailable"),
        ("LoginException", "credentials_refused"),
        ("UserWarning", "unknown_answer"),
        ("", "unknown_answer"),
    ],
)
def test_the_class_comes_before_the_words(error: str, code: str) -> None:
    message = "Records were modified in the meanwhile"
    assert failure_of_refusal(Refusal(error, message)).code == code
