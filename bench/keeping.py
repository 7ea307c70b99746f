"""Where figures are kept: one JSON file per run, and a section of docs/performance.md that is written anew."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bench.figures import Figure, shown
from bench.machine import Machine
from bench.processes import ROOT

FOLDER: Final = ROOT / "bench" / "results"
PAGE: Final = ROOT / "docs" / "performance.md"


class NoSectionError(ValueError):
    """The page has no place for a group's figures."""


def keep(group: str, machine: Machine, figures: Sequence[Figure], *, at: datetime, folder: Path = FOLDER) -> Path:
    """Write a run's figures into a file of their own and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{group}.json"
    run = {"group": group, "at": at.isoformat(), "machine": asdict(machine), "figures": [one.json for one in figures]}
    file.write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")
    return file


def table(machine: Machine, figures: Sequence[Figure], *, at: datetime) -> str:
    """Return the figures as they stand on the page."""
    rows = [f"| {one.name} | {shown(one.value)} {one.unit} | {_target(one)} | {one.verdict} |" for one in figures]
    head = [
        f"Measured on {at:%Y-%m-%d} with {machine.sentence}.",
        "",
        "| figure | value | target | |",
        "|---|---|---|---|",
    ]
    return "\n".join([*head, *rows])


def with_section(page: str, group: str, text: str) -> str:
    """Return the page with a group's section written anew.

    Raises:
        NoSectionError: nothing marks where it stands.
    """
    begin, end = f"<!-- {group}: measured -->\n", f"\n<!-- {group}: end -->"
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise NoSectionError(f"the page has no section for {group}")
    return f"{before}{begin}{text}{end}{after}"


def _target(figure: Figure) -> str:
    return f"{figure.target.op} {shown(figure.target.value)}" if figure.target else ""
