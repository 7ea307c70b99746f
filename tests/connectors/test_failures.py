import re
from pathlib import Path

import pytest

from connectors.failures import (
    CATALOG,
    Failure,
    FailureKind,
    Owner,
    remedy_of,
    sentence_of,
    unknown_answer,
)
from connectors.runbook import ADDED_TO_EVERY_SENTENCE, VALUES, names_in, runbook

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"
DOCUMENT = {name: f"<{name}>" for name in ADDED_TO_EVERY_SENTENCE - {"code"}}


@pytest.mark.parametrize("code", CATALOG)
def test_every_name_in_a_sentence_is_explained(code: str) -> None:
    assert names_in(CATALOG[code]) <= VALUES.keys()


@pytest.mark.parametrize("code", CATALOG)
def test_a_sentence_is_whole_when_its_values_are_given(code: str) -> None:
    values = {name: f"<{name}>" for name in names_in(CATALOG[code]) - ADDED_TO_EVERY_SENTENCE}
    failure = Failure(code, values)
    told = sentence_of(failure, DOCUMENT) + remedy_of(failure, DOCUMENT)
    assert "?" not in told
    assert "{" not in told
    assert all(value in told for value in values.values())


@pytest.mark.parametrize("code", CATALOG)
def test_sentence_and_remedy_read_as_sentences(code: str) -> None:
    entry = CATALOG[code]
    for text in (entry.sentence, entry.remedy):
        assert re.fullmatch(r"[A-Z{].*[.]", text)
        assert "  " not in text


def test_every_kind_and_owner_is_used_by_the_catalog_or_by_the_engine() -> None:
    assert {entry.owner for entry in CATALOG.values()} == set(Owner)
    assert {entry.kind for entry in CATALOG.values()} >= set(FailureKind) - {FailureKind.POISON}


def test_no_explained_name_is_left_over() -> None:
    used = frozenset().union(*(names_in(entry) for entry in CATALOG.values()))
    assert VALUES.keys() == used | ADDED_TO_EVERY_SENTENCE


def test_a_value_that_is_missing_leaves_a_gap_and_no_exception() -> None:
    assert sentence_of(Failure("unknown_currency")) == "Document ? is in ?, which is not an ISO 4217 currency."


def test_a_value_is_never_read_as_a_template() -> None:
    failure = Failure("rejected_by_target", {"problem": "{amount} %s {0}"})
    assert "{amount} %s {0}" in sentence_of(failure, DOCUMENT)


def test_an_unlisted_code_is_our_own_defect_and_is_named() -> None:
    failure = Failure("brand_new")
    assert failure.kind is FailureKind.DEFECT
    assert "brand_new" in sentence_of(failure, DOCUMENT)


def test_the_runbook_is_fresh() -> None:
    assert RUNBOOK.read_text(encoding="utf-8") == runbook(), "run: python -m connectors.runbook > docs/runbook.md"


def test_the_runbook_has_a_heading_for_every_code() -> None:
    assert re.findall(r"^## (.*)$", runbook(), re.MULTILINE) == list(CATALOG)


def test_what_nobody_knows_keeps_the_targets_words_without_the_accounts_of_persons() -> None:
    text = "No tax key for anna.example@group.test, IBAN DE89 3704 0044 0532 0130 00, card 4111 1111 1111 1111."
    failure = unknown_answer("TX-17", text, "lines[0]")
    assert (failure.code, failure.kind, failure.field_path) == ("unknown_answer", FailureKind.REJECTED, "lines[0]")
    assert failure.detail == "No tax key for ***, IBAN ***, card ***."
    assert "TX-17: No tax key" in sentence_of(failure, DOCUMENT)


def test_an_endless_answer_is_kept_in_part() -> None:
    assert len(unknown_answer("X", "a@" * 10**6).detail) == 2000
