import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """Return a folder as a clone leaves it, as far as make looks at it."""
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=30, check=False
    )


def interpreter(folder: Path, name: str, script: str) -> Path:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def test_a_python_without_venv_is_told_which_package_to_install(fresh: Path) -> None:
    python = interpreter(fresh, "python", 'case "$2" in *ensurepip*) exit 1;; esac')

    answer = make(fresh, "setup", f"PYTHON={python}")

    assert answer.returncode == 2
    assert "sudo apt install python3-venv" in answer.stderr


def test_an_old_python_is_refused_by_name(fresh: Path) -> None:
    python = interpreter(fresh, "python", "exit 1")

    answer = make(fresh, "setup", f"PYTHON={python}")

    assert answer.returncode == 2
    assert f"{python} is older than Python 3.11" in answer.stderr


def test_a_machine_without_a_new_enough_python_is_told_how_to_name_one(fresh: Path) -> None:
    answer = make(fresh, "setup", "PYTHON=")

    assert answer.returncode == 2
    assert "name yours with PYTHON=" in answer.stderr


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ((), ""),
        (("ONCE=1",), "--once"),
        (("ONCE=0",), ""),
        (("ERP=tryton",), "--erp tryton"),
        (("REPLAY=a log.xes.gz", "SPEED=60"), '--replay "a log.xes.gz" --speed 60'),
    ],
)
def test_the_demo_hands_its_variables_on_as_options(given: tuple[str, ...], options: str) -> None:
    answer = make(ROOT, "--dry-run", "demo", *given)

    last = answer.stdout.splitlines()[-1].split(" demo ", 1)
    assert last[0].endswith("tieout")
    assert " ".join(last[1].split()) == " ".join(options.split())


@pytest.mark.parametrize(
    ("given", "options"),
    [((), "--seed 1 --histories 100000"), (("SEED=7", "HISTORIES=1"), "--seed 7 --histories 1")],
)
def test_the_simulation_hands_its_variables_on_as_options(given: tuple[str, ...], options: str) -> None:
    answer = make(ROOT, "--dry-run", "simulate", *given)

    assert f"tieout simulate {options} " in answer.stdout


@pytest.mark.parametrize(("given", "what"), [((), "tests/faults"), (("ONLY=power",), "tests/faults/test_power.py")])
def test_the_faults_run_at_full_length_all_or_one(given: tuple[str, ...], what: str) -> None:
    answer = make(ROOT, "--dry-run", "faults", *given)

    assert answer.stdout.splitlines()[-1].startswith("TIEOUT_FAULTS=full ")
    assert answer.stdout.endswith(f" {what}\n")
