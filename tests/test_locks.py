import re
import shutil
from pathlib import Path

import pytest

from requirements import lock

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_locks_fit_their_sources() -> None:
    assert lock.stale(ROOT) == []


def test_a_new_test_tool_makes_its_lock_and_those_above_it_stale(copy: Path) -> None:
    with (copy / "requirements/test.in").open("a") as requirements:
        requirements.write("respx\n")

    assert lock.stale(copy) == ["test", "bench"]


def test_a_changed_dependency_of_the_product_leaves_only_the_erp_lock_fresh(copy: Path) -> None:
    project = copy / "pyproject.toml"
    project.write_text(project.read_text().replace('"typer>=', '"typer>=99.'))

    assert lock.stale(copy) == ["runtime", "test", "bench"]


def test_a_lock_that_was_recompiled_makes_the_lock_that_stands_on_it_stale(copy: Path) -> None:
    with (copy / "requirements/runtime.txt").open("a") as requirements:
        requirements.write("respx==0.23.0\n")

    assert lock.stale(copy) == ["test"]


@pytest.mark.parametrize("name", [each.name for each in lock.LOCKS])
def test_every_line_of_a_lock_has_a_version_and_a_hash_and_none_names_an_index(name: str) -> None:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    pinned = re.findall(r"^[a-z0-9][\w.-]*==\S+.*(?:\n    --hash=sha256:[0-9a-f]{64}.*)+", text, re.MULTILINE)

    assert len(pinned) == len(re.findall(r"^[a-z]", text, re.MULTILINE))
    assert not re.search(r"https?://|file:|--index|--find-links", text)
