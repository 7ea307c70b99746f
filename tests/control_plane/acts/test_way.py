"""What people do lets documents go on, on real twins: lifted holds are posted, returned documents are given back."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta

import pytest

from connectors.twins.expense.sample_set import sample_set
from control_plane.acts import claims
from control_plane.acts import exception_cases as acts
from control_plane.acts.door import Hand
from control_plane.domain.access import Actor, Grant, Role
from control_plane.store.database import Database
from control_plane.store.tables import ExceptionCaseRow
from tests.stands.claims import claim
from tests.stands.world import World, twins, world

ANNA = Actor(7, "anna", frozenset({Grant(Role.ANALYST)}))
PAUL = Actor(8, "paul", frozenset({Grant(Role.APPROVER)}))


@pytest.fixture
def urls() -> Iterator[tuple[str, str]]:
    with twins() as both:
        yield both


@pytest.fixture
async def w(database: Database, urls: tuple[str, str]) -> AsyncIterator[World]:
    async with world(database, urls, idle=timedelta(milliseconds=5)) as one:
        await one.learn()
        yield one


async def act(w: World, actor: Actor, deed: Callable[..., None], case: ExceptionCaseRow) -> ExceptionCaseRow:
    """Let a person act on an exception and return it as it is then."""
    await w.parts.write(
        lambda unit: deed(Hand(unit, actor, b"key", reason="It is right so"), case.id, revision=case.revision)
    )
    return next(one for one in await w.cases() if one.id == case.id)


async def stuck(w: World, case: str) -> ExceptionCaseRow:
    """Return the exception of a sample document that does not go on."""
    sample = next(one for one in sample_set() if one.case == case)
    await w.approve(sample.envelope)
    await w.pull("concur", "expense_reports")
    await w.settle()
    return (await w.cases())[0]


async def test_a_lifted_hold_lets_the_document_be_posted_and_that_resolves_the_exception(w: World) -> None:
    held = await stuck(w, "over_limit")
    await act(w, PAUL, acts.release, held)
    await w.settle()
    document = (await w.transactions())[0]
    resolved = (await w.cases())[0]
    assert (document.state, document.overrides) == ("posted", "approval")
    assert (resolved.state, resolved.evidence.partition(" as ")[0]) == ("resolved", "posted")


async def test_a_returned_document_is_told_to_the_platform(w: World) -> None:
    failed = await stuck(w, "wrong_total")
    claimed = await act(w, ANNA, claims.claim, failed)
    returned = await act(w, ANNA, acts.return_to_source, claimed)
    await w.settle()
    assert (await w.transactions())[0].state == "returned_to_source"
    assert (returned.state, returned.evidence) == ("resolved", "returned to concur")
    (told,) = await w.expense_books()
    assert told["versions"][0]["posting_confirmation"]["code"] == "error"


async def test_a_refused_document_is_sent_again_by_its_owner(w: World) -> None:
    rule = {"kind": "status", "moment": "before", "path": "/v1/documents$", "status": 413, "count": 1}
    await w.faults("erp", [rule])
    await w.approve(claim("A"))
    await w.pull("concur", "expense_reports")
    await w.settle()
    failed = (await w.cases())[0]
    await act(w, ANNA, acts.retry, await act(w, ANNA, claims.claim, failed))
    await w.settle()
    assert (await w.transactions())[0].state == "posted"
    assert (await w.cases())[0].state == "resolved"
