"""Measures and tells: `python -m bench`, one group with `--only engine`, where our time goes with `profile`."""

import argparse
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from bench import keeping
from bench.costs import show_costs
from bench.databases import postgres
from bench.figures import Figure, at_most
from bench.groups import AT_SCALE, GROUPS, Part
from bench.machine import Machine
from bench.places import Places
from bench.plan import QUICK, SCALES, WHOLE, Plan, at_scale
from bench.processes import ROOT, ChildFailedError

MINUTES: Final = 20
"""How long a group may take."""
_TERMINATED: Final = 128 + signal.SIGTERM


def main() -> int:
    """Do what the command line says; return the exit code."""
    options = _options(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))  # so that everything that was begun is ended
    if options.command == "profile":
        show_costs(options.count, batch=options.batch, top=options.top)
        return 0
    groups = [options.only] if options.only else list(AT_SCALE if options.scale else GROUPS)
    return max(_run_group(name, options) for name in groups)


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("bench", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["run", "profile"], default="run")
    parser.add_argument("--only", choices=list(GROUPS), help="one group")
    parts = sorted({part for group in GROUPS.values() for part in group})
    parser.add_argument("--part", choices=parts, help="one part of it; its figures are printed and not kept")
    parser.add_argument("--scale", choices=list(SCALES), help="what depends on how much is stored, with so many rows")
    parser.add_argument("--quick", action="store_true", help="a little of everything; printed and not kept")
    parser.add_argument("--count", type=int, default=5000, help="expenses to profile with")
    parser.add_argument("--batch", type=int, default=1, help="documents per call to the ERP, to profile with")
    parser.add_argument("--top", type=int, default=0, help="profile with cProfile and show so many functions")
    return parser.parse_args(arguments)


def _run_group(name: str, options: argparse.Namespace) -> int:
    at = datetime.now(UTC)
    plan = QUICK if options.quick else WHOLE
    parts = GROUPS[name]
    if options.scale:
        plan, parts = at_scale(plan, options.scale), AT_SCALE.get(name, {})
    if options.part:
        parts = {options.part: parts[options.part]}
    with postgres() as server:
        machine = Machine.of_now(server.setting("server_version"))
        print(f"# {name} on {machine.sentence}", flush=True)
        told = [_measured(part, parts[part], plan, Places(server)) for part in parts]
    if not (options.part or options.quick or options.scale):
        told.append(_duration(name, at))
    if not (options.part or options.quick):
        figures = [figure for part in told for figure in part.figures]
        _keep(f"{name}-{options.scale}" if options.scale else name, machine, figures, at)
    return max(part.exit_code for part in told)


@dataclass(frozen=True, slots=True)
class Told:
    """What a part told, and whether it came to its end."""

    figures: Sequence[Figure]
    exit_code: int


def _measured(name: str, part: Part, plan: Plan, places: Places) -> Told:
    """Measure one part, telling each figure at once; what fails in it does not silence the others."""
    figures: list[Figure] = []
    try:
        for figure in part(plan, places):
            print(figure.line, flush=True)
            figures.append(figure)
    except ChildFailedError as error:
        print(f"# {name} was not measured to its end: {error}", flush=True)
        return Told(figures, 1)
    return Told(figures, 0)


def _duration(name: str, began: datetime) -> Told:
    minutes = (datetime.now(UTC) - began) / timedelta(minutes=1)
    figure = Figure(f"{name}_duration", minutes, "min", at_most(MINUTES))
    print(figure.line, flush=True)
    return Told([figure], 0)


def _keep(name: str, machine: Machine, figures: Sequence[Figure], at: datetime) -> None:
    file = keeping.keep(name, machine, figures, at=at)
    page = keeping.PAGE.read_text(encoding="utf-8")
    section = keeping.table(machine, figures, at=at)
    keeping.PAGE.write_text(keeping.with_section(page, name, section), encoding="utf-8")
    print(f"# kept in {file.relative_to(ROOT)} and docs/performance.md")


if __name__ == "__main__":
    sys.exit(main())
