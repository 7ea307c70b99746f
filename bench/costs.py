"""Where our own time goes in W(n) on SQLite: CPU time by kind of work, and a profile where one is wanted."""

import tempfile
from pathlib import Path

from bench import profiling
from bench.databases import fresh_sqlite
from bench.erp import ErpOptions, running_erp
from bench.ours import Order
from bench.reports import Ran
from bench.running import run_ours


def show_costs(count: int, *, batch: int, top: int) -> None:
    """Print what W(count) costs; `top` is how many functions of a profile are shown, 0 makes none."""
    with tempfile.TemporaryDirectory(prefix="tieout-profile-") as folder:
        file = str(Path(folder, "tieout")) if top else ""
        with fresh_sqlite() as url, running_erp(ErpOptions()) as erp:
            ran = run_ours(Order(url, erp.url, count, batch=batch, profile=file), erp)
        for kind in (profiling.LOOP, profiling.STORE) if top else ():
            print(profiling.table(file + kind, top))
    print(*_told(ran), sep="\n")


def _told(ran: Ran) -> list[str]:
    report = ran.report
    loop = report.cpu_seconds - sum(report.stages.values())
    stages = sorted({**report.stages, "event loop, HTTP among it": loop}.items(), key=lambda item: -item[1])
    return [
        *(f"{1e6 * seconds / ran.count:9.1f} us CPU/expense  {stage}" for stage, seconds in stages),
        f"{ran.cpu_us:9.1f} us CPU/expense  all",
        f"{ran.per_second:9.1f} expenses/s over {report.seconds:.2f} s, peak {report.peak_mb:.0f} MB",
        f"states {dict(report.states)}, lost {ran.lost}, doubled {ran.doubled}",
    ]
