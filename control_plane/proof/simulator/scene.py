"""The scene of a history: its plan, the virtual world, the two systems outside and our database."""

from dataclasses import dataclass

from connectors.contract import Connector
from control_plane.proof.simulator.asking import Line
from control_plane.proof.simulator.erp import Erp
from control_plane.proof.simulator.fates import Fates
from control_plane.proof.simulator.plan import Plan
from control_plane.proof.simulator.source import Source
from control_plane.proof.simulator.stage import Stage
from control_plane.proof.simulator.world import World


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything in a history but those who work."""

    plan: Plan
    stage: Stage
    world: World
    fates: Fates
    source: Source
    erp: Erp

    @property
    def connectors(self) -> dict[str, Connector]:
        """Return the ways to the systems outside."""
        return {
            "expense": Connector("expense", self.source, is_told=self.plan.is_told),
            "erp": Connector("erp", self.erp, self.erp),
        }


def scene(stage: Stage, plan: Plan) -> Scene:
    """Return the scene as a plan begins, on a database that was put back to its beginning."""
    world = World(plan.seed)
    world.lines.append(str(plan))
    fates = Fates(world.chance, plan.trouble)

    def line(name: str) -> Line:
        return Line(name, lambda: world.now, fates, world.tell)

    def is_kept(document_id: str) -> bool:
        return bool(stage.rows("SELECT 1 FROM inbox WHERE event_id = ?", document_id))

    source = Source(line("source"), is_kept)
    if plan.is_sent:
        source.streams = ()
    return Scene(plan, stage, world, fates, source, Erp(line("erp"), plan.traits, plan.is_asynchronous))
