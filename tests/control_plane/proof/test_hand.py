import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from connectors.twins.erp.app import create_app
from connectors.twins.erp.books import Books
from connectors.twins.running import running_in_thread
from control_plane.proof import exports
from control_plane.proof.erp import TwinErp
from control_plane.proof.hand import Hand, OutsideError, hand
from control_plane.proof.timeline import Claim
from control_plane.settings import ConfigurationError, Settings
from control_plane.settings.sections import ConnectionSection


@pytest.fixture
def twin() -> Iterator[Hand]:
    with running_in_thread(create_app(Books())) as running, hand(running.url) as reached:
        yield reached


def test_the_hand_reads_and_changes_what_stands_behind_the_curtain(twin: Hand) -> None:
    TwinErp(twin).activate_project("P-13")

    assert twin.get("/twin/ready") == {"ready": True}
    assert twin.put("/twin/faults", {"seed": 1, "rules": []})["rules"] == []


def test_an_answer_that_refuses_is_told_with_its_words(twin: Hand) -> None:
    with pytest.raises(OutsideError, match="answers GET /twin/nothing with 404"):
        twin.get("/twin/nothing")


def test_a_system_that_is_away_is_told() -> None:
    with hand("http://127.0.0.1:9") as nobody, pytest.raises(OutsideError, match="does not answer GET /twin/books"):
        nobody.get("/twin/books")


def test_a_kept_connection_that_the_other_side_closed_is_opened_anew(
    twin: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin.get("/twin/ready")
    monkeypatch.setattr(twin, "_used_at", -100.0)

    assert twin.get("/twin/ready") == {"ready": True}


def test_a_payment_without_posting_names_its_company_and_amount(twin: Hand) -> None:
    claim = Claim("declaration 1", "", 2686)

    assert TwinErp(twin).pay([claim]) == 0
    assert TwinErp(twin).pay_without_posting([claim]) == 1
    (payment,) = twin.get("/twin/books")["payments"]
    assert (payment["source_document"], Decimal(payment["amount"])) == ("declaration 1", Decimal("26.86"))
    assert payment["company"] == ("1000", "2000", "3000")[claim.employee % 3]


def test_books_are_read_from_a_file_or_from_the_configured_system(twin: Hand, tmp_path: Path) -> None:
    file = tmp_path / "books.json"
    file.write_text(json.dumps(twin.get("/twin/books")))
    erp = ConnectionSection(provider="sandbox_erp", url=twin.url)

    assert exports.erp_books(Settings(), str(file)) == []
    assert exports.erp_books(Settings(connections={"erp": erp}), "") == []


def test_books_that_nobody_names_are_asked_for() -> None:
    with pytest.raises(ConfigurationError, match="name the exported books with --source"):
        exports.source_books(Settings(), "")


@pytest.mark.parametrize("content", [None, "no json"])
def test_books_that_cannot_be_read_are_told(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "books.json"
    if content:
        file.write_text(content)

    with pytest.raises(OutsideError, match="cannot be read"):
        exports.erp_books(Settings(), str(file))
