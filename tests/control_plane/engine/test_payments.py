"""What the ERP pays is noted on the posting and told to the source; what belongs to nothing is an exception."""

from tests.stands.claims import claim
from tests.stands.world import GRACE, World


async def pay(w: World, **payment: object) -> None:
    answer = await w.erp.post("/twin/pay", json={"payments": [payment]})
    answer.raise_for_status()
    assert answer.json()["results"][0]["status"] == "paid"


async def test_a_payment_is_noted_and_confirmed_to_the_source(w: World) -> None:
    await w.approve(claim("R1"))
    await w.pull("concur", "expense_reports")
    await w.settle()
    await pay(w, source_document="R1", kind="full")
    await w.pull("erp", "payments")
    await w.settle()

    (row,) = await w.transactions()
    assert (row.state, row.payment_status) == ("posted", "paid")
    (document,) = await w.expense_books()
    (told,) = document["versions"][0]["payment_confirmations"]
    assert told["code"] == "CP"


async def test_a_payment_without_any_posting_is_an_exception(w: World) -> None:
    await pay(
        w, source_document="R9", company="1000", currency="EUR", amount="12.50", kind="full", without_posting=True
    )
    await w.pull("erp", "payments")
    await w.settle()

    (row,) = await w.transactions("payment_confirmation")
    assert (row.state, row.reason, row.amount_minor) == ("on_hold", "no_posting", 1250)
    (case,) = await w.cases()
    assert case.code == "payment_without_posting"
    assert "12.50 EUR" in case.sentence
    assert "R9" in case.sentence


async def test_a_payment_of_a_posting_in_doubt_waits_for_its_answer(w: World) -> None:
    await w.approve(claim("R1"))
    await w.faults("erp", [{"kind": "close", "moment": "after", "path": "/v1/documents$", "count": 1}])
    await w.pull("concur", "expense_reports")
    await w.settle()
    await pay(w, source_document="R1", kind="full")
    await w.pull("erp", "payments")
    await w.settle()
    assert [row.state for row in await w.transactions("payment_confirmation")] == ["on_hold"]

    await w.settle_over(GRACE)
    (row,) = await w.transactions()
    assert (row.state, row.payment_status) == ("posted", "paid")
    assert [row.state for row in await w.transactions("payment_confirmation")] == ["posted"]
    (document,) = await w.expense_books()
    assert [told["code"] for told in document["versions"][0]["payment_confirmations"]] == ["CP"]
    assert {case.state for case in await w.cases()} == {"resolved"}
