"""Many histories by their seeds, on all cores, remembered so that a long run goes on where it stopped."""

import hashlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import orjson

from connectors import canonical
from control_plane import domain, engine, flows, store
from control_plane.proof import simulator
from control_plane.proof.simulator.history import Told, live
from control_plane.proof.simulator.plan import plan
from control_plane.proof.simulator.stage import stage

CHUNK: Final = 500
"""Histories that one process lives through before its result is written down."""
_LIVED_THROUGH: Final = (canonical, domain, engine, flows, simulator, store)


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of some histories."""

    histories: int = 0
    seconds: float = 0.0
    """Of one core."""
    broken: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    """What was found, by seed; empty where every promise was kept."""

    def __add__(self, other: "Tally") -> "Tally":
        """Return both together."""
        return Tally(self.histories + other.histories, self.seconds + other.seconds, {**self.broken, **other.broken})

    @property
    def pace(self) -> float:
        """Return how many histories one core lives through in a second."""
        return self.histories / self.seconds if self.seconds else 0.0


def tell(seed: int) -> Told:
    """Live through one history and return it with all its lines."""
    with _undisturbed(), stage() as one:
        return live(one, plan(seed))


def tally(seeds: Sequence[int]) -> Tally:
    """Live through the histories of these seeds in this process."""
    broken: dict[int, tuple[str, ...]] = {}
    with _undisturbed(), stage() as one:
        began = time.process_time()
        for seed in seeds:
            told = live(one, plan(seed))
            if told.sins:
                broken[seed] = told.sins
        return Tally(len(seeds), time.process_time() - began, broken)


def first_broken(seeds: Iterable[int]) -> Told | None:
    """Return the first of these histories in which a promise is broken."""
    with _undisturbed(), stage() as one:
        return next((told for told in (live(one, plan(seed)) for seed in seeds) if told.sins), None)


def tally_all(seeds: range, *, jobs: int, memory: Path | None, progress: Callable[[Tally], None]) -> Tally:
    """Live through the histories of these seeds in so many processes.

    Where there is a memory, what it holds of the same code is not lived through again.
    """
    code = _code()
    known = _remembered(memory, code)
    chunks = [seeds[at : at + CHUNK] for at in range(0, len(seeds), CHUNK)]
    done = {_name(chunk): known[_name(chunk)] for chunk in chunks if _name(chunk) in known}
    todo = [chunk for chunk in chunks if _name(chunk) not in done]
    with ProcessPoolExecutor(max_workers=jobs, mp_context=get_context("spawn")) as pool:
        running = {pool.submit(tally, chunk): _name(chunk) for chunk in todo}
        for future in as_completed(running):
            done[running[future]] = future.result()
            _remember(memory, code, {**known, **done})
            progress(sum(done.values(), Tally()))
    return sum(done.values(), Tally())


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Live without a log: it would say what every line of the history says."""
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(disabled)


def _name(chunk: range) -> str:
    return f"{chunk.start}-{chunk.stop}"


def _remembered(memory: Path | None, code: str) -> dict[str, Tally]:
    if memory is None or not memory.exists():
        return {}
    kept = orjson.loads(memory.read_bytes())
    if kept["code"] != code:
        return {}
    return {
        name: Tally(one["histories"], one["seconds"], {int(seed): tuple(sins) for seed, sins in one["broken"].items()})
        for name, one in kept["chunks"].items()
    }


def _remember(memory: Path | None, code: str, done: Mapping[str, Tally]) -> None:
    if memory is None:
        return
    chunks = {
        name: {
            "histories": one.histories,
            "seconds": one.seconds,
            "broken": {str(seed): sins for seed, sins in one.broken.items()},
        }
        for name, one in done.items()
    }
    memory.parent.mkdir(parents=True, exist_ok=True)
    written = memory.with_suffix(".new")
    written.write_bytes(orjson.dumps({"code": code, "chunks": chunks}, option=orjson.OPT_INDENT_2))
    written.replace(memory)


def _code() -> str:
    """Return what tells this code from another: what was lived through under another one proves nothing."""
    digest = hashlib.sha256()
    for package in _LIVED_THROUGH:
        for file in sorted(Path(package.__path__[0]).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()
