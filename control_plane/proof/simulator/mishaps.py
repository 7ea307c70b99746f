"""What may befall our own processes: they die, freeze, stand still together, or their database goes away."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from control_plane.proof.simulator.stage import Commit
from control_plane.proof.simulator.workers import DELIVER, Crew, Worker
from control_plane.proof.simulator.world import World

_OF_COMMIT: Final[Mapping[Commit, int]] = {Commit.DIES: 2, Commit.AWAY: 1, Commit.UNHEARD: 1}
_AT_COMMIT: Final = 0.05
_AT_STEP: Final = 0.02
_EXPOSED: Final = 6
"""How much more likely somebody is struck who has sent documents and waits for the answers."""
_EMBEDDED: Final = 0.5
_STOPS: Final = tuple(timedelta(seconds=seconds) for seconds in (1, 6, 31, 61))


class Mishaps:
    """Lets them happen, each as likely as the plan says."""

    def __init__(self, world: World, most: int) -> None:
        """Let at most so many happen."""
        self._world = world
        self._left = most

    def of_commit(self) -> Commit:
        """Return how the next unit of work ends."""
        if not self._comes(_AT_COMMIT):
            return Commit.DONE
        ending = self._world.chance.choices(list(_OF_COMMIT), list(_OF_COMMIT.values()))[0]
        self._world.tell("database", ending)
        return ending

    def strike(self, crew: Crew) -> bool:
        """Let something happen to the workers, or not; return whether it did."""
        awake = crew.awake()
        is_exposed = any(worker.is_at(DELIVER) for worker in awake)
        if not awake or not self._comes(_AT_STEP * (_EXPOSED if is_exposed else 1)):
            return False
        exposed = [_EXPOSED if worker.is_at(DELIVER) else 1 for worker in awake]
        worker = self._world.chance.choices(awake, exposed)[0]
        deed = self._world.chance.choices((self._kill, self._freeze, self._stop), (4, 5, 1))[0]
        deed(crew, worker)
        return True

    def cease(self) -> None:
        """Let nothing happen any more."""
        self._left = 0

    def _comes(self, likelihood: float) -> bool:
        """Return whether one of those that are left comes now."""
        comes = self._left > 0 and self._world.chance.random() < likelihood
        self._left -= comes
        return comes

    def _kill(self, crew: Crew, worker: Worker) -> None:
        """End a process; in the embedded shape the next one takes over at once, else it is missed first."""
        self._world.tell(worker.name, "is killed")
        worker.process.die()
        self._world.loop.run()
        worker.silent_since = self._world.now
        if self._world.chance.random() < _EMBEDDED:
            crew.give_up(worker)

    def _freeze(self, _crew: Crew, worker: Worker) -> None:
        now = self._world.now
        worker.silent_since = now
        worker.wakes_at = now + timedelta(seconds=self._world.chance.randrange(5, 120))
        self._world.tell(worker.name, f"freezes until {worker.wakes_at:%H:%M:%S}")

    def _stop(self, _crew: Crew, _worker: Worker) -> None:
        duration = self._world.chance.choice(_STOPS)
        self._world.tell("world", f"stands still for {duration.total_seconds():.0f} s")
        self._world.pass_time(self._world.now + duration)
