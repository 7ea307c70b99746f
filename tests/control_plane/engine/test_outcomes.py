"""Whatever the ERP answers, a document is booked once, and its place is known."""

from datetime import timedelta

import pytest

from tests.stands.claims import claim
from tests.stands.world import GRACE, World


async def test_a_document_is_booked_and_its_source_is_told(w: World) -> None:
    await w.approve(claim("R1"))
    await w.pull("concur", "expense_reports")
    await w.settle()

    (row,) = await w.transactions()
    assert (row.state, row.amount_minor, row.currency) == ("posted", 10000, "EUR")
    (document,) = (await w.erp_books())["documents"]
    assert document["reference"] == row.business_reference
    (told,) = await w.expense_books()
    assert told["versions"][0]["posting_confirmation"]["code"] == "success"


@pytest.mark.parametrize("kind", ["swallow", "reset", "close", "truncate", "garbage", "html", "status"])
async def test_an_answer_that_is_lost_after_the_commit_is_asked_for_and_adopted(w: World, kind: str) -> None:
    await w.approve(claim("R1"))
    await w.faults("erp", [{"kind": kind, "moment": "after", "path": "/v1/documents$", "count": 1, "seconds": 3}])
    await w.pull("concur", "expense_reports")
    await w.settle()

    (row,) = await w.transactions()
    assert row.state == "in_doubt"
    await w.settle_over(GRACE)
    (row,) = await w.transactions()
    assert (row.state, row.attempt_count) == ("posted", 1)
    assert len((await w.erp_books())["documents"]) == 1


@pytest.mark.parametrize("kind", ["reset", "close", "status"])
async def test_what_is_proved_absent_is_sent_again_under_the_same_reference(w: World, kind: str) -> None:
    await w.approve(claim("R1"))
    await w.faults("erp", [{"kind": kind, "moment": "before", "path": "/v1/documents$", "count": 1}])
    await w.pull("concur", "expense_reports")
    await w.settle_over(GRACE, turns=4)

    (row,) = await w.transactions()
    assert (row.state, row.attempt_count) == ("posted", 2)
    (document,) = (await w.erp_books())["documents"]
    assert document["reference"] == row.business_reference


async def test_a_success_in_the_shape_of_an_error_is_asked_about(w: World) -> None:
    await w.approve(claim("R1"))
    await w.faults("erp", [{"kind": "conflict", "path": "/v1/documents$", "count": 1}])
    await w.pull("concur", "expense_reports")
    await w.settle_over(GRACE)

    (row,) = await w.transactions()
    assert row.state == "posted"
    assert len((await w.erp_books())["documents"]) == 1


async def test_too_many_calls_wait_as_long_as_the_erp_asks(w: World) -> None:
    await w.approve(claim("R1"))
    rule = {"kind": "too_many", "path": "/v1/documents$", "count": 1, "retry_after": "60"}
    await w.faults("erp", [rule])
    await w.pull("concur", "expense_reports")
    await w.settle()

    (row,) = await w.transactions()
    assert (row.state, row.reason) == ("ready", "retry")
    await w.settle_over(timedelta(seconds=61), turns=1)
    (row,) = await w.transactions()
    assert row.state == "posted"


async def test_a_redelivery_is_counted_and_makes_no_second_transaction(w: World) -> None:
    await w.approve(claim("R1"))
    rule = {"kind": "status", "moment": "before", "path": "/acknowledgements$", "count": 1, "status": 503}
    await w.faults("expense", [rule])
    await w.pull("concur", "expense_reports")
    await w.settle()
    await w.pull("concur", "expense_reports")
    await w.settle()

    assert len(await w.transactions()) == 1
    assert len((await w.erp_books())["documents"]) == 1


async def test_revoked_credentials_pause_the_connection_and_nothing_hammers(w: World) -> None:
    (await w.erp.patch("/twin/settings", json={"api_key": "another-key"})).raise_for_status()
    await w.approve(claim("R1"), claim("R2", amount="40.00"))
    await w.pull("concur", "expense_reports")
    await w.settle()

    rows = await w.transactions()
    assert {row.state for row in rows} == {"ready"}
    assert sum(row.attempt_count for row in rows) <= 2
    (case,) = await w.cases()
    assert (case.code, case.connection) == ("credentials_refused", "erp")
