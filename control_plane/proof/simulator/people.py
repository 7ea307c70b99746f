"""What people and the scheduler do in a history: plan pulls, resume connections, let what failed go on."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from control_plane.domain.machine import By
from control_plane.domain.transaction import Reason, Seen, State, transition
from control_plane.proof.simulator.agenda import Reading
from control_plane.proof.simulator.erp import LISTS
from control_plane.proof.simulator.scene import Scene
from control_plane.proof.simulator.source import DOCUMENTS, RECALLS
from control_plane.store import connections, runs, transactions, transitions
from control_plane.store.transitions import Change

_CONNECTION_OF: Final = {DOCUMENTS: "expense", RECALLS: "expense", LISTS: "erp"}
_PAUSED: Final = "SELECT name FROM connection WHERE paused_at IS NOT NULL ORDER BY name"
_FAILED: Final = "SELECT id FROM \"transaction\" WHERE state = 'failed' AND intents_payload_id IS NOT NULL"


def unread(scene: Scene, read: Reading) -> Iterator[str]:
    """Yield the streams that hold something for us and that nobody is about to pull."""
    if scene.source.waiting and DOCUMENTS not in read.planned:
        yield DOCUMENTS
    for stream, count in ((RECALLS, len(scene.source.recalls)), (LISTS, len(scene.erp.changes))):
        if count > read.cursors.get(stream, 0) and stream not in read.planned:
            yield stream


def plan_pull(scene: Scene, stream: str) -> None:
    """Plan a sync run of a stream."""
    world, connection = scene.world, _CONNECTION_OF[stream]
    world.tell("scheduler", f"plans a pull of {stream}")
    with scene.stage.database.write() as session:
        runs.plan(session, world.ids, connection, stream, at=world.now, trigger=runs.Trigger.PERSON)


def help_on(scene: Scene) -> bool:
    """Do what people do with what does not go on by itself; return whether there was anything."""
    paused = [name for (name,) in scene.stage.rows(_PAUSED)]
    failed = [number for (number,) in scene.stage.rows(_FAILED)]
    if not paused and not failed:
        return False
    scene.world.tell("people", "resume what is paused and let go on what failed")
    with scene.stage.database.write() as session:
        for name in paused:
            connections.resume(session, name)
        changes = [_retried(work.seen, scene.world.now) for work in transactions.by_ids(session, failed)]
        transitions.record(session, changes, scene.world.ids)
    return True


def _retried(seen: Seen, now: datetime) -> Change:
    taken = transition(seen, State.READY, reason=Reason.RETRY, by=By.OWNER, now=now)
    return Change(taken, sets={"priority_at": now, "first_attempt_at": None, "attempt_count": 0})
