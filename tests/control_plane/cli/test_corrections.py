"""`tieout exceptions`: what of a real document may be corrected, and the correction."""

import json

import pytest
from typer.testing import CliRunner, Result

from control_plane.api.client import ApiClient, ApiError
from control_plane.api.schemas import CorrectableFields, ExceptionSummary
from control_plane.cli.app import app
from control_plane.proof.stage import Stage

pytestmark = pytest.mark.slow

BECAUSE = ("--reason-code", "wrong_coding", "--reason", "The project moved")


def _run(stage: tuple[Stage, ApiClient], *arguments: str) -> Result:
    return CliRunner().invoke(app, ["exceptions", *arguments, "--config", str(stage[0].tieout.config)])


def _correctable(client: ApiClient) -> tuple[ExceptionSummary, CorrectableFields]:
    for one in client.exceptions(flow="expense_report", is_claimed=False, limit=200).items:
        try:
            return one, client.correctable_fields(one.id)
        except ApiError:
            continue
    raise AssertionError("nothing may be corrected")


def test_what_may_be_corrected_is_shown_with_what_it_says_now(stage: tuple[Stage, ApiClient]) -> None:
    case, found = _correctable(stage[1])

    shown = _run(stage, "fields", case.id)

    assert shown.exit_code == 0
    assert all(one.path in shown.stdout for one in found.items)
    told = json.loads(_run(stage, "fields", case.id, "--json").stdout)
    assert [one["path"] for one in told["items"]] == [one.path for one in found.items]


def test_a_document_is_corrected_by_whoever_has_claimed_it(stage: tuple[Stage, ApiClient]) -> None:
    case, found = _correctable(stage[1])
    (field, *_) = [one for one in found.items if one.path.endswith("project")]
    stage[1].claim(case.id, revision=case.revision)

    answer = _run(stage, "correct", case.id, "--set", f"{field.path}=P-02", *BECAUSE)

    assert answer.exit_code == 0, answer.stderr
    assert answer.stdout.startswith("apr_")


def test_a_field_that_may_not_be_corrected_is_a_no(stage: tuple[Stage, ApiClient]) -> None:
    case, _ = _correctable(stage[1])

    answer = _run(stage, "correct", case.id, "--set", "nothing=1", *BECAUSE)

    assert (answer.exit_code, "nothing may not be corrected" in answer.stderr) == (1, True)


def test_a_change_without_a_value_is_a_wrong_command(stage: tuple[Stage, ApiClient]) -> None:
    case, _ = _correctable(stage[1])

    assert _run(stage, "correct", case.id, "--set", "total", *BECAUSE).exit_code == 2


@pytest.mark.parametrize(
    "wrong",
    [
        ("--claimed", "posted"),
        ("--claimed", "posted", "--number", "17"),
        ("--claimed", "not_posted", "--number", "17", "--date", "2026-03-16"),
    ],
)
def test_what_is_posted_by_hand_has_numbers_and_a_date(stage: tuple[Stage, ApiClient], wrong: tuple[str, ...]) -> None:
    answer = _run(stage, "post-by-hand", "RE-1", *wrong, "--reason", "I found it")

    assert (answer.exit_code, "what is posted has --number and --date" in answer.stderr) == (2, True)


def test_a_posting_by_hand_that_is_not_possible_is_a_no_in_words(stage: tuple[Stage, ApiClient]) -> None:
    case, _ = _correctable(stage[1])

    answer = _run(stage, "post-by-hand", case.id, "--claimed", "not_posted", "--reason", "It is not there")

    assert (answer.exit_code, answer.stdout) == (1, "")
    assert answer.stderr
