import gzip
import signal
import subprocess
import sys
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import Final
from urllib.request import urlopen

import pytest

from control_plane.proof.stage import Wishes, staged

pytestmark = pytest.mark.slow

ROOT: Final = Path(__file__).parents[2]
COMMAND: Final = (sys.executable, "-m", "control_plane", "demo", "--no-screen")
HEEDING_CTRL_C: Final = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
LOG: Final = """<log><trace>
<event><string key="concept:name" value="Declaration FINAL_APPROVED by SUPERVISOR"/>
<date key="time:timestamp" value="2017-01-09T09:00:00+01:00"/>{facts}</event>
<event><string key="concept:name" value="Declaration REJECTED by EMPLOYEE"/>
<date key="time:timestamp" value="2017-01-10T09:00:00+01:00"/>{facts}</event>
<event><string key="concept:name" value="Declaration FINAL_APPROVED by DIRECTOR"/>
<date key="time:timestamp" value="2017-01-11T09:00:00+01:00"/>{facts}</event>
<event><string key="concept:name" value="Payment Handled"/>
<date key="time:timestamp" value="2017-01-12T09:00:00+01:00"/>{facts}</event>
</trace><trace>
<event><string key="concept:name" value="Payment Handled"/>
<date key="time:timestamp" value="2017-01-12T09:00:00+01:00"/>{others}</event>
</trace></log>"""


def _facts(name: str, amount: str) -> str:
    return f'<string key="(case)_id" value="{name}"/><string key="(case)_Amount" value="{amount}"/>'


def _demo(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "--folder", str(folder / "demo"), *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def _last_line(answer: subprocess.CompletedProcess[str]) -> str:
    return answer.stdout.strip().splitlines()[-1]


def test_the_demo_ends_with_a_ledger_that_balances_and_says_so(tmp_path: Path) -> None:
    answer = _demo(tmp_path, "--once")

    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert _last_line(answer).startswith("The ledger balances: of 5")
    _lines_add_up(answer.stdout.splitlines())


def test_a_log_is_replayed_and_then_documents_trickle_in_until_ctrl_c(tmp_path: Path) -> None:
    log = tmp_path / "log.xes.gz"
    text = LOG.format(facts=_facts("declaration 1", "26.855"), others=_facts("declaration 2", "7"))
    log.write_bytes(gzip.compress(text.encode()))
    heeded = [sys.executable, "-c", HEEDING_CTRL_C, *COMMAND]  # a shell lets its background ignore it
    command = [*heeded, "--folder", str(tmp_path / "demo"), "--replay", str(log)]

    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = list(takewhile(lambda line: "Ctrl-C ends the demo" not in line, process.stdout))
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert process.wait(60) == 0

    assert "The ERP paid 1 postings; 1 payments belong to none.\n" in said
    assert "agree to the cent" in said[-1]


def test_the_embedded_shape_serves_api_and_screen_on_one_port(tmp_path: Path) -> None:
    with staged(Wishes(tmp_path / "stage")) as stage:
        address = stage.tieout.address
        assert urlopen(f"{address}/_stcore/health", timeout=30).read() == b"ok"
        assert b"<html" in urlopen(address, timeout=30).read()
        assert urlopen(f"{address}/livez", timeout=30).status == 200


def _lines_add_up(lines: Sequence[str]) -> None:
    """Check every currency's line of counts: received is the sum of the places."""
    rows = [line.split() for line in lines if line[:3].isupper() and line[3:4] == " "]
    assert len(rows) >= 5
    for _, received, *places in rows:
        assert int(received.replace(",", "")) == sum(int(place.replace(",", "")) for place in places)
