"""What stops a document becomes an exception that a person can read; what brings it on, resolves it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.failures import Failure, FailureKind
from control_plane.domain.routing import Routing
from control_plane.engine.parts import Unit
from control_plane.store import connections, exception_cases, routing
from control_plane.store.transactions import Work


@dataclass(frozen=True, slots=True)
class Trouble:
    """A transaction that does not go on by itself, with everything that stands against it, the first first."""

    work: Work
    failures: tuple[Failure, ...]
    step: str


def open_cases(unit: Unit, troubles: Sequence[Trouble]) -> None:
    """Open an exception for each, or bring the one that is open up to date."""
    if troubles:
        _open(unit, [_told(trouble) for trouble in troubles])


def release_cases(unit: Unit, transaction_ids: Sequence[int]) -> None:
    """Let the exceptions of what goes on by itself wait for their evidence."""
    if transaction_ids:
        exception_cases.release_for(unit.session, transaction_ids, now=unit.now)


def resolve_cases(unit: Unit, evidence: Mapping[int, str]) -> None:
    """Resolve the exceptions of transactions by their evidence: a posting number, a withdrawn version."""
    if evidence:
        exception_cases.resolve_for(unit.session, evidence, now=unit.now)


def tell_unread(unit: Unit, connection: str, unread: Sequence[tuple[str, Failure]]) -> None:
    """Open an exception of the connection for what it says and nobody can read: a record, a recall, a payment."""
    told = [
        exception_cases.Trouble(failure=failure, connection=connection, step="receive", document={"document": name})
        for name, failure in unread
    ]
    if told:
        _open(unit, told)


def pause_if_hopeless(unit: Unit, connection: str, failure: Failure) -> None:
    """Pause a connection whose credentials or set-up are refused: one exception for it, and no hammering."""
    if failure.kind not in {FailureKind.AUTH, FailureKind.CONFIGURATION}:
        return
    connections.pause(unit.session, connection, reason="failure", failure=failure.code, now=unit.now)
    told = exception_cases.Trouble(failure=failure, connection=connection, document={"target": connection})
    _open(unit, [told])


def _open(unit: Unit, told: Sequence[exception_cases.Trouble]) -> None:
    """Open an exception for each, with the team that the rules in force name."""
    rules = routing.current(unit.session)
    exception_cases.open_for(unit.session, unit.ids, [_routed(rules, one) for one in told], now=unit.now)


def _routed(rules: Routing, told: exception_cases.Trouble) -> exception_cases.Trouble:
    facts = {
        "legal_entity": told.legal_entity_id,
        "counterparty": told.business_owner,
        "code": told.failure.code,
        "flow": told.flow,
        "kind": told.failure.kind.value,
        "connection": told.connection or told.document.get("target", ""),
    }
    to = rules.routed(facts)
    return replace(told, team=to.team, routed_by=to.by, routing_version=rules.version)


def _told(trouble: Trouble) -> exception_cases.Trouble:
    work = trouble.work
    return exception_cases.Trouble(
        failure=trouble.failures[0],
        flow=work.seen.flow,
        step=trouble.step,
        legal_entity_id=work.seen.legal_entity_id,
        transaction_id=work.id,
        document={"document": work.name, "target": work.target, "source": work.source_system},
        currency=work.seen.currency,
        amount_minor=work.seen.amount_minor,
        group_minor=work.seen.group_minor,
        due_at=work.due_at,
        business_owner=work.counterparty,
    )
