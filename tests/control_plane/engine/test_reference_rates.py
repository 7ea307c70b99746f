"""The European Central Bank's rates on their way into the plausibility of a document."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from connectors.canonical.master_data import Domain, MasterRecord
from connectors.connection import ConnectionSettings
from connectors.registry import opened
from control_plane.engine.lists import reference_rates
from control_plane.store import connections
from tests.connectors.ecb.running_bank import line, running_bank
from tests.stands.claims import claim
from tests.stands.world import World

FRIDAY = date(2026, 10, 9)
"""The last day with rates before the claims' Saturday."""


def in_dollars(report: str, rate: str) -> dict[str, Any]:
    """Return a claim that was spent in dollars and turned into euros at this rate."""
    paper = claim(report)
    entry = paper["document"]["expenseEntry"][0]
    entry |= {"entryCurrAlphaCode": "USD", "entryExchangeRate": Decimal(rate), "entryExchangeRateDirection": "M"}
    return paper


async def warnings_of(w: World, transaction_id: int) -> list[dict[str, Any]]:
    """Return what `enrich` wondered about."""
    return [one for entry in await w.story(transaction_id) if entry.name == "enrich" for one in _warnings(entry.facts)]


def _warnings(facts: dict[str, Any]) -> list[dict[str, Any]]:
    return list(facts.get("warnings", []))


async def test_a_rate_far_from_the_banks_is_a_warning_and_the_document_goes_on(w: World) -> None:
    async with running_bank() as bank:
        bank.lines = [line(FRIDAY, "1.2500")]
        async with opened(ConnectionSettings("ecb", "ecb", bank.served.url)) as connector:
            w.parts = replace(w.parts, connectors={**w.parts.connectors, "ecb": connector})
            await w.parts.write(lambda unit: connections.register(unit.session, [connections.Configured("ecb", "ecb")]))
            await w.pull("ecb", "rate")
            await w.settle()
    await w.approve(in_dollars("R-odd", "0.5"), in_dollars("R-even", "0.81"))
    await w.pull("concur", "expense_reports")
    await w.settle()

    found = {row.source_id: row for row in await w.transactions()}
    assert {row.state for row in found.values()} == {"posted"}
    assert await warnings_of(w, found["R-even"].id) == []
    (warning,) = await warnings_of(w, found["R-odd"].id)
    assert (warning["code"], warning["values"]["reference"]) == ("rate_implausible", "0.800000")


def test_only_days_of_the_bank_are_reference_rates() -> None:
    day = MasterRecord(Domain.RATE, "ECB/2026-10-09", "", active=True, attributes={"USD": "1.25"}, valid_from=FRIDAY)
    others = (
        replace(day, code="ECB/2026-10-08", active=False),
        replace(day, code="USD/2026-10", attributes={"from": "USD", "to": "EUR", "period": "2026-10", "rate": "0.9"}),
        replace(day, domain=Domain.PROJECT),
        replace(day, valid_from=None),
    )
    assert reference_rates([day, *others]) == {("USD", FRIDAY): "1.25"}
