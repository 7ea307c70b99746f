"""Compile the locks; with --check say which one no longer fits what it was made from."""

import argparse
import hashlib
import json
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
OPTIONS: Final = (
    "--universal",
    "--python-version=3.11",
    "--fork-strategy=fewest",
    "--generate-hashes",
    "--no-annotate",
    "--no-header",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--quiet",
)


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock: its own list, the lists and the lock it builds on, and whether it holds the product."""

    name: str
    lists: tuple[str, ...]
    product: bool = True
    within: str | None = None

    def output(self, root: Path) -> Path:
        """Return where the lock stands."""
        return root / "requirements" / f"{self.name}.txt"

    def sources(self, root: Path) -> list[Path]:
        """Return the files it is compiled from, the ones that a list includes among them."""
        return [root / "requirements" / f"{name}.in" for name in self.lists]


LOCKS: Final = (
    Lock("runtime", ("runtime",)),
    Lock("test", ("runtime", "test"), within="runtime"),
    Lock("bench", ("runtime", "test", "bench"), within="test"),
    Lock("tryton", ("tryton",), product=False),
)


def fingerprint(lock: Lock, root: Path) -> str:
    """Return the header line that a fresh lock begins with."""
    facts: list[object] = [OPTIONS, [path.read_text() for path in lock.sources(root)]]
    if lock.product:
        project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
        facts.append([project[key] for key in ("requires-python", "dependencies", "optional-dependencies")])
    if lock.within:
        facts.append((root / "requirements" / f"{lock.within}.txt").read_text())
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    return f"# compiled by requirements/lock.py from sources with sha256:{digest}"


def stale(root: Path) -> list[str]:
    """Return the names of the locks that no longer fit their sources."""
    return [lock.name for lock in LOCKS if not lock.output(root).read_text().startswith(fingerprint(lock, root) + "\n")]


def compile_lock(lock: Lock, root: Path, extra: Sequence[str]) -> None:
    """Resolve the lock and write it under its fingerprint."""
    output = lock.output(root)
    product = ["--all-extras", "pyproject.toml"] if lock.product else []
    within = [f"--constraints=requirements/{lock.within}.txt"] if lock.within else []
    sources = [str(path.relative_to(root)) for path in lock.sources(root)]
    command = [sys.executable, "-m", "uv", "pip", "compile", *OPTIONS, *extra, *within, *product, *sources]
    subprocess.run([*command, f"--output-file={output.relative_to(root)}"], cwd=root, check=True)
    output.write_text(f"{fingerprint(lock, root)}\n{output.read_text()}")


def main() -> int:
    """Return the exit code of the command: 1 where a lock is stale."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only, without the network")
    parser.add_argument("--upgrade", action="store_true", help="take the newest versions allowed")
    options = parser.parse_args()
    if not options.check:
        for lock in LOCKS:
            compile_lock(lock, ROOT, ["--upgrade"] if options.upgrade else [])
    names = stale(ROOT)
    for name in names:
        print(f"requirements/{name}.txt no longer fits its sources: run `make lock`.")
    return 1 if names else 0


if __name__ == "__main__":
    sys.exit(main())
