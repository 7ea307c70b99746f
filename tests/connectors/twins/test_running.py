"""Twins run as processes of their own, keep their books over a kill, and know nothing of us."""

import ast
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from connectors.twins.expense.sample_set import as_json, sample_set
from connectors.twins.running import TwinDidNotStartError, running_erp_twin, running_expense_twin
from tests.connectors.twins.documents import posting
from tests.connectors.twins.raw import ask

ROOT = Path(__file__).parents[3]
TWINS = sorted(path.relative_to(ROOT) for path in (ROOT / "connectors/twins").rglob("*.py"))
FLOORS = ("connectors", "control_plane", "monitor_ui", "probes", "tests")


@pytest.mark.slow
def test_the_erp_keeps_its_books_over_a_kill(tmp_path: Path) -> None:
    books = tmp_path / "erp.sqlite"
    with running_erp_twin(books=books) as twin:
        ask(twin.url, "POST", "/v1/documents", {"documents": [posting("R1")]})
        twin.kill()
    with running_erp_twin(books=books, options=["--grace", "60"]) as twin:
        result = ask(twin.url, "POST", "/v1/documents", {"documents": [posting("R2")]}).content["results"][0]
        documents = ask(twin.url, path="/twin/books").content["documents"]
        hidden = ask(twin.url, "POST", "/v1/documents/find", {"references": ["R2"]}).content["documents"]

    assert result["number"] == "0000000002"
    assert [each["reference"] for each in documents] == ["R1", "R2"]
    assert hidden == []


@pytest.mark.slow
def test_the_expense_platform_keeps_its_books_over_a_restart(tmp_path: Path) -> None:
    books, body = tmp_path / "expense.sqlite", json.loads(as_json(sample_set()[:20]))
    with running_expense_twin(books=books) as twin:
        assert ask(twin.url, "POST", "/twin/documents", body).status == 200
    with running_expense_twin(books=books) as twin:
        assert len(ask(twin.url, path="/twin/books").content["documents"]) == 20


@pytest.mark.parametrize("module", ["connectors.twins.erp", "connectors.twins.expense"])
def test_a_taken_port_is_named_with_a_way_out(module: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", module, "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            cwd=ROOT,
        )

    assert done.returncode == 2
    assert done.stderr.strip() == f"Port {port} is taken; choose another with --port, or 0 for any"
    assert done.stdout == ""


def test_a_twin_that_cannot_start_says_why() -> None:
    with pytest.raises(TwinDidNotStartError, match="unrecognized arguments"), running_erp_twin(options=["--what"]):
        pass


def test_a_twin_ends_when_its_starter_has_gone(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "connectors.twins.erp", "--port", "0", "--while-stdin-open"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        process.stdout.readline()
        process.stdin.close()
        assert process.wait(timeout=10) is not None


def test_an_erp_books_five_hundred_single_documents_a_second_when_asked_in_batches(tmp_path: Path) -> None:
    with running_erp_twin(books=tmp_path / "erp.sqlite") as twin:
        began = time.monotonic()
        for number in range(10):
            documents = [posting(f"R{number}-{each}") for each in range(100)]
            ask(twin.url, "POST", "/v1/documents", {"documents": documents})
        seconds = time.monotonic() - began
        booked = len(ask(twin.url, path="/twin/books", wait=10).content["documents"])

    assert booked == 1000
    assert seconds < 10


@pytest.mark.parametrize("path", TWINS, ids=str)
def test_a_twin_imports_nothing_of_ours(path: Path) -> None:
    tree = ast.parse((ROOT / path).read_text())
    names = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]

    ours = [name for name in names if name.split(".")[0] in FLOORS]
    assert [name for name in ours if not name.startswith("connectors.twins")] == []


def test_the_two_twins_do_not_know_each_other() -> None:
    for one, other in (("erp", "expense"), ("expense", "erp")):
        for path in (ROOT / "connectors/twins" / one).glob("*.py"):
            assert f"connectors.twins.{other}" not in path.read_text()
