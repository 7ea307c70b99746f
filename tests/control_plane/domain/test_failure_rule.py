import time

import pytest

from connectors.failures import CATALOG, sentence_of
from control_plane.domain.failure_rule import LONGEST_TEXT, Answer, FailureRule, UnusableRuleError, check, named

TEXT = "Steuerkennzeichen V9 ist im Verfahren TAXDE nicht definiert"
ANSWER = Answer("erp", "FS-215", TEXT, "lines[0].tax_code")
RULE = FailureRule(
    "tax key",
    "inactive_master_data",
    answer_code="FS-215",
    pattern=r"Steuerkennzeichen (?P<value>\w+) ist im Verfahren",
    values={"domain": "tax_code", "domain_title": "Tax code"},
)
EVIL = (
    "(a+)+$",
    "(a|a)*b",
    "(.*)*x",
    "(x+x+)+y",
    "(a|aa)+$",
    r"(\w+\s?)*$",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    ".*" * 40 + "x",
)


def test_a_rule_gives_an_unknown_answer_a_code_with_its_values() -> None:
    check(RULE)
    rule, failure = named(ANSWER, [RULE]) or pytest.fail("it is not known")
    assert rule is RULE
    assert (failure.code, failure.field_path, failure.detail) == ("inactive_master_data", "lines[0].tax_code", TEXT)
    assert "Tax code V9 is inactive in the ERP" in sentence_of(failure)


@pytest.mark.parametrize(
    "answer",
    [
        Answer("erp", "FS-216", TEXT),
        Answer("erp", "FS-215", "Konto 474300 ist gesperrt"),
    ],
)
def test_what_has_another_code_or_other_words_stays_unknown(answer: Answer) -> None:
    assert named(answer, [RULE]) is None


def test_a_rule_of_one_connection_knows_no_other_one() -> None:
    own = FailureRule("own", "rejected_by_target", connection="sap", answer_code="FS-215", values={"problem": "Tax"})
    assert named(ANSWER, [own]) is None
    assert named(Answer("sap", "FS-215", ""), [own]) is not None


def test_the_first_rule_that_knows_it_wins() -> None:
    broad = FailureRule("any", "rejected_by_target", answer_code="FS-215", values={"problem": "Tax"})
    found = named(ANSWER, [broad, RULE])
    assert found is not None
    assert found[1].code == "rejected_by_target"


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (FailureRule("x", "rejected_by_target", values={"problem": "Tax"}), "every answer"),
        (FailureRule("x", "no_such_code", answer_code="1"), "no code no_such_code"),
        (FailureRule("x", "unknown_answer", answer_code="1"), "no code unknown_answer"),
        (FailureRule("x", "connection_refused", answer_code="1"), "never not_sent"),
        (FailureRule("x", "worker_stopped", answer_code="1"), "never poison"),
        (FailureRule("x", "rejected_by_target", answer_code="1"), "needs problem"),
        (FailureRule("x", "tax_refused", pattern="(?P<problem>a)" + "b" * 300), "longer than 300"),
        (FailureRule("x", "tax_refused", pattern="(?P<problem>a"), "cannot be used"),
        (FailureRule("x", "tax_refused", pattern=r"(?P<problem>a)\1"), "cannot be used"),
        (FailureRule("x", "tax_refused", pattern="(?P<problem>a)(?=b)"), "cannot be used"),
        (FailureRule("x", "tax_refused", pattern="(?P<problem>(a{1,1000}){1,1000})"), "cannot be used"),
        (FailureRule("x", "tax_refused", answer_code="1", values={"problem": "x" * 201}), "longer than 200"),
    ],
)
def test_a_rule_that_could_do_harm_is_not_kept(rule: FailureRule, problem: str) -> None:
    with pytest.raises(UnusableRuleError, match=problem):
        check(rule)


@pytest.mark.parametrize("pattern", EVIL)
@pytest.mark.parametrize("letter", ["a", "x", "aB "])
def test_no_pattern_and_no_text_takes_longer_than_a_tenth_of_a_second(pattern: str, letter: str) -> None:
    rule = FailureRule("evil", "tax_refused", pattern=pattern, values={"problem": "Tax"})
    check(rule)
    begun = time.process_time()
    named(Answer("erp", "1", letter * LONGEST_TEXT * 10 + "!"), [rule])
    assert time.process_time() - begun < 0.1


def test_a_value_read_from_an_endless_answer_is_bounded() -> None:
    rule = FailureRule("all", "tax_refused", pattern="(?P<problem>.*)")
    found = named(Answer("erp", "1", "x" * 10**6), [rule])
    assert found is not None
    assert len(found[1].values["problem"]) == 200


def test_every_code_that_an_answer_may_mean_can_be_given() -> None:
    values = dict.fromkeys(("problem", "value", "other", "field", "domain_title", "excess", "since"), "x")
    codes = [code for code in CATALOG if _is_usable(FailureRule("x", code, answer_code="1", values=values))]
    assert {"tax_refused", "closed_period", "missing_binding", "budget_exceeded", "temporarily_unavailable"} <= set(
        codes
    )


def _is_usable(rule: FailureRule) -> bool:
    try:
        check(rule)
    except UnusableRuleError:
        return False
    return True
