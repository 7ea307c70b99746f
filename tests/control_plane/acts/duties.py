"""People who act through the door on a whole world: made known in one line, and let do things in another."""

from collections.abc import Callable
from typing import Any

from sqlmodel import col, select

from control_plane.acts import approvals as deciding
from control_plane.acts.claims import claim
from control_plane.acts.decided import CONSEQUENCES
from control_plane.acts.door import Hand
from control_plane.domain.access import Actor, Grant, Role
from control_plane.engine.parts import Unit
from control_plane.store import people
from control_plane.store.people import Person
from control_plane.store.tables import ApprovalRow, ExceptionCaseRow, TransactionRow
from tests.stands.world import World


async def person(w: World, login: str, *roles: Role, employee_ref: str = "") -> Actor:
    """Make somebody known with roles in the whole group."""

    def known(unit: Unit) -> Actor:
        number = people.add(unit.session, unit.ids, Person(login, login.title(), employee_ref), now=unit.now)
        people.set_grants(unit.session, number, [Grant(role) for role in roles])
        actor = people.actor(unit.session, number, now=unit.now)
        assert actor is not None
        return actor

    return await w.parts.write(known)


async def do(w: World, actor: Actor, deed: Callable[..., Any], *about: Any, **how: Any) -> Any:
    """Let a person do something through the door."""
    sources = {name: one.source for name, one in w.parts.connectors.items() if one.source is not None}

    def work(unit: Unit) -> Any:
        return deed(Hand(unit, actor, b"key", reason="It is right so", sources=sources), *about, **how)

    return await w.parts.write(work)


async def case(w: World) -> ExceptionCaseRow:
    """Return the newest exception."""
    return (await w.cases())[-1]


async def claimed(w: World, actor: Actor) -> ExceptionCaseRow:
    """Return the newest exception, claimed by the person."""
    row = await case(w)
    if row.state == "new":
        await do(w, actor, claim, row.id, revision=row.revision)
    return await case(w)


async def approval(w: World) -> ApprovalRow:
    """Return the newest proposal."""
    query = select(ApprovalRow).order_by(col(ApprovalRow.id).desc())
    row = await w.parts.read(lambda session: session.exec(query).first())
    assert row is not None
    return row


async def decide(w: World, actor: Actor, deed: Callable[..., None] = deciding.approve) -> None:
    """Let a person decide the newest proposal."""
    row = await approval(w)
    await do(
        w, actor, deed, row.id, revision=row.revision, content_sha256=row.content_sha256, consequences=CONSEQUENCES
    )


async def arrive(w: World, document: Any) -> TransactionRow:
    """Let a document come and go as far as it can."""
    await w.approve(document)
    await w.pull("concur", "expense_reports")
    await w.settle()
    return (await w.transactions())[-1]
