"""One history: a storm in which anything may happen, then a calm in which all is to end well."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from control_plane.engine.parts import EngineSettings
from control_plane.proof.simulator import checks, papers, people
from control_plane.proof.simulator.agenda import Agenda, agenda
from control_plane.proof.simulator.intake import take_in
from control_plane.proof.simulator.mishaps import Mishaps
from control_plane.proof.simulator.plan import LEASE, Happening, Plan, What
from control_plane.proof.simulator.scene import Scene, scene
from control_plane.proof.simulator.source import Approval
from control_plane.proof.simulator.stage import Stage
from control_plane.proof.simulator.workers import BY_NAME, Crew, Pass, Worker

STORM: Final = 160
"""Steps."""
CALM: Final = 5000
"""Steps after which a history that goes on is stuck: a system that asked for patience may rest for an hour of them."""
_HAPPENS: Final = 0.12
_AGAIN: Final = 0.03
"""How likely a worker looks for work that another one is about to take."""
_TAKE_IN: Final = "take_in"
_SETTLE_EVERY: Final = timedelta(seconds=2)

Choice = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Told:
    """A history that is over."""

    seed: int
    sins: tuple[str, ...]
    """What must never be; empty where every promise was kept."""
    lines: tuple[str, ...]


def live(stage: Stage, plan: Plan) -> Told:
    """Live through the history of a plan and return what was found."""
    stage.restore()
    return History(scene(stage, plan)).live()


class History:
    """A source, an ERP and two workers on one database."""

    def __init__(self, scene: Scene) -> None:
        """Prepare the beginning."""
        plan, world = scene.plan, scene.world
        self.scene, self.world = scene, world
        self.mishaps = Mishaps(world, plan.mishaps)
        settings = EngineSettings(lease=LEASE, batch=plan.batch, page=plan.page, settle_every=_SETTLE_EVERY)
        flows = papers.flows(takes_back=plan.takes_back)
        passes: dict[str, Pass] = {**BY_NAME, _TAKE_IN: partial(take_in, source=scene.source)}
        self.crew = Crew(world, scene.stage, scene.connectors, flows, settings, self.mishaps.of_commit, passes)
        self.sins = self.crew.sins
        self._script = list(plan.happenings)
        self._begun: set[str] = set()
        self._version = -1
        self._agenda = Agenda()

    def live(self) -> Told:
        """Live through it."""
        with self.world.loop.running():
            self._storm()
            self._calm()
            self.crew.dismiss()
        found = [*self.sins, *self.scene.source.sins, *self.scene.erp.sins, *checks.found(self.scene)]
        return Told(self.scene.plan.seed, tuple(dict.fromkeys(found)), tuple(self.world.lines))

    def _storm(self) -> None:
        self.crew.begin()
        for _ in range(STORM):
            if self._script and self.world.chance.random() < _HAPPENS:
                self._happen(self._script.pop(0))
            elif self.mishaps.strike(self.crew):
                self._begun.clear()
            elif not self._go_on() and not self._script:
                break

    def _calm(self) -> None:
        self.world.tell("world", "calms down")
        self.scene.fates.cease()
        self.mishaps.cease()
        for happening in self._script:
            self._happen(happening)
        if self.scene.erp.inactive:
            self._happen(Happening(What.PROJECT_OPENED))
        self.crew.recover()
        for _ in range(CALM):
            if not self._go_on() and not people.help_on(self.scene):
                return
        self.sins.append("P1: something is still under way although all has gone well for long")

    def _go_on(self) -> bool:
        """Let one thing happen of those that can, or time pass; return whether there was anything."""
        self.crew.look_around()
        self._look()
        choices = list(self._choices())
        if not choices:
            return self._pass_time()
        self.world.chance.choice(choices)()
        return True

    def _choices(self) -> Iterator[Choice]:
        world, workers = self.world, self.crew.by_name()
        for wait in world.waits():
            if wait.until <= world.now and workers[wait.owner].is_awake:
                yield partial(world.go_on, wait)
        for name in self._due():
            if name not in self._begun or world.chance.random() < _AGAIN:
                yield from (partial(self._begin, worker, name) for worker in self.crew.free_for(name))
        yield from (
            partial(people.plan_pull, self.scene, stream) for stream in people.unread(self.scene, self._agenda.reading)
        )

    def _begin(self, worker: Worker, name: str) -> None:
        self.world.tell(worker.name, f"begins to {name.replace('_', ' ')}")
        self._begun.add(name)
        worker.begin(name)
        self.world.loop.run()

    def _pass_time(self) -> bool:
        """Go to the next moment at which something can happen; return whether there is one."""
        now = self.world.now
        moments = [wait.until for wait in self.world.waits() if wait.until > now]
        moments += [moment for moment in (self._agenda.next_at(now), self.crew.next_at()) if moment is not None]
        if self._due():  # and begun in vain: a system that is away may be called again later
            moments.append(self.crew.may_call_at())
        if not moments:
            return False
        self.world.pass_time(min(moments))
        self._begun.clear()
        return True

    def _due(self) -> list[str]:
        """Return what is to be done now, sorted, so that chance alone decides."""
        is_answering = any(worker.is_at(_TAKE_IN) for worker in self.crew.workers)
        sent = [_TAKE_IN] if self.scene.source.to_send() and not is_answering else []
        return [*self._agenda.due(self.world.now), *sent]

    def _look(self) -> None:
        """Read the agenda again where something was committed."""
        ((version,),) = self.scene.stage.rows("PRAGMA data_version")
        if version != self._version:
            self._version = version
            self._begun.clear()
            self._agenda = agenda(self.scene.stage, self.crew.gone, is_told=self.scene.plan.is_told)
            if self.scene.plan.is_witnessed and not checks.is_balanced(self.scene.stage):
                self.sins.append("P5: the ledger did not balance after a commit")

    def _happen(self, happening: Happening) -> None:
        self.world.tell("world", f"{happening.object_id} {happening.what}".strip())
        match happening.what:
            case What.APPROVED:
                self._approve(happening)
            case What.TAKEN_BACK:
                self.scene.source.take_back(happening.object_id)
            case What.OFFERED_AGAIN:
                self.scene.source.offer_again(happening.object_id)
            case What.PEOPLE_HELP:
                people.help_on(self.scene)
            case What.PROJECT_CLOSED | What.PROJECT_OPENED:
                self.scene.erp.set_active(is_active=happening.what is What.PROJECT_OPENED)

    def _approve(self, happening: Happening) -> None:
        before = sum(1 for one in self.scene.source.approvals if one.object_id == happening.object_id)
        approval = Approval(
            f"{happening.object_id}-{before + 1}",
            happening.object_id,
            happening.amounts_minor,
            papers.PROJECT if happening.has_project else "",
            happening.is_readable,
        )
        self.scene.source.approve(approval)
