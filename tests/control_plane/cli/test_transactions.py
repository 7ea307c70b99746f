import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from control_plane.api.client import ApiClient
from control_plane.cli.app import app
from control_plane.proof.stage import Stage

pytestmark = pytest.mark.slow


def _run(stage: tuple[Stage, ApiClient], *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--config", str(stage[0].tieout.config)])


def test_a_document_is_found_by_the_number_that_people_know(stage: tuple[Stage, ApiClient]) -> None:
    one = stage[1].transactions(place="posted", limit=1).items[0]

    answer = _run(stage, "transactions", "find", one.source_id)

    assert answer.exit_code == 0
    assert one.id in answer.stdout
    assert f"{one.amount.decimal} {one.amount.currency}" in answer.stdout


def test_what_is_found_can_be_read_by_scripts(stage: tuple[Stage, ApiClient]) -> None:
    answer = _run(stage, "transactions", "find", "--place", "posted", "--limit", "3", "--json")

    assert [item["place"] for item in json.loads(answer.stdout)["items"]] == ["posted"] * 3


def test_nothing_found_is_a_no(stage: tuple[Stage, ApiClient]) -> None:
    answer = _run(stage, "transactions", "find", "no such number")

    assert (answer.exit_code, answer.stderr) == (1, "Nothing was found.\n")


def test_one_transaction_is_shown_with_its_posting_and_its_story(stage: tuple[Stage, ApiClient]) -> None:
    one = stage[1].transactions(place="posted", flow="expense_report", limit=1).items[0]
    number = stage[1].postings(one.id).items[0].number

    for identifier in (one.id, one.source_id):
        answer = _run(stage, "transactions", "show", identifier)
        assert answer.exit_code == 0
        assert number in answer.stdout
        assert "transition lease" in answer.stdout


def test_a_shown_transaction_can_be_read_by_scripts(stage: tuple[Stage, ApiClient]) -> None:
    one = stage[1].transactions(limit=1).items[0]

    told = json.loads(_run(stage, "transactions", "show", one.id, "--json").stdout)

    assert told["transaction"]["id"] == one.id
    assert told["lineage"]["items"]


@pytest.mark.parametrize("identifier", ["nobody knows it", "txn_0000000000000"])
def test_what_names_no_transaction_is_a_no(stage: tuple[Stage, ApiClient], identifier: str) -> None:
    assert _run(stage, "transactions", "show", identifier).exit_code == 1


def test_a_wrong_key_is_refused(stage: tuple[Stage, ApiClient]) -> None:
    answer = _run(stage, "transactions", "find", "--key", "tie_wrong")

    assert (answer.exit_code, answer.stderr) == (3, "Name a valid API key.\n")


def test_verify_proves_the_ledger_by_the_configured_systems_or_by_their_exports(
    stage: tuple[Stage, ApiClient], tmp_path: Path
) -> None:
    exported = tmp_path / "source.json"
    exported.write_text(json.dumps(stage[0].expense.get("/twin/books")))

    assert _run(stage, "verify").exit_code == 0
    told = json.loads(_run(stage, "verify", "--source", str(exported), "--json").stdout)
    assert (told["holds"], told["differences"]) == (True, [])


def test_verify_says_no_where_the_books_differ(stage: tuple[Stage, ApiClient], tmp_path: Path) -> None:
    books = stage[0].expense.get("/twin/books")
    version = next(one["versions"][0] for one in books["documents"] if one["versions"][0]["status"] != "READY")
    version["approved_amount"] = "0.01"
    forged = tmp_path / "forged.json"
    forged.write_text(json.dumps(books))

    answer = _run(stage, "verify", "--source", str(forged))

    assert answer.exit_code == 1
    assert "The ledger does NOT balance: 1 differences" in answer.stdout
    assert version["id"] in answer.stdout


def test_a_failed_document_is_replayed_by_any_number_it_has(stage: tuple[Stage, ApiClient]) -> None:
    failed = stage[1].transactions(state="failed", flow="expense_report", limit=1).items[0]

    answer = _run(
        stage, "transactions", "replay", failed.source_id, "--as-of", "now", "--reason", "It was read wrongly"
    )

    assert (answer.exit_code, answer.stdout) == (0, f"{failed.id} is received (replay).\n")
    story = stage[1].lineage(failed.id).items
    assert "replay" in [entry.name for entry in story]


def test_what_has_not_failed_is_not_replayed(stage: tuple[Stage, ApiClient]) -> None:
    posted = stage[1].transactions(place="posted", flow="expense_report", limit=1).items[0]

    answer = _run(stage, "transactions", "replay", posted.id, "--as-of", "then", "--reason", "Just to see")

    assert answer.exit_code == 1
