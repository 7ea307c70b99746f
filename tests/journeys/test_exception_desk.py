from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from sqlmodel import select

from connectors.twins.running import running_erp_twin, running_expense_twin
from control_plane.domain.access import Role
from control_plane.store.database import Database
from control_plane.store.tables import AuditRow
from tests.journeys.desk_stand import (
    CLOSED,
    INACTIVE,
    NAME_AT_THE_PLATFORM,
    TAX_PERCENT,
    UNKNOWN,
    Declaration,
    Desk,
    Obstacles,
    act,
    causes,
    declarations,
    watched,
)
from tests.stands.world import world

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

PERIOD: Final = f"{CLOSED[0]}-ap-{CLOSED[1]}"
TAX: Final = ("tax_refused", "")
LARGE: Final[dict[str, Any]] = {
    "page_size": 500,
    "batch_size": 100,
    "batch": 500,
    "page": 500,
    "settle_every": timedelta(seconds=1),
}
"""Five thousand claims in few and large steps."""


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    return sqlite_database


@pytest.fixture
async def desk(database: Database) -> AsyncIterator[Desk]:
    """An ERP in which three projects are inactive, a period is closed, and one in a hundred is refused for its tax."""
    inactive = [option for code in INACTIVE for option in ("--inactive-project", code)]
    with (
        running_expense_twin(options=["--not-durable"]) as expense,
        running_erp_twin(options=["--not-durable", *inactive]) as erp,
    ):
        policy = {"closed_period": {"rule": "hold"}}
        async with world(database, (expense.url, erp.url), policy=policy, **LARGE) as w:
            one = Desk(w)
            await one.change("period", PERIOD, attributes={"status": "closed"})
            await one.refuse_for_tax(TAX_PERCENT)
            await one.learn()
            yield one


@dataclass(slots=True)
class Story:
    """What is left of the obstacles, and everything that the desk and the ERP must say of it."""

    desk: Desk
    claims: list[Declaration]
    analyst: httpx.AsyncClient
    approver: httpx.AsyncClient
    left: Obstacles

    async def holds(self, **changes: Any) -> None:
        """Check that exactly the claims are booked that nothing stands against, and the rest is told line by line."""
        self.left = replace(self.left, **changes)
        assert await causes(self.analyst) == self.left.lines(self.claims)
        assert await self.desk.booked() == {name: [cents] for name, cents in self.left.free(self.claims).items()}

    async def bind_employee(self) -> None:
        wish = {"domain": "employee", "source_system": "concur", "source_key": NAME_AT_THE_PLATFORM}
        body = {**wish, "erp_key": f"E-{UNKNOWN}", "reason": "The same person"}
        proposed = (await self.analyst.post("/v1/bindings/propose", json=body)).raise_for_status().json()
        await act(self.approver, f"/v1/approvals/{proposed['approval_id']}", "approve")
        await self.desk.settle()

    async def retry_what_was_refused(self) -> str:
        """Plan, agree to and start a bulk retry of all tax refusals, and return its path."""
        plan = {"act": "retry", "code": TAX[0], "reason": "The tax codes are said to be right"}
        planned = (await self.analyst.post("/v1/bulk-operations", json=plan)).raise_for_status().json()
        path = f"/v1/bulk-operations/{planned['id']}"
        await act(self.approver, f"/v1/approvals/{planned['approval_id']}", "approve")
        await act(self.analyst, path, "start")
        await self.desk.ramp_up()
        return path


async def test_what_blocks_5000_claims_is_told_in_six_lines_and_fixed_once_for_all(
    log: Path, desk: Desk, database: Database
) -> None:
    claims = declarations(log)
    with watched(database) as watcher:
        await desk.arrive(claims)
        async with desk.person("anna", Role.ANALYST) as anna, desk.person("paul", Role.APPROVER) as paul:
            story = Story(desk, claims, anna, paul, Obstacles())
            assert len(story.left.lines(claims)) == 6
            await story.holds()

            await desk.change("project", "P-13", active=True)
            await story.holds(inactive=story.left.inactive - {"P-13"})
            await desk.change("period", PERIOD, attributes={"status": "open"})
            await story.holds(is_period_closed=False)
            assert acts(database) == []

            await story.bind_employee()
            await story.holds(is_employee_unknown=False)

            refused_count, _ = story.left.lines(claims)[TAX]
            path = await story.retry_what_was_refused()
            stopped = (await anna.get(path)).json()
            assert (stopped["state"], stopped["stop_reason"]) == ("stopped", "canary_failed")
            assert stopped["progress"] == progress(refused_count, failed=1)
            await story.holds()

            await desk.refuse_for_tax(0)
            await act(anna, path, "resume")
            await desk.ramp_up()
            finished = (await anna.get(path)).json()
            assert (finished["state"], finished["stop_reason"]) == ("finished", None)
            assert finished["progress"] == progress(refused_count, succeeded=refused_count)
            await story.holds(is_tax_wrong=False)

            for code in sorted(story.left.inactive):
                await desk.change("project", code, active=True)
                await story.holds(inactive=story.left.inactive - {code})
    assert watcher.differences == []
    assert watcher.commits > 100
    assert await desk.booked() == {one.id: [one.cents] for one in claims}


def acts(database: Database) -> list[str]:
    """Return what people have done so far."""
    with database.read() as session:
        return list(session.exec(select(AuditRow.action)).all())


def progress(total: int, **counts: int) -> dict[str, int]:
    """Return where the items of a bulk operation stand; together they are always the total."""
    stands = {"running": 0, "succeeded": 0, "failed": 0, "skipped": 0, **counts}
    return {"total": total, "waiting": total - sum(stands.values()), **stands}
