"""The sandbox ERP books what is valid and refuses the rest with a stable code."""

from typing import Any

import pytest

from tests.connectors.twins.documents import line, posting
from tests.connectors.twins.in_process import Twin

EXPENSE = line("474130", debit="10.00", cost_center="CC-1001")
OWED = line("331000", credit="10.00", party="E-003")


async def post(erp: Twin, *documents: object) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = (await erp.post("/v1/documents", {"documents": documents}))["results"]
    return results


async def books(erp: Twin) -> list[dict[str, Any]]:
    documents: list[dict[str, Any]] = (await erp.get("/twin/books"))["documents"]
    return documents


async def test_a_valid_document_is_booked_under_a_number_of_its_company_and_year(erp: Twin) -> None:
    results = await post(erp, posting("R1"), posting("R2"))

    assert [(each["status"], each["number"]) for each in results] == [
        ("posted", "0000000001"),
        ("posted", "0000000002"),
    ]
    assert results[0]["fiscal_year"] == 2026
    assert results[0]["posting_date"] == "2026-10-15"


async def test_a_document_is_read_back_line_by_line(erp: Twin) -> None:
    await post(erp, posting())

    (found,) = (await erp.post("/v1/documents/find", {"references": ["R1", "R9"]}))["documents"]

    assert [(each["account"], each["debit"], each["credit"]) for each in found["lines"]] == [
        ("474120", "100.00", "0.00"),
        ("154000", "19.00", "0.00"),
        ("331000", "0.00", "119.00"),
    ]
    assert (found["status"], found["total"], found["payable"], found["paid"]) == (
        "posted",
        "119.00",
        "119.00",
        "0.00",
    )


async def test_a_document_of_amount_zero_is_booked_like_any_other(erp: Twin) -> None:
    lines = [line("474130", cost_center="CC-1001"), line("331000", party="E-003")]

    assert (await post(erp, posting(lines=lines)))[0]["status"] == "posted"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"reference": ""}, "reference_missing", "reference"),
        ({"reference": None}, "reference_missing", "reference"),
        ({"surprise": 1}, "field_invalid", "surprise"),
        ({"currency": 5}, "field_invalid", "currency"),
        ({"lines": [{"account": "474130"}]}, "field_invalid", "lines[0].debit"),
        ({"company": "9000"}, "company_unknown", "company"),
        ({"ledger": "tax"}, "ledger_unknown", "ledger"),
        ({"document_type": "ZZ"}, "document_type_unknown", "document_type"),
        ({"currency": "XQZ"}, "currency_unknown", "currency"),
        ({"posting_date": "2026-02-30"}, "date_invalid", "posting_date"),
        ({"document_date": "20261012"}, "date_invalid", "document_date"),
        ({"posting_date": "2031-01-05"}, "period_missing", "posting_date"),
        ({"posting_date": "2025-12-05"}, "period_closed", "posting_date"),
        ({"lines": []}, "lines_missing", "lines"),
        ({"lines": [line("474130", debit="ten")]}, "amount_invalid", "lines[0].debit"),
        ({"lines": [line("474130", debit="-1.00")]}, "amount_negative", "lines[0].debit"),
        ({"lines": [line("474130", debit="1.00", credit="1.00")]}, "amount_two_sided", "lines[0]"),
        ({"lines": [line("474130", debit="1.001")]}, "decimals_exceeded", "lines[0].debit"),
        ({"currency": "JPY", "lines": [line("474130", debit="1.5")]}, "decimals_exceeded", "lines[0].debit"),
        ({"lines": [line("999999", debit="10.00"), OWED]}, "account_unknown", "lines[0].account"),
        ({"lines": [line("474999", debit="10.00"), OWED]}, "account_inactive", "lines[0].account"),
        ({"lines": [EXPENSE, line("331000", credit="10.00")]}, "party_missing", "lines[1].party"),
        ({"lines": [EXPENSE, {**OWED, "party": "E-900"}]}, "party_unknown", "lines[1].party"),
        ({"lines": [EXPENSE, {**OWED, "party": "E-004"}]}, "party_of_other_company", "lines[1].party"),
        ({"lines": [{**EXPENSE, "cost_center": "CC-1"}, OWED]}, "cost_center_unknown", "lines[0].cost_center"),
        (
            {"lines": [{**EXPENSE, "cost_center": "CC-2001"}, OWED]},
            "cost_center_of_other_company",
            "lines[0].cost_center",
        ),
        ({"lines": [{**EXPENSE, "project": "P-99"}, OWED]}, "project_unknown", "lines[0].project"),
        ({"lines": [{**EXPENSE, "project": "P-13"}, OWED]}, "project_inactive", "lines[0].project"),
        ({"lines": [{**EXPENSE, "tax_code": "V99"}, OWED]}, "tax_code_unknown", "lines[0].tax_code"),
        ({"lines": [{**EXPENSE, "tax_code": "C81"}, OWED]}, "tax_code_of_other_company", "lines[0].tax_code"),
        ({"lines": [EXPENSE, {**OWED, "credit": "9.99"}]}, "unbalanced", "lines"),
    ],
)
async def test_what_is_not_valid_is_refused_by_code_and_field(
    erp: Twin,
    changes: dict[str, Any],
    code: str,
    field: str,
) -> None:
    (result,) = await post(erp, posting(**changes))

    assert (result["status"], result["code"], result["field"]) == ("rejected", code, field)
    assert await books(erp) == []


async def test_a_refused_document_leaves_the_others_of_its_batch_untouched(erp: Twin) -> None:
    results = await post(erp, posting("R1"), "nonsense", posting("R3", company="9000"), posting("R4"))

    assert [each["status"] for each in results] == ["posted", "rejected", "rejected", "posted"]
    assert [each["reference"] for each in await books(erp)] == ["R1", "R4"]


async def test_a_repeated_reference_is_a_success_in_the_shape_of_a_conflict(erp: Twin) -> None:
    await post(erp, posting())

    again = await erp.client.post("/v1/documents", json={"documents": [posting(text="other")]})

    assert again.status_code == 409
    assert again.headers["Location"] == "/v1/documents/1000/2026/0000000001"
    assert again.json()["results"][0]["status"] == "duplicate"
    found = await erp.get(again.headers["Location"])
    assert found["text"] == "Trip to Hamburg"


async def test_a_batch_with_something_new_in_it_is_no_conflict(erp: Twin) -> None:
    await post(erp, posting("R1"))

    assert [each["status"] for each in await post(erp, posting("R1"), posting("R2"))] == ["duplicate", "posted"]


async def test_without_dedupe_the_same_reference_is_booked_twice(erp: Twin) -> None:
    await erp.patch("/twin/settings", {"dedupe": "none"})

    await post(erp, posting(), posting())

    assert len((await erp.post("/v1/documents/find", {"references": ["R1"]}))["documents"]) == 2


async def test_a_document_is_found_only_after_its_grace(erp: Twin) -> None:
    await erp.patch("/twin/settings", {"visibility_seconds": 30})
    await post(erp, posting())

    async def found() -> int:
        return len((await erp.post("/v1/documents/find", {"source_documents": ["S-R1"]}))["documents"])

    assert await found() == 0
    assert len(await books(erp)) == 1
    erp.clock.forward(30)
    assert await found() == 1


async def test_an_accepted_document_is_booked_or_refused_later(erp: Twin) -> None:
    await erp.patch("/twin/settings", {"asynchronous_seconds": 5})
    results = await post(erp, posting("R1"), posting("R2", company="9000"))
    assert [each["status"] for each in results] == ["accepted", "accepted"]
    assert (await erp.client.post("/v1/documents", json={"documents": [posting("R1")]})).status_code == 409

    erp.clock.forward(5)
    found = (await erp.post("/v1/documents/find", {"references": ["R1", "R2"]}))["documents"]

    assert [(each["reference"], each["status"]) for each in found] == [("R1", "posted"), ("R2", "rejected")]
    assert found[1]["code"] == "company_unknown"


async def test_a_project_takes_no_more_than_its_budget(erp: Twin) -> None:
    await erp.patch("/twin/master-data/project/P-05", {"attributes": {"budget": "150.00"}})

    results = await post(erp, posting("R1"), posting("R2"), posting("R3", currency="USD"))

    assert [each.get("code") for each in results] == [None, "budget_exceeded", None]


async def test_a_batch_above_the_limit_is_refused_as_a_whole(erp: Twin) -> None:
    await erp.patch("/twin/settings", {"batch_limit": 1})

    answer = await erp.client.post("/v1/documents", json={"documents": [posting("R1"), posting("R2")]})

    assert (answer.status_code, answer.json()["error"]["code"]) == (413, "batch_too_large")
    assert await books(erp) == []


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "malformed"),
        (b"[]", 400, "malformed"),
        (b'{"documents": 1}', 422, "invalid"),
        (b'{"documents": [], "mode": 1}', 422, "invalid"),
    ],
)
async def test_a_wrong_envelope_is_refused_as_a_whole(erp: Twin, body: bytes, status: int, code: str) -> None:
    answer = await erp.client.post("/v1/documents", content=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize("body", [{}, {"references": ["a"], "source_documents": ["b"]}, {"references": [1]}])
async def test_find_wants_exactly_one_list_of_keys(erp: Twin, body: dict[str, Any]) -> None:
    answer = await erp.client.post("/v1/documents/find", json=body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "invalid")


async def test_a_share_of_the_documents_is_refused_for_tax_until_the_set_up_is_complete(erp: Twin) -> None:
    names = [f"R{number}" for number in range(200)]
    await erp.patch("/twin/settings", {"tax_refusals_percent": 10})
    refused = [one for one in await post(erp, *map(posting, names)) if one["status"] == "rejected"]
    assert 10 <= len(refused) <= 30
    assert {one["code"] for one in refused} == {"tax_code_missing"}

    await erp.patch("/twin/settings", {"tax_refusals_percent": 0})
    again = await post(erp, *[posting(one["reference"]) for one in refused])
    assert {one["status"] for one in again} == {"posted"}


async def test_an_erp_without_search_says_so(erp: Twin) -> None:
    await erp.patch("/twin/settings", {"searchable": False})

    answer = await erp.client.post("/v1/documents/find", json={"references": ["R1"]})

    assert (answer.status_code, answer.json()["error"]["code"]) == (501, "not_searchable")


@pytest.mark.parametrize("key", ["wrong", ""])
async def test_nothing_is_told_without_the_key(erp: Twin, key: str) -> None:
    answer = await erp.client.get("/v1/status", headers={"X-Api-Key": key})

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("DELETE", "/v1/status", 405),
        ("GET", "/v1/documents/1000/2026/7", 404),
        ("GET", f"/v1/documents/1000/{'9' * 40}/7", 404),
    ],
)
async def test_an_unknown_path_is_refused_in_the_same_shape(
    erp: Twin,
    method: str,
    path: str,
    status: int,
) -> None:
    answer = await erp.client.request(method, path)

    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"code", "message"}
