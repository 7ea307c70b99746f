"""`tieout simulate`: random histories of the real engine by seed, and the promises held against each."""

import os
import platform
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

from control_plane.cli.exits import Exit, told

if TYPE_CHECKING:
    from control_plane.proof.simulator.many import Tally

_CONSOLE: Final = Console(soft_wrap=True, highlight=False, markup=False)
_PACE: Final = 20
"""Histories a second and core that are promised."""
_BEGIN: Final = "<!-- written by make simulate -->"
_END: Final = "<!-- end -->"


def simulate(
    seed: Annotated[int, typer.Option(help="The first seed; the histories take it and those that follow.")] = 1,
    histories: Annotated[int, typer.Option(min=1, help="How many; a single one is told line by line.")] = 1000,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that live through them.")] = os.cpu_count() or 1,
    resume: Annotated[Path | None, typer.Option(help="Where the run is remembered and goes on.")] = None,
    report: Annotated[Path | None, typer.Option(help="The page whose table of results is written anew.")] = None,
) -> None:
    """Run random histories of the engine: virtual clock, simulated ERP, crashes; a seed always repeats its own."""
    from control_plane.proof.simulator import many

    with told():
        if histories == 1:
            raise typer.Exit(_tell(seed))
        seeds = range(seed, seed + histories)
        tally = many.tally_all(seeds, jobs=jobs, memory=resume, progress=_say)
    for line in _figures(tally):
        _CONSOLE.print(line)
    if report is not None:
        _write(report, tally, seeds)
    if tally.broken:
        raise typer.Exit(_tell(min(tally.broken)))


def _tell(seed: int) -> Exit:
    from control_plane.proof.simulator import many

    history = many.tell(seed)
    for line in history.lines:
        _CONSOLE.print(line)
    for sin in history.sins:
        _CONSOLE.print(f"broken: {sin}")
    _CONSOLE.print(f"Replay it with: tieout simulate --seed {seed} --histories 1")
    return Exit.NO if history.sins else Exit.FINE


def _say(tally: "Tally") -> None:
    _CONSOLE.print(f"{tally.histories:,} histories, {tally.pace:.1f} a second and core, {len(tally.broken)} broken")


def _figures(tally: "Tally") -> Iterator[str]:
    is_fast = "ok" if tally.pace >= _PACE else "short"
    yield f"figure simulator.pace {tally.pace:.1f} histories/s/core target >= {_PACE} {is_fast}"
    yield f"figure simulator.broken {len(tally.broken)} of_{tally.histories} target = 0 {_word(tally)}"


def _word(tally: "Tally") -> str:
    return "short" if tally.broken else "ok"


def _write(report: Path, tally: "Tally", seeds: range) -> None:
    """Write the result between its two marks on the page."""
    rows = [
        "| seeds | histories | broken promises | histories a second and core |",
        "|---|---|---|---|",
        f"| {seeds.start} to {seeds.stop - 1} | {tally.histories:,} | {len(tally.broken)} | {tally.pace:.1f} |",
        *(f"| {seed} | 1 | {'; '.join(sins)} | |" for seed, sins in sorted(tally.broken.items())),
        "",
        f"On {_machine()}, in {tally.seconds / 3600:.1f} hours of one core.",
    ]
    before, rest = report.read_text(encoding="utf-8").split(_BEGIN)
    _, after = rest.split(_END)
    report.write_text("\n".join([f"{before}{_BEGIN}", "", *rows, "", f"{_END}{after}"]), encoding="utf-8")


def _machine() -> str:
    """Return where the histories were lived through, as far as it matters for their pace."""
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf-8").splitlines() if about.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cpu = names[0] if names else platform.processor() or "an unnamed processor"
    return f"{cpu}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
