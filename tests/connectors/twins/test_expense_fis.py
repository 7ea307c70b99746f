"""The expense platform's twin hands out, takes back and believes the ERP's side, document by document."""

from collections.abc import Sequence
from typing import Any

import pytest

from connectors.twins.expense.status import TRANSITIONS, DocStatus, Event, after
from tests.connectors.twins.documents import report
from tests.connectors.twins.in_process import CREDENTIALS, TRANSACTIONS, Twin

EXPENSE = TRANSACTIONS.format("expense")


async def submit(expense: Twin, *documents: dict[str, Any]) -> list[dict[str, Any]]:
    answer = await expense.post("/twin/documents", {"fIDocuments": documents})
    results: list[dict[str, Any]] = answer["results"]
    return results


async def acknowledge(expense: Twin, *ids: str, system: str = "erp", doc_type: str = "expense") -> list[int]:
    path = f"{TRANSACTIONS.format(doc_type)}/acknowledgements"
    return [item["code"] for item in await expense.post(path, {"systemId": system, "ids": ids})]


async def confirm(expense: Twin, *ids: str, status: str = "success", system: str = "erp") -> list[tuple[int, str]]:
    items = [{"docId": each, "overallPostingStatusCode": status, "postingDocs": []} for each in ids]
    body = {"systemId": system, "postingConfirmations": items}
    answers = await expense.post(f"{EXPENSE}/postingconfirmations", body)
    return [(item["code"], item["postingConfirmationResult"]) for item in answers]


async def pay(expense: Twin, document_id: str, code: str, reference: str = "P1", system: str = "erp") -> str:
    details = [{"clearingAmount": 55.0, "clearingReference": {"paymentRef": reference}}] if reference else []
    item = {"docId": document_id, "processingStatusCode": code, "clearingDetails": details}
    body = {"systemId": system, "processingConfirmation": [item]}
    (answer,) = await expense.post(f"{EXPENSE}/paymentconfirmations", body)
    return f"{answer['code']} {answer['paymentConfirmationResult']}"


async def status_of(expense: Twin, document_id: str) -> str:
    page = await expense.get(EXPENSE, docId=document_id, ignoreDocumentStatus="yes")
    return str(page["content"][0]["docStatus"])


async def ready(expense: Twin, **query: object) -> Sequence[str]:
    return [item["id"] for item in (await expense.get(EXPENSE, **query))["content"]]


async def test_a_document_waits_until_it_is_acknowledged(expense: Twin) -> None:
    (first, second) = await submit(expense, report("A"), report("B"))

    assert await ready(expense) == [first["id"], second["id"]]
    assert await acknowledge(expense, first["id"]) == [0]
    assert await ready(expense) == [second["id"]]


async def test_an_acknowledgement_answers_for_each_document(expense: Twin) -> None:
    (taken, recalled, delayed, advance) = await submit(
        expense,
        report("A"),
        report("B"),
        report("C", docStatus="DELAYED"),
        report("D", docType="cashadvance"),
    )
    await acknowledge(expense, taken["id"])
    await expense.post("/twin/recall", {"ids": ["B"]})

    ids = (taken["id"], recalled["id"], delayed["id"], "nobody", advance["id"])
    assert await acknowledge(expense, *ids) == [101, 102, 103, 104, 105]


async def test_a_delayed_document_becomes_ready(expense: Twin) -> None:
    (delayed,) = await submit(expense, report(docStatus="DELAYED"))

    await expense.post("/twin/release", {"ids": [delayed["id"]]})

    assert await ready(expense) == [delayed["id"]]


async def test_pages_are_linked_and_counted(expense: Twin) -> None:
    submitted = await submit(expense, *(report(f"R{number}") for number in range(5)))

    page = await expense.get(EXPENSE, limit=2)
    links = {link["rel"]: link["href"] for link in page["links"]}
    second = await expense.get(links["next"])

    assert page["page"] == {"size": 2, "totalElements": 5, "totalPages": 3, "number": 0}
    assert [item["id"] for item in second["content"]] == [each["id"] for each in submitted[2:4]]
    last = await expense.get(links["last"])
    assert "next" not in {link["rel"] for link in last["links"]}


async def test_pages_move_up_when_documents_are_acknowledged_in_between(expense: Twin) -> None:
    submitted = [each["id"] for each in await submit(expense, *(report(f"R{number}") for number in range(4)))]
    await acknowledge(expense, *submitted[:2])

    assert await ready(expense, page=1, limit=2) == []
    assert await ready(expense, page=0, limit=2) == submitted[2:]


async def test_a_document_is_asked_for_by_its_own_id_or_by_its_report(expense: Twin) -> None:
    (submitted,) = await submit(expense, report("A"))

    assert await ready(expense, docId="A") == await ready(expense, docId=submitted["id"]) == [submitted["id"]]
    assert await ready(expense, docId="B") == []
    await acknowledge(expense, submitted["id"])
    assert await ready(expense, docId="A") == []
    assert await ready(expense, docId="A", ignoreDocumentStatus="yes") == [submitted["id"]]


async def test_a_document_comes_as_text_on_demand(expense: Twin) -> None:
    await submit(expense, report("A"))

    answer = await expense.client.get(EXPENSE, headers={"documentFormatAs": "text"})

    assert '"reportId":"A"' in answer.json()["content"][0]["document"]


async def test_amounts_keep_every_digit(expense: Twin) -> None:
    document = b'{"report": {"totalApprovedAmount": 0.1000000000000000055}}'
    body = b'{"fIDocuments": [{"docType": "expense", "document": %b}]}' % document
    await expense.client.post("/twin/documents", content=body)

    assert "0.1000000000000000055" in (await expense.client.get(EXPENSE)).text
    (document,) = (await expense.get("/twin/books"))["documents"]
    assert document["versions"][0]["approved_amount"] == "0.1000000000000000055"


async def test_a_number_of_any_length_is_kept(expense: Twin) -> None:
    digits = "9" * 40
    body = f'{{"fIDocuments": [{{"docType": "expense", "document": {{"report": {{"reportKey": {digits}}}}}}}]}}'
    await expense.client.post("/twin/documents", content=body)

    assert f'"reportKey":{digits}' in (await expense.client.get(EXPENSE)).text


async def test_an_id_is_given_only_once(expense: Twin) -> None:
    await submit(expense, report("A", id="same"))

    assert (await submit(expense, report("B", id="same")))[0] == {"result": "refused", "message": "same exists"}


async def test_what_is_unknown_cannot_be_recalled(expense: Twin) -> None:
    (result,) = (await expense.post("/twin/recall", {"ids": ["nobody"]}))["results"]

    assert result == {"result": "refused", "message": "nobody is unknown"}


async def test_a_posting_is_confirmed_once(expense: Twin) -> None:
    (submitted,) = await submit(expense, report())
    assert await confirm(expense, submitted["id"]) == [(111, "NOT_YET_ACKNOWLEDGED")]
    await acknowledge(expense, submitted["id"])

    assert await confirm(expense, submitted["id"], system="other") == [(99, "FAILURE")]
    assert await confirm(expense, submitted["id"], status="maybe") == [(198, "FAILURE")]
    assert await confirm(expense, submitted["id"], "nobody") == [(0, "SUCCESS"), (116, "DOCUMENT_NOT_FOUND")]
    assert await confirm(expense, submitted["id"]) == [(113, "FAILURE")]
    assert await status_of(expense, submitted["id"]) == "POSTING_CONFIRMED_SUCCESS"


async def test_a_confirmation_for_another_type_is_refused(expense: Twin) -> None:
    (advance,) = await submit(expense, report(docType="cashadvance"))

    assert await confirm(expense, advance["id"]) == [(115, "FAILURE")]
    assert await pay(expense, advance["id"], "CP") == "115 FAILURE"


async def test_a_failed_posting_comes_back_as_the_next_revision_of_the_same_report(expense: Twin) -> None:
    (first,) = await submit(expense, report("A", amount=55))
    await acknowledge(expense, first["id"])
    assert await confirm(expense, first["id"], status="error") == [(0, "SUCCESS")]

    (second,) = await submit(expense, report("A", amount=50))

    assert second["id"] != first["id"]
    assert second["revision"] == 2
    page = await expense.get(EXPENSE)
    assert [item["document"]["report"]["revisionNumber"] for item in page["content"]] == ["2"]
    assert await status_of(expense, first["id"]) == "RECALLED"


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_recalled_document_is_listed_no_more_and_refuses_what_is_said_about_it(
    expense: Twin,
    when: str,
) -> None:
    (submitted,) = await submit(expense, report("A"))
    if when == "after":
        await acknowledge(expense, submitted["id"])

    await expense.post("/twin/recall", {"ids": ["A"]})

    assert await ready(expense) == []
    assert await acknowledge(expense, submitted["id"]) == [102]
    assert await confirm(expense, submitted["id"]) == [(112, "WAS_RECALLED")]
    assert await pay(expense, submitted["id"], "CP") == "112 FAILURE"
    assert await status_of(expense, "A") == "RECALLED"


async def test_a_recall_stands_in_the_feed_of_events(expense: Twin) -> None:
    (submitted,) = await submit(expense, report("A"))
    await expense.post("/twin/recall", {"ids": [submitted["id"]]})
    await expense.post("/twin/recall", {"ids": [submitted["id"]]})

    feed = await expense.get("/v4/topics/financialintegration/events", eventType="recalled")

    assert [event["facts"]["reportId"] for event in feed["events"]] == ["A"]
    nothing = await expense.get("/v4/topics/financialintegration/events", eventType="recalled", after=feed["last"])
    assert (nothing["events"], nothing["last"]) == ([], feed["last"])


async def test_the_feed_is_read_in_steps(expense: Twin) -> None:
    await submit(expense, report("A"), report("B"), report("C"))

    first = await expense.get("/v4/topics/financialintegration/events", limit=2)
    rest = await expense.get("/v4/topics/financialintegration/events", after=first["last"])

    assert (len(first["events"]), first["more"], len(rest["events"]), rest["more"]) == (2, True, 1, False)
    assert (await expense.client.get("/v4/topics/weather/events")).status_code == 404


async def test_payments_are_believed_once_each(expense: Twin) -> None:
    (submitted,) = await submit(expense, report())
    await acknowledge(expense, submitted["id"])
    assert await pay(expense, submitted["id"], "CP") == "299 NOT_POSTING_CONFIRMED"
    await confirm(expense, submitted["id"])

    assert await pay(expense, submitted["id"], "PP", "P1") == "0 SUCCESS"
    assert await pay(expense, submitted["id"], "PP", "P1") == "298 NOOP"
    assert await pay(expense, submitted["id"], "CP", "P2") == "0 SUCCESS"
    assert await status_of(expense, submitted["id"]) == "PAYMENT_CONFIRMED_SUCCESS"
    assert await pay(expense, submitted["id"], "RE", "P2") == "0 SUCCESS"
    assert await status_of(expense, submitted["id"]) == "PAYMENT_CONFIRMED_REVERSED"
    assert await pay(expense, submitted["id"], "OB", "") == "0 SUCCESS"
    assert await pay(expense, submitted["id"], "OB", "") == "298 NOOP"


async def test_a_payment_of_nobody_or_by_a_stranger_is_refused(expense: Twin) -> None:
    (submitted,) = await submit(expense, report())
    await acknowledge(expense, submitted["id"])
    await confirm(expense, submitted["id"])

    assert await pay(expense, "nobody", "CP") == "116 DOCUMENT_NOT_FOUND"
    assert await pay(expense, submitted["id"], "XX") == "198 FAILURE"
    assert await pay(expense, submitted["id"], "CP", system="other") == "99 FAILURE"


async def test_a_paid_document_cannot_be_recalled_or_replaced(expense: Twin) -> None:
    (submitted,) = await submit(expense, report("A"))
    await acknowledge(expense, submitted["id"])
    await confirm(expense, submitted["id"])
    await pay(expense, submitted["id"], "CP")

    (recalled,) = (await expense.post("/twin/recall", {"ids": ["A"]}))["results"]
    (again,) = await submit(expense, report("A"))

    assert (recalled["result"], again["result"]) == ("refused", "refused")


async def test_the_books_keep_every_version_with_what_was_said(expense: Twin) -> None:
    (first,) = await submit(expense, report("A", amount=55))
    await acknowledge(expense, first["id"])
    await confirm(expense, first["id"], status="error")
    await submit(expense, report("A", amount=-50))

    (document,) = (await expense.get("/twin/books"))["documents"]
    former, latter = document["versions"]

    assert (document["business_id"], former["approved_amount"], latter["approved_amount"]) == ("A", "55", "-50")
    assert (former["status"], former["posting_confirmation"]["code"]) == ("RECALLED", "error")
    assert (latter["journal_amount"], latter["posting_confirmation"]) == ("-50", None)
    assert former["recalled_at"] is not None
    rows = (await expense.client.get("/twin/books.csv")).text.splitlines()
    assert len(rows) == 3


@pytest.mark.parametrize(
    "envelope",
    ["text", {"docType": "expense"}, {"docType": "poem", "document": {}}, report(docStatus="LOST")],
)
async def test_what_is_no_document_is_refused(expense: Twin, envelope: dict[str, Any]) -> None:
    assert (await submit(expense, envelope))[0]["result"] == "refused"


async def test_even_a_document_that_makes_no_sense_can_be_handed_out(expense: Twin) -> None:
    (submitted,) = await submit(expense, {"docType": "expense", "document": {"report": "torn", "expenseEntry": [1]}})

    assert await ready(expense) == [submitted["id"]]


async def test_the_schema_drifts_on_demand(expense: Twin) -> None:
    await submit(expense, report("A"))
    await expense.patch("/twin/settings", {"renamed_fields": {"reportId": "reportIdentifier"}})

    (item,) = (await expense.get(EXPENSE))["content"]

    assert item["document"]["report"]["reportIdentifier"] == "A"


async def test_a_token_expires_and_can_be_revoked(expense: Twin) -> None:
    expense.clock.forward(3600)
    assert (await expense.client.get(EXPENSE)).status_code == 401
    token = (await expense.client.post("/oauth2/v0/token", data=CREDENTIALS)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert (await expense.client.get(EXPENSE, headers=headers)).status_code == 200

    assert (await expense.client.delete("/twin/tokens")).json() == {"revoked": 1}

    assert (await expense.client.get(EXPENSE, headers=headers)).status_code == 401


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_secret": "guess"}, 401, "invalid_client"),
        ({"client_id": "stranger"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
async def test_only_the_known_client_gets_a_token(
    expense: Twin,
    changes: dict[str, str],
    status: int,
    error: str,
) -> None:
    answer = await expense.client.post("/oauth2/v0/token", data=CREDENTIALS | changes)

    assert (answer.status_code, answer.json()["error"]) == (status, error)


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("GET", f"{EXPENSE}?limit=many", b"", 400),
        ("GET", f"{EXPENSE}?page=-1", b"", 400),
        ("GET", f"{EXPENSE}?ignoreDocumentStatus=perhaps", b"", 400),
        ("GET", TRANSACTIONS.format("poem"), b"", 400),
        ("POST", f"{EXPENSE}/acknowledgements", b"{", 400),
        ("POST", f"{EXPENSE}/acknowledgements", b"[1]", 400),
        ("POST", f"{EXPENSE}/acknowledgements", b'{"ids": ["\\ud800"]}', 400),
        ("POST", f"{EXPENSE}/acknowledgements", b'{"ids": ' + b"[" * 5000, 400),
        ("POST", f"{EXPENSE}/acknowledgements", b'{"ids": [1]}', 400),
        ("POST", f"{EXPENSE}/acknowledgements", b'{"ids": [], "systemId": 5}', 400),
        ("POST", f"{EXPENSE}/postingconfirmations", b'{"postingConfirmations": [NaN]}', 400),
        ("POST", f"{EXPENSE}/paymentconfirmations", b'{"processingConfirmation": {}}', 400),
        ("POST", EXPENSE, b"{}", 405),
        ("GET", "/elsewhere", b"", 404),
    ],
)
async def test_what_cannot_be_read_is_refused_in_the_contracts_shape(
    expense: Twin,
    method: str,
    path: str,
    content: bytes,
    status: int,
) -> None:
    answer = await expense.client.request(method, path, content=content)

    assert (answer.status_code, set(answer.json())) == (status, {"message"})


@pytest.mark.parametrize("path", ["/twin/documents", "/twin/recall"])
async def test_an_admin_request_without_its_list_is_refused(expense: Twin, path: str) -> None:
    assert (await expense.client.post(path, json={})).status_code == 422


def test_what_is_withdrawn_stays_so() -> None:
    assert not TRANSITIONS[DocStatus.RECALLED]
    assert all(event in Event for arrows in TRANSITIONS.values() for event in arrows)
    assert set(TRANSITIONS) == set(DocStatus)
    assert after(DocStatus.PAID, Event.RECALL) is None
