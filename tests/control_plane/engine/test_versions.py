"""A recall and a new version at every moment: one live posting at the newest amount, or none."""

import asyncio
from typing import Any

from control_plane.engine.check import check
from control_plane.engine.deliver import deliver
from control_plane.engine.pull import pull_next
from tests.stands.claims import claim
from tests.stands.world import GRACE, World


def live(books: dict[str, Any]) -> list[tuple[str, str]]:
    """Return source document and total of every posting that stands."""
    reversed_numbers = {(d["company"], d["reverses"]["number"]) for d in books["documents"] if d.get("reverses")}
    postings = [d for d in books["documents"] if d["kind"] == "posting"]
    standing = [d for d in postings if (d["company"], d["number"]) not in reversed_numbers]
    return [(d["source_document"], d["total"]) for d in standing]


async def test_a_recall_before_the_post_cancels_and_the_new_version_is_posted(w: World) -> None:
    await w.faults("erp", [{"kind": "status", "moment": "before", "path": "/v1/documents$", "status": 503, "count": 1}])
    await w.approve(claim("R1", project="P-13"))  # inactive: it is held
    await w.pull("concur", "expense_reports")
    await w.settle()
    assert [row.state for row in await w.transactions()] == ["on_hold"]

    await w.recall("R1")
    await w.pull("concur", "recalls")
    await w.settle()
    assert [row.state for row in await w.transactions()] == ["cancelled"]

    await w.approve(claim("R1", document="R1-2", amount="80.00"))
    await w.pull("concur", "expense_reports")
    await w.settle_over(GRACE)
    assert [row.state for row in await w.transactions()] == ["cancelled", "posted"]
    assert live(await w.erp_books()) == [("R1", "80.00")]


async def test_a_recall_during_the_post_takes_effect_when_the_answer_is_known(w: World) -> None:
    await w.approve(claim("R1"))
    await w.faults("erp", [{"kind": "latency", "path": "/v1/documents$", "seconds": 1.0, "count": 1}])
    await w.pull("concur", "expense_reports")
    await pull_next(w.parts)
    await check(w.parts)
    posting = asyncio.create_task(deliver(w.parts))
    await asyncio.sleep(0.3)
    assert [row.state for row in await w.transactions()] == ["in_flight"]
    await w.approve(claim("R1", document="R1-2", amount="80.00"))
    await w.pull("concur", "recalls")
    await w.pull("concur", "expense_reports")
    await pull_next(w.parts)
    await pull_next(w.parts)
    await check(w.parts)
    await posting
    await w.settle_over(GRACE)

    assert [row.state for row in await w.transactions()] == ["reversed", "posted"]
    assert live(await w.erp_books()) == [("R1", "80.00")]


async def test_a_recall_after_the_post_is_reversed_and_the_new_version_follows(w: World) -> None:
    await w.approve(claim("R1"))
    await w.pull("concur", "expense_reports")
    await w.settle()
    await w.recall("R1")
    await w.pull("concur", "recalls")
    await w.settle()
    assert [row.state for row in await w.transactions()] == ["reversed"]
    assert live(await w.erp_books()) == []

    await w.approve(claim("R1", document="R1-2", amount="80.00"))
    await w.pull("concur", "expense_reports")
    await w.settle_over(GRACE)
    assert [row.state for row in await w.transactions()] == ["reversed", "posted"]
    assert live(await w.erp_books()) == [("R1", "80.00")]


async def test_a_new_version_without_a_recall_waits_until_the_old_posting_is_reversed(w: World) -> None:
    await w.approve(claim("R1"))
    await w.pull("concur", "expense_reports")
    await w.settle()
    await w.approve(claim("R1", document="R1-2", amount="80.00"))
    await w.pull("concur", "expense_reports")
    await w.settle_over(GRACE)

    assert [row.state for row in await w.transactions()] == ["reversed", "posted"]
    assert live(await w.erp_books()) == [("R1", "80.00")]


async def test_the_same_content_after_a_recall_is_a_new_version(w: World) -> None:
    await w.approve(claim("R1"))
    await w.pull("concur", "expense_reports")
    await w.settle()
    await w.recall("R1")
    await w.pull("concur", "recalls")
    await w.settle()
    await w.approve(claim("R1", document="R1-2"))
    await w.pull("concur", "expense_reports")
    await w.settle_over(GRACE)

    assert [(row.version, row.state) for row in await w.transactions()] == [(1, "reversed"), (2, "posted")]
    assert live(await w.erp_books()) == [("R1", "100.00")]


async def test_an_inactive_project_releases_what_it_held_when_the_erp_reactivates_it(w: World) -> None:
    await w.approve(claim("R1", project="P-13"), claim("R2", project="P-05", amount="40.00"))
    await w.pull("concur", "expense_reports")
    await w.settle()
    states = {row.source_id: row.state for row in await w.transactions()}
    assert states == {"R1": "on_hold", "R2": "posted"}
    (case,) = await w.cases()
    assert case.sentence == "Project P-13 is inactive in the ERP: document R1 over 100.00 EUR cannot be posted."

    (await w.erp.patch("/twin/master-data/project/P-13", json={"active": True})).raise_for_status()
    await w.pull("erp", "project")
    await w.settle()
    assert {row.state for row in await w.transactions()} == {"posted"}
    (case,) = await w.cases()
    assert (case.state, case.evidence[:9]) == ("resolved", "posted as")


async def test_a_later_version_is_not_sent_while_a_posting_of_another_hand_stands(w: World) -> None:
    await w.approve(claim("R1", project="P-13"))
    await w.pull("concur", "expense_reports")
    await w.settle()
    await w.recall("R1")
    await w.pull("concur", "recalls")
    await w.settle()
    lines = [
        {"account": "474300", "cost_center": None, "project": None, "debit": "55.00", "credit": "0.00"},
        {"account": "334000", "debit": "0.00", "credit": "55.00"},
    ]
    document = {"reference": "BY-HAND", "source_document": "R1", "company": "1000", "ledger": "main"}
    document |= {"document_type": "GJ", "posting_date": "2026-11-02", "document_date": "2026-11-02", "currency": "EUR"}
    body = {"documents": [document | {"lines": lines}]}
    answer = await w.erp.post("/v1/documents", json=body, headers={"X-Api-Key": "sandbox-key"})
    assert answer.json()["results"][0]["status"] == "posted"

    await w.approve(claim("R1", document="R1-2", amount="80.00"))
    await w.pull("concur", "expense_reports")
    await w.settle()
    last = (await w.transactions())[-1]
    assert (last.state, last.reason) == ("on_hold", "changed_after_post")
    assert [total for _, total in live(await w.erp_books())] == ["55.00"]


async def test_a_refusal_for_a_project_that_closed_meanwhile_is_released_by_its_next_change(w: World) -> None:
    await w.approve(claim("R1", project="P-05"))
    (await w.erp.patch("/twin/master-data/project/P-05", json={"active": False})).raise_for_status()
    await w.pull("concur", "expense_reports")
    await w.settle()
    (row,) = await w.transactions()
    assert (row.state, row.reason) == ("on_hold", "master_data")

    await w.pull("erp", "project")
    await w.settle()
    (await w.erp.patch("/twin/master-data/project/P-05", json={"active": True})).raise_for_status()
    await w.pull("erp", "project")
    await w.settle()
    (row,) = await w.transactions()
    assert row.state == "posted"
    assert live(await w.erp_books()) == [("R1", "100.00")]
