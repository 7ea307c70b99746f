"""What people do with connections: pause, resume, pull now."""

from control_plane.acts.door import ChangedMeanwhileError, Hand, NotPossibleError, UnknownObjectError, pass_door, record
from control_plane.domain.access import Act, Actor, may
from control_plane.store import connections, exception_cases, runs
from control_plane.store.runs import Trigger
from control_plane.store.tables import ConnectionRow


def pause(hand: Hand, name: str, *, revision: int) -> None:
    """Stop pulling from and sending to a connection; what is under way is finished.

    Raises:
        UnknownObjectError, NotAllowedError: see `door.pass_door`.
        ChangedMeanwhileError: the connection is no longer at the revision that the actor saw.
        NotPossibleError: it is paused already.
    """
    row = _see(hand, name, revision)
    if row.paused_at is not None:
        raise NotPossibleError("The connection is paused already.")
    if not connections.pause(hand.unit.session, name, reason=hand.reason, revision=revision, now=hand.unit.now):
        raise ChangedMeanwhileError("Somebody else was faster.")
    _record(hand, row, "pause", is_paused=True)


def resume(hand: Hand, name: str, *, revision: int) -> None:
    """Let a paused connection go on; that resolves the exception that it had.

    Raises:
        UnknownObjectError, NotAllowedError: see `door.pass_door`.
        ChangedMeanwhileError: the connection is no longer at the revision that the actor saw.
        NotPossibleError: it is not paused.
    """
    row = _see(hand, name, revision)
    if row.paused_at is None:
        raise NotPossibleError("The connection is not paused.")
    if not connections.resume(hand.unit.session, name, revision=revision):
        raise ChangedMeanwhileError("Somebody else was faster.")
    exception_cases.resolve_connection(hand.unit.session, name, f"resumed by {hand.actor.login}", now=hand.unit.now)
    _record(hand, row, "resume", is_paused=False)


def pull(hand: Hand, name: str, stream: str, *, revision: int) -> None:
    """Let a stream be pulled at once; where a run waits already, that one is it.

    Raises:
        UnknownObjectError, NotAllowedError: see `door.pass_door`.
        ChangedMeanwhileError: the connection is no longer at the revision that the actor saw.
        NotPossibleError: the connection is paused, or has no such stream.
    """
    row = _see(hand, name, revision)
    if row.paused_at is not None:
        raise NotPossibleError("The connection is paused.")
    if stream not in {schedule.stream for schedule in runs.schedules(hand.unit.session) if schedule.connection == name}:
        raise NotPossibleError(f"{name} has no stream of this name.")
    runs.plan(hand.unit.session, hand.unit.ids, name, stream, at=hand.unit.now, trigger=Trigger.PERSON)
    record(
        hand,
        name="connection.pull",
        object_type="connection",
        object_id=name,
        legal_entity=row.legal_entity_id,
        after={"stream": stream},
    )


def acts_on(actor: Actor, row: ConnectionRow) -> list[str]:
    """Return the names of the acts that the actor may do with the connection as it stands."""
    if not may(actor, Act.RUN_CONNECTION, row.legal_entity_id):
        return []
    return ["resume"] if row.paused_at is not None else ["pause", "pull"]


def _see(hand: Hand, name: str, revision: int) -> ConnectionRow:
    row = connections.one(hand.unit.session, name)
    if row is None:
        raise UnknownObjectError(name)
    pass_door(hand, Act.RUN_CONNECTION, row.legal_entity_id)
    if row.revision != revision:
        raise ChangedMeanwhileError("The connection has changed since you read it.")
    return row


def _record(hand: Hand, row: ConnectionRow, name: str, *, is_paused: bool) -> None:
    record(
        hand,
        name=f"connection.{name}",
        object_type="connection",
        object_id=row.name,
        legal_entity=row.legal_entity_id,
        before={"is_paused": row.paused_at is not None, "reason": row.paused_reason},
        after={"is_paused": is_paused},
    )
