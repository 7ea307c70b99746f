"""The expense platform's twin answers as the vendor's published contract says, and takes the vendor's samples."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from tests.connectors.twins.in_process import TRANSACTIONS, Twin

HOST = "http://expense"
EXPENSE = TRANSACTIONS.format("expense")


@pytest.fixture(scope="module")
def reference_data() -> Path:
    folder = os.environ.get("TIEOUT_REFERENCE_DATA")
    if not folder:
        pytest.skip("TIEOUT_REFERENCE_DATA is not set: the vendor's contract and samples are not here")
    return Path(folder)


@pytest.fixture(scope="module")
def contract(reference_data: Path) -> OpenAPI:
    text = (reference_data / "contracts/concur/FinancialIntegrationService.swagger2.json").read_text()
    words = json.loads(text)
    words["servers"] = [{"url": f"{HOST}/financialintegration"}]
    return OpenAPI.from_dict(words, config=Config(spec_validator_cls=None))


@pytest.fixture
async def filled(expense: Twin, reference_data: Path) -> list[str]:
    samples = [json.loads(path.read_text()) for path in sorted((reference_data / "concur_samples").glob("*.json"))]
    documents = [document | {"docStatus": "READY"} for sample in samples for document in sample["fIDocuments"]]
    answer = await expense.post("/twin/documents", {"fIDocuments": documents})
    return [result["id"] for result in answer["results"]]


async def exchange(expense: Twin, contract: OpenAPI, path: str, body: dict[str, Any] | None = None) -> Any:
    method = "get" if body is None else "post"
    answer = await expense.client.request(method.upper(), path, json=body)
    request = MockRequest(HOST, method, path.partition("?")[0], headers=dict(expense.client.headers))
    kind = answer.headers["content-type"]
    contract.validate_response(request, MockResponse(answer.content, answer.status_code, content_type=kind))
    return answer.json()


async def test_the_list_of_documents_fits_the_contract(expense: Twin, contract: OpenAPI, filled: list[str]) -> None:
    page = await exchange(expense, contract, f"{EXPENSE}?limit=5")
    everything = await exchange(expense, contract, f"{EXPENSE}?ignoreDocumentStatus=yes&limit=100")

    assert len(page["content"]) == 5
    assert [item["id"] for item in everything["content"]] == filled


async def test_what_is_said_about_documents_is_answered_as_the_contract_says(
    expense: Twin,
    contract: OpenAPI,
    filled: list[str],
) -> None:
    await expense.post("/twin/recall", {"ids": filled[:1]})
    ids = [*filled[:3], "nobody"]
    postings = [{"docId": each, "overallPostingStatusCode": "success", "postingDocs": []} for each in ids]
    payments = [{"docId": each, "processingStatusCode": "CP", "clearingDetails": []} for each in ids * 2]

    acknowledged = await exchange(expense, contract, f"{EXPENSE}/acknowledgements", {"systemId": "erp", "ids": ids})
    posted = await exchange(
        expense,
        contract,
        f"{EXPENSE}/postingconfirmations",
        {"systemId": "erp", "postingConfirmations": postings},
    )
    paid = await exchange(
        expense,
        contract,
        f"{EXPENSE}/paymentconfirmations",
        {"systemId": "erp", "processingConfirmation": payments},
    )

    assert [item["code"] for item in acknowledged] == [102, 0, 0, 104]
    assert [item["code"] for item in posted] == [112, 0, 0, 116]
    assert [item["code"] for item in paid] == [112, 0, 0, 116, 112, 298, 298, 116]


async def test_the_vendors_samples_are_handed_out_as_they_were_given(
    expense: Twin,
    reference_data: Path,
    filled: list[str],
) -> None:
    for path in sorted((reference_data / "concur_samples").glob("*.json")):
        (given,) = json.loads(path.read_text())["fIDocuments"]
        (told,) = (await expense.get(EXPENSE, docId=given["id"]))["content"]
        assert told["document"] == given["document"]
        assert told["id"] in filled


async def test_the_books_agree_with_the_vendors_totals_wherever_one_is_stated(
    expense: Twin,
    filled: list[str],
) -> None:
    versions = [
        version for document in (await expense.get("/twin/books"))["documents"] for version in document["versions"]
    ]
    stated = [version for version in versions if version["approved_amount"] is not None]

    assert len(versions) == len(filled) == len(stated) + 1
    assert all(float(version["approved_amount"]) == float(version["journal_amount"]) for version in stated)
