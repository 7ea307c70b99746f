"""Measures and tells: `python -m bench`, one group with `--only engine`, where our time goes with `profile`."""

import argparse
import signal
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

from bench import keeping
from bench.costs import show_costs
from bench.databases import postgres
from bench.figures import Figure
from bench.groups import AT_SCALE, GROUPS, Part
from bench.machine import Machine
from bench.places import Places
from bench.plan import QUICK, SCALES, WHOLE, Plan, at_scale
from bench.processes import ROOT

_TERMINATED: Final = 128 + signal.SIGTERM


def main() -> None:
    """Do what the command line says."""
    options = _options(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))  # so that everything that was begun is ended
    if options.command == "profile":
        show_costs(options.count, batch=options.batch, top=options.top)
        return
    for name in [options.only] if options.only else GROUPS:
        _run_group(name, options)


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


def _run_group(name: str, options: argparse.Namespace) -> None:
    at = datetime.now(UTC)
    plan = QUICK if options.quick else WHOLE
    parts = GROUPS[name]
    if options.scale:
        plan, parts = at_scale(plan, options.scale), AT_SCALE[name]
    wanted = [parts[options.part]] if options.part else list(parts.values())
    with postgres() as server:
        machine = Machine.of_now(server.setting("server_version"))
        print(f"# {name} on {machine.sentence}", flush=True)
        figures = list(_printed(wanted, plan, Places(server)))
    if not options.part and not options.quick:
        _keep(f"{name}-{options.scale}" if options.scale else name, machine, figures, at)


def _printed(parts: Sequence[Part], plan: Plan, places: Places) -> Iterator[Figure]:
    for part in parts:
        for figure in part(plan, places):
            print(figure.line, flush=True)
            yield figure


def _keep(name: str, machine: Machine, figures: Sequence[Figure], at: datetime) -> None:
    file = keeping.keep(name, machine, figures, at=at)
    page = keeping.PAGE.read_text(encoding="utf-8")
    section = keeping.table(machine, figures, at=at)
    keeping.PAGE.write_text(keeping.with_section(page, name, section), encoding="utf-8")
    print(f"# kept in {file.relative_to(ROOT)} and docs/performance.md")


if __name__ == "__main__":
    main()
