"""The workers of a history: each has a process, runs the engine's passes, and may freeze, die and be replaced."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from connectors.contract import Connector
from control_plane.engine.care import Care
from control_plane.engine.parts import EngineSettings, Parts
from control_plane.engine.worker import PASSES
from control_plane.flows.flow import Flow
from control_plane.proof.simulator.process import Process, Weather
from control_plane.proof.simulator.stage import FIRST, START, Stage
from control_plane.proof.simulator.world import World
from control_plane.store import incarnations, left_behind
from control_plane.store.troubles import DatabaseTroubleError

SILENT_AFTER: Final = timedelta(seconds=45)
"""A process that gave no sign for so long is given up, as `bootstrap.process` does it."""
DELIVER: Final = "deliver"
_HIRES: Final = 0.3
_WAKES: Final = 0.3
_LEARNS: Final = 0.1

Pass = Callable[[Parts], Awaitable[int]]
BY_NAME: Final[Mapping[str, Pass]] = {one.__name__: one for one in PASSES}


@dataclass(slots=True)
class Worker:
    """One process of ours, and what it does now."""

    process: Process
    parts: Parts
    passes: Mapping[str, Pass]
    sins: list[str]
    under_way: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)
    silent_since: datetime | None = None
    """It is frozen or dead since then."""
    wakes_at: datetime | None = None
    """It is frozen until then."""
    is_given_up: bool = False
    """The others took it for dead; where it lives it does not know yet."""
    is_leaving: bool = False
    """It knows: what is under way is finished, nothing new begins."""

    @property
    def name(self) -> str:
        """Return what the history calls it."""
        return self.process.name

    @property
    def is_awake(self) -> bool:
        """Return whether it runs."""
        return not self.process.is_dead and self.wakes_at is None

    @property
    def is_idle(self) -> bool:
        """Return whether nothing of it is under way."""
        return all(task.done() for task in self.under_way.values())

    def is_at(self, name: str) -> bool:
        """Return whether a pass is under way."""
        return name in self.under_way and not self.under_way[name].done()

    def is_free_for(self, name: str) -> bool:
        """Return whether it may begin a pass: each kind of work is one loop, and so never done twice at a time."""
        return self.is_awake and not self.is_leaving and not self.is_at(name)

    def begin(self, name: str) -> None:
        """Begin a pass."""
        self.under_way[name] = self.process.start(self._run(name), name=name)

    async def _run(self, name: str) -> None:
        try:
            await self.passes[name](self.parts)
        except DatabaseTroubleError:  # as the worker's loops do: rest, and try again
            return
        except Exception as error:  # noqa: BLE001  # the top of a pass: the loops log it, here it counts
            self.sins.append(f"{name} failed with {type(error).__name__}: {error}")


@dataclass(slots=True)
class Crew:
    """All workers of a history."""

    world: World
    stage: Stage
    connectors: Mapping[str, Connector]
    flows: Mapping[str, Flow]
    settings: EngineSettings
    weather: Weather
    passes: Mapping[str, Pass]
    sins: list[str] = field(default_factory=list)
    workers: list[Worker] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    """The incarnations that were given up."""
    _count: int = 0

    def begin(self) -> None:
        """Let those start whose start is on record at the beginning."""
        for _ in FIRST:
            self._start(Care())

    def hire(self) -> None:
        """Start a new worker."""
        with self.stage.database.write() as session:
            number = self._start(Care(is_needed=True))
            incarnations.register(session, number, START, slot=number, now=self.world.now)

    def _start(self, care: Care) -> int:
        self._count += 1
        number, name = self._count, f"worker {self._count}"
        process = Process(name, self.world, self.stage, self.weather)
        parts = Parts(
            process,
            self.stage.database,
            self.connectors,
            self.flows,
            self.settings,
            incarnation=number,
            lists=self.stage.lists(),
            care=care,
        )
        self.workers.append(Worker(process, parts, self.passes, self.sins))
        self.world.tell(name, "starts")
        return number

    def by_name(self) -> dict[str, Worker]:
        """Return the workers by name."""
        return {worker.name: worker for worker in self.workers}

    def free_for(self, name: str) -> list[Worker]:
        """Return the workers that may begin a pass."""
        return [worker for worker in self.workers if worker.is_free_for(name)]

    def awake(self) -> list[Worker]:
        """Return the workers that run."""
        return [worker for worker in self.workers if worker.is_awake]

    def look_around(self) -> None:
        """Let the frozen wake in their time, the silent be given up, those who learn of it leave, and others come."""
        for worker in list(self.workers):
            self._notice(worker)
        alive = [worker for worker in self.workers if not worker.process.is_dead]
        if not alive or (len(alive) < len(FIRST) and self.world.chance.random() < _HIRES):
            self.hire()

    def give_up(self, worker: Worker) -> None:
        """Take a worker for dead: others take over at once what it holds."""
        number = worker.parts.incarnation
        with self.stage.database.write() as session:
            incarnations.end(session, [number], now=self.world.now)
            left_behind.free(session, [number], now=self.world.now)
        worker.is_given_up = True
        self.gone.append(number)
        self.world.tell(worker.name, "is given up")

    def next_at(self) -> datetime | None:
        """Return the next moment at which somebody wakes or is given up."""
        silent = [one.silent_since for one in self.workers if one.silent_since is not None and not one.is_given_up]
        wakes = [one.wakes_at for one in self.workers if one.wakes_at is not None]
        return min([*(since + SILENT_AFTER for since in silent), *wakes], default=None)

    def may_call_at(self) -> datetime:
        """Return when a worker that finds nothing to do looks again: as its loops, or as its breakers say."""
        now = self.world.now
        opens = [worker.parts.pace.next_at(now) for worker in self.awake()]
        return max(now + self.settings.idle_ceiling, min((at for at in opens if at is not None), default=now))

    def recover(self) -> None:
        """Let everybody wake and somebody be there."""
        for worker in self.workers:
            worker.wakes_at = worker.wakes_at and self.world.now
        self.look_around()

    def dismiss(self) -> None:
        """End all processes."""
        for worker in self.workers:
            worker.process.die()
        self.world.loop.run()

    def _notice(self, worker: Worker) -> None:
        now, process = self.world.now, worker.process
        if process.is_dead:
            worker.silent_since, worker.wakes_at = worker.silent_since or now, None
        elif worker.wakes_at is not None and (worker.wakes_at <= now or self._wakes_at_the_worst(worker)):
            worker.wakes_at = None
            self.world.tell(worker.name, "wakes")
        if worker.is_awake:
            worker.silent_since = None
        is_silent = worker.silent_since is not None and worker.silent_since + SILENT_AFTER <= now
        if is_silent and not worker.is_given_up and self.awake():
            self.give_up(worker)
        if worker.is_given_up:
            self._part_with(worker)

    def _wakes_at_the_worst(self, worker: Worker) -> bool:
        """Return whether a worker that froze over its deliveries wakes now that another has taken them over."""
        is_over = worker.silent_since is not None and self.world.now > worker.silent_since + self.settings.lease
        others = any(other.is_awake and other.is_at(DELIVER) for other in self.workers)
        return is_over and others and worker.is_at(DELIVER) and self.world.chance.random() < _WAKES

    def _part_with(self, worker: Worker) -> None:
        """Let a worker that was given up go: at once where it is dead, else once it has learned of it and is idle."""
        if worker.is_awake and not worker.is_leaving and self.world.chance.random() < _LEARNS:
            self.world.tell(worker.name, "learns that it was given up")
            worker.is_leaving = True
        if worker.process.is_dead or (worker.is_leaving and worker.is_idle):
            worker.process.die()
            self.world.loop.run()
            self.workers.remove(worker)
