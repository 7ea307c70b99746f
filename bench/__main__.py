"""Measures and tells: `python -m bench`, one group with `--only engine`, where our time goes with `profile`."""

import argparse
import tempfile
from pathlib import Path

from bench import profiling
from bench.databases import fresh_sqlite
from bench.erp import ErpOptions, running_erp
from bench.ours import Order
from bench.throughput import Ran, run_ours


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser("bench", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["run", "profile"], default="run")
    parser.add_argument("--count", type=int, default=5000, help="expenses to profile with")
    parser.add_argument("--batch", type=int, default=1, help="documents per call to the ERP, to profile with")
    parser.add_argument("--top", type=int, default=0, help="profile with cProfile and show so many functions")
    options = parser.parse_args()
    _profile(options.count, options.batch, options.top)


def _profile(count: int, batch: int, top: int) -> None:
    with tempfile.TemporaryDirectory(prefix="tieout-profile-") as folder:
        file = str(Path(folder, "tieout")) if top else ""
        with fresh_sqlite() as url, running_erp(ErpOptions()) as erp:
            ran = run_ours(Order(url, erp.url, count, batch=batch, profile=file), erp)
        for kind in (profiling.LOOP, profiling.STORE) if top else ():
            print(profiling.table(file + kind, top))
    print(*_told(ran), sep="\n")


def _told(ran: Ran) -> list[str]:
    report = ran.report
    per_expense = 1e6 / ran.count
    loop = report.cpu_seconds - sum(report.stages.values())
    stages = sorted({**report.stages, "event loop, HTTP among it": loop}.items(), key=lambda item: -item[1])
    return [
        *(f"{seconds * per_expense:9.1f} us CPU/expense  {stage}" for stage, seconds in stages),
        f"{report.cpu_seconds * per_expense:9.1f} us CPU/expense  all",
        f"{ran.count / report.seconds:9.1f} expenses/s over {report.seconds:.2f} s, peak {report.peak_mb:.0f} MB",
        f"states {dict(report.states)}, lost {ran.lost}, doubled {ran.doubled}",
    ]


if __name__ == "__main__":
    main()
