"""The sandbox ERP reverses and pays, and its books show both."""

import csv
import io
from typing import Any

import pytest

from tests.connectors.twins.documents import posting
from tests.connectors.twins.in_process import Twin


def reversal(**changes: Any) -> dict[str, Any]:
    return {
        "reference": "R1-R",
        "company": "1000",
        "fiscal_year": 2026,
        "number": "0000000001",
        "posting_date": "2026-11-02",
        **changes,
    }


@pytest.fixture
async def booked(erp: Twin) -> Twin:
    await erp.post("/v1/documents", {"documents": [posting()]})
    return erp


async def reverse(erp: Twin, **changes: Any) -> dict[str, Any]:
    (result,) = (await erp.post("/v1/documents/reverse", {"reversals": [reversal(**changes)]}))["results"]
    assert isinstance(result, dict)
    return result


async def pay(erp: Twin, **wish: Any) -> dict[str, Any]:
    (result,) = (await erp.post("/twin/pay", {"payments": [wish]}))["results"]
    assert isinstance(result, dict)
    return result


async def test_a_reversal_is_a_document_of_its_own_with_its_own_date(booked: Twin) -> None:
    result = await reverse(booked)

    assert (result["status"], result["number"], result["posting_date"]) == ("reversed", "0000000002", "2026-11-02")
    (found,) = (await booked.post("/v1/documents/find", {"references": ["R1"]}))["documents"]
    assert found["status"] == "reversed"
    assert found["reversal"]["number"] == "0000000002"
    mirrored = await booked.get("/v1/documents/1000/2026/0000000002")
    assert mirrored["reverses"]["number"] == "0000000001"
    assert [each["credit"] for each in mirrored["lines"]] == ["100.00", "19.00", "0.00"]


async def test_what_is_reversed_is_not_reversed_again(booked: Twin) -> None:
    first = await reverse(booked)

    again = await reverse(booked, reference="R1-again")

    assert (again["status"], again["number"]) == ("already_reversed", first["number"])


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reference": " "}, "reference_missing"),
        ({"fiscal_year": "2026"}, "field_invalid"),
        ({"number": "0000000009"}, "document_unknown"),
        ({"posting_date": "2025-12-31"}, "period_closed"),
        ({"posting_date": "soon"}, "date_invalid"),
    ],
)
async def test_a_reversal_is_refused_by_code(booked: Twin, changes: dict[str, Any], code: str) -> None:
    result = await reverse(booked, **changes)

    assert (result["status"], result["code"]) == ("rejected", code)


async def test_a_reversal_cannot_be_reversed(booked: Twin) -> None:
    await reverse(booked)

    assert (await reverse(booked, number="0000000002"))["code"] == "not_reversible"


async def test_a_paid_document_is_reversed_only_after_the_payment_was_taken_back(booked: Twin) -> None:
    await pay(booked, reference="R1")
    assert (await reverse(booked))["code"] == "document_paid"

    await pay(booked, reference="R1", kind="reversed")

    assert (await reverse(booked))["status"] == "reversed"


async def test_payments_are_listed_in_order_and_in_pages(booked: Twin) -> None:
    await pay(booked, reference="R1", kind="partial", amount="19.00")
    await pay(booked, source_document="S-R1", paid_on="2026-11-20")
    await pay(booked, reference="R1", kind="reversed")

    first = await booked.get("/v1/payments", limit=2)
    rest = await booked.get("/v1/payments", since=first["last"])

    assert [(each["kind"], each["amount"], each["open"]) for each in first["payments"]] == [
        ("partial", "19.00", "100.00"),
        ("full", "100.00", "0.00"),
    ]
    assert first["more"] is True
    assert first["payments"][1]["paid_on"] == "2026-11-20"
    assert [(each["kind"], each["amount"], each["open"]) for each in rest["payments"]] == [
        ("reversed", "-119.00", "119.00"),
    ]
    assert (rest["more"], rest["last"]) == (False, 3)


@pytest.mark.parametrize(
    "wish", [{"kind": "partial", "amount": "119.00"}, {"kind": "partial", "amount": "x"}, {"kind": "?"}]
)
async def test_a_payment_that_does_not_fit_is_refused(booked: Twin, wish: dict[str, str]) -> None:
    assert (await pay(booked, reference="R1", **wish))["code"] == "amount_invalid"


async def test_what_is_paid_in_full_is_not_paid_again(booked: Twin) -> None:
    await pay(booked, reference="R1")

    assert (await pay(booked, reference="R1"))["code"] == "amount_invalid"


async def test_a_payment_without_posting_is_booked_only_on_demand(erp: Twin) -> None:
    wish = {"source_document": "S-9", "company": "1000", "currency": "EUR", "amount": "12.00"}
    assert (await pay(erp, **wish))["code"] == "document_unknown"

    await pay(erp, **wish, without_posting=True)

    (payment,) = (await erp.get("/v1/payments"))["payments"]
    assert (payment["source_document"], payment["reference"], payment["open"]) == ("S-9", None, None)


@pytest.mark.parametrize("query", ["since=x", "limit=0", "limit=1001", f"since={'9' * 30}"])
async def test_a_query_that_cannot_be_read_is_refused(erp: Twin, query: str) -> None:
    assert (await erp.client.get(f"/v1/payments?{query}")).status_code == 400


async def test_the_books_as_csv_balance_to_the_cent(booked: Twin) -> None:
    await reverse(booked)

    rows = list(csv.DictReader(io.StringIO((await booked.client.get("/twin/books.csv")).text)))

    assert [row["kind"] for row in rows] == ["posting"] * 3 + ["reversal"] * 3
    assert sum(round(float(row["debit"]) * 100) for row in rows) == sum(
        round(float(row["credit"]) * 100) for row in rows
    )
    assert rows[3]["reverses"] == "0000000001"


async def test_the_payments_as_csv_name_their_documents(booked: Twin) -> None:
    await pay(booked, reference="R1")

    (row,) = csv.DictReader(io.StringIO((await booked.client.get("/twin/payments.csv")).text))

    assert (row["reference"], row["amount"], row["open"]) == ("R1", "119.00", "0.00")
