"""Transactions over HTTP: found by any identifier, shown with all that is known."""

import pytest
from sqlmodel import Session

from connectors.contract import Posting
from control_plane.domain.access import Grant, Role
from control_plane.domain.identity import public_id
from control_plane.domain.transaction import Reason, State
from control_plane.store import holds, postings
from control_plane.store.postings import Proof
from control_plane.store.tables import TransactionRow
from tests.control_plane.api.stand import Stand, exc, txn


def book(session: Session, stand: Stand, row: TransactionRow, number: str) -> None:
    posting = Posting(
        target="erp",
        company="1000",
        fiscal_year="2026",
        document_type="EX",
        number=number,
        posting_date=stand.runtime.now().date(),
        reference=row.business_reference,
        currency=row.currency,
        total_minor=row.amount_minor,
    )
    proof = Proof(row.id, row.legal_entity_id, posting)
    postings.add(session, stand.runtime.ids, [proof], now=stand.runtime.now())


async def test_a_document_is_found_by_any_of_its_identifiers(stand: Stand) -> None:
    row = stand.document(State.POSTED, document_number="RE-2026-7", counterparty="E0815", source_id="R-7")
    stand.document(amount_minor=99_900)
    with stand.database.write() as session:
        book(session, stand, row, "4900012345")
    wanted = (
        txn(row),
        "R-7",
        "R-7-1",
        "re-2026-7 ",
        "E0815",
        row.business_reference,
        "4900012345",
    )
    async with stand.client(stand.key(Role.VIEWER)) as client:
        for identifier in wanted:
            items = (await client.get("/v1/transactions", params={"q": identifier})).json()["items"]
            assert [one["id"] for one in items] == [txn(row)], identifier


async def test_a_document_is_found_by_its_amount(lite: Stand) -> None:
    row = lite.document(State.FAILED, amount_minor=123_456)
    lite.document(State.POSTED, amount_minor=123_456, currency="JPY")
    async with lite.client(lite.key(Role.VIEWER)) as client:
        for text in ("1234.56", "1234.56 EUR", "1234.56 eur"):
            items = (await client.get("/v1/transactions", params={"q": text})).json()["items"]
            assert [one["id"] for one in items] == [txn(row)]
        assert (await client.get("/v1/transactions", params={"q": "1234.56 USD"})).json()["items"] == []


async def test_a_pasted_list_says_for_each_line_what_it_names(stand: Stand) -> None:
    rows = [stand.document(document_number=f"RE-{number}") for number in range(3)]
    async with stand.client(stand.key(Role.VIEWER)) as client:
        answer = await client.post("/v1/transactions/lookup", json={"identifiers": ["RE-2", "RE-0", "RE-9"]})
    found = [(one["identifier"], [each["id"] for each in one["transactions"]]) for one in answer.json()["items"]]
    assert found == [("RE-2", [txn(rows[2])]), ("RE-0", [txn(rows[0])]), ("RE-9", [])]


@pytest.mark.parametrize("identifiers", [[], ["x"] * 201, [" "], [7], ["y" * 201]])
async def test_a_pasted_list_has_one_to_two_hundred_lines(lite: Stand, identifiers: list[object]) -> None:
    async with lite.client(lite.key(Role.VIEWER)) as client:
        answer = await client.post("/v1/transactions/lookup", json={"identifiers": identifiers})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({}, 4),
        ({"place": "blocked"}, 2),
        ({"state": "posted"}, 1),
        ({"is_open": "true"}, 3),
        ({"is_open": "false"}, 1),
        ({"reason": "period"}, 1),
        ({"legal_entity_id": "FR02", "currency": "EUR", "cohort": "2026-03"}, 1),
        ({"sla_status": "breached"}, 0),
    ],
)
async def test_transactions_are_filtered(lite: Stand, filters: dict[str, str], count: int) -> None:
    lite.document(State.READY)
    lite.document(State.POSTED)
    lite.document(State.ON_HOLD, Reason.PERIOD)
    lite.document(State.FAILED, Reason.CONTRACT, legal_entity_id="FR02")
    async with lite.client(lite.key(Role.VIEWER)) as client:
        items = (await client.get("/v1/transactions", params=filters)).json()["items"]
    assert len(items) == count


async def test_pages_neither_repeat_nor_leave_out(stand: Stand) -> None:
    rows = [stand.document() for _ in range(5)]
    found: list[str] = []
    cursor = ""
    async with stand.client(stand.key(Role.VIEWER)) as client:
        for _ in range(3):
            page = (await client.get("/v1/transactions", params={"limit": 2, "cursor": cursor})).json()
            found += [one["id"] for one in page["items"]]
            cursor = page["next_cursor"] or ""
            stand.document()  # what comes meanwhile stands before the first page
    assert found == [txn(row) for row in reversed(rows)]
    assert cursor == ""


async def test_a_cursor_is_good_for_its_list_and_its_owner_only(lite: Stand) -> None:
    for _ in range(3):
        lite.document()
    key = lite.key(Role.VIEWER)
    async with lite.client(key) as client:
        cursor = (await client.get("/v1/transactions", params={"limit": 1})).json()["next_cursor"]
        for path, filters in (
            ("/v1/transactions", {"state": "ready"}),
            ("/v1/exceptions", {}),
            ("/v1/transactions", {"cursor": cursor[:-2] + "AA"}),
            ("/v1/transactions", {"cursor": "%"}),
        ):
            answer = await client.get(path, params={"cursor": cursor, **filters})
            assert (answer.status_code, answer.json()["code"]) == (400, "unknown_cursor")
    async with lite.client(lite.key(Role.VIEWER)) as stranger:
        assert (await stranger.get("/v1/transactions", params={"cursor": cursor})).status_code == 400


async def test_a_document_shows_where_it_is_and_who_does_what_next(stand: Stand) -> None:
    row = stand.document(State.ON_HOLD, Reason.MASTER_DATA)
    case = stand.case(row, "inactive_master_data", domain_title="Project", value="P-12")
    with stand.database.write() as session:
        holds.replace(session, {row.id: [("project", "", "P-12")]})
    async with stand.client(stand.key(Role.VIEWER)) as client:
        answer = await client.get(f"/v1/transactions/{txn(row)}")
    detail = answer.json()
    assert (detail["state"], detail["place"], detail["reason"]) == ("on_hold", "blocked", "master_data")
    assert detail["outstanding"] == {"minor": 41250, "currency": "EUR", "decimal": "412.50"}
    assert detail["next_act"]["owner"] == "finance_operations"
    assert detail["next_act"]["sentence"].startswith("Reactivate P-12 in the ERP")
    assert detail["awaits"] == [{"domain": "project", "legal_entity_id": "", "code": "P-12"}]
    assert detail["exception_id"] == exc(case)
    assert answer.headers["etag"] == f'"{row.revision}"'


@pytest.mark.parametrize("state", [State.RECEIVED, State.READY, State.IN_FLIGHT, State.IN_DOUBT, State.POSTED])
async def test_every_state_has_a_next_act(lite: Stand, state: State) -> None:
    row = lite.document(state)
    async with lite.client(lite.key(Role.VIEWER)) as client:
        detail = (await client.get(f"/v1/transactions/{txn(row)}")).json()
    assert detail["next_act"]["sentence"].endswith(".")


async def test_who_waits_for_whom_is_said(lite: Stand) -> None:
    lite.document(State.READY, order_key="one")
    later = lite.document(State.READY, order_key="one")
    unclear = lite.document(State.IN_DOUBT)
    async with lite.client(lite.key(Role.VIEWER)) as client:
        waits = (await client.get(f"/v1/transactions/{txn(later)}")).json()["next_act"]
        asks = (await client.get(f"/v1/transactions/{txn(unclear)}")).json()["next_act"]
    assert waits["sentence"] == "It waits for an earlier version of the same document."
    assert (asks["sentence"], asks["owner"]) == ("Look in erp whether it arrived.", "finance_operations")


async def test_a_later_version_shows_the_earlier_ones(lite: Stand) -> None:
    first = lite.document(State.CANCELLED, Reason.RECALLED, source_id="R-1")
    second = lite.document(
        source_id="R-1", version=2, supersedes_id=first.id, business_reference="ER-DE01-concur-R-1-2"
    )
    async with lite.client(lite.key(Role.VIEWER)) as client:
        detail = (await client.get(f"/v1/transactions/{txn(second)}")).json()
    assert [one["id"] for one in detail["versions"]] == [txn(first), txn(second)]
    assert detail["supersedes_id"] == txn(first)


async def test_the_story_is_told_with_its_durations(stand: Stand) -> None:
    row = stand.document(State.IN_DOUBT)
    async with stand.client(stand.key(Role.VIEWER)) as client:
        story = (await client.get(f"/v1/transactions/{txn(row)}/lineage")).json()["items"]
        attempts = (await client.get(f"/v1/transactions/{txn(row)}/attempts")).json()["items"]
    assert [one["to_state"] for one in story] == ["received", "ready", "in_flight", "in_doubt"]
    assert story[0]["since_previous_seconds"] == 0
    assert [one["to_state"] for one in attempts] == ["in_flight", "in_doubt"]


async def test_the_postings_are_shown(lite: Stand) -> None:
    row = lite.document(State.POSTED)
    with lite.database.write() as session:
        book(session, lite, row, "49")
    async with lite.client(lite.key(Role.VIEWER)) as client:
        items = (await client.get(f"/v1/transactions/{txn(row)}/postings")).json()["items"]
    assert [(one["number"], one["total"]["decimal"]) for one in items] == [("49", "412.50")]


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.ANALYST, 200), (Role.APPROVER, 200), (Role.VIEWER, 403), (Role.AUDITOR, 403), (Role.MACHINE, 403)],
)
async def test_who_works_on_documents_sees_them_as_they_came(lite: Stand, role: Role, status: int) -> None:
    row = lite.document()
    async with lite.client(lite.key(role)) as client:
        assert (await client.get(f"/v1/transactions/{txn(row)}/payload")).status_code == status


async def test_reading_a_document_as_it_came_is_on_record(stand: Stand) -> None:
    row = stand.document()
    async with stand.client(stand.key(Role.ANALYST, login="anna")) as client:
        payload = (await client.get(f"/v1/transactions/{txn(row)}/payload")).json()
    async with stand.client(stand.key(Role.AUDITOR)) as client:
        entries = (await client.get("/v1/audit", params={"object_id": txn(row)})).json()["items"]
    assert payload["text"].startswith('{"report"')
    assert [(one["actor"], one["action"]) for one in entries] == [("anna", "payload.read")]


async def test_documents_of_other_legal_entities_are_not_there(stand: Stand) -> None:
    hidden = stand.document(legal_entity_id="FR02", document_number="RE-1")
    own = stand.document(legal_entity_id="DE01", document_number="RE-1")
    async with stand.client(stand.key(Grant(Role.ANALYST, "DE01"))) as client:
        listed = (await client.get("/v1/transactions", params={"q": "RE-1"})).json()["items"]
        looked_up = (await client.post("/v1/transactions/lookup", json={"identifiers": ["RE-1", txn(hidden)]})).json()
        for path in ("", "/lineage", "/attempts", "/postings", "/payload"):
            answer = await client.get(f"/v1/transactions/{txn(hidden)}{path}")
            unknown = await client.get(f"/v1/transactions/{public_id('txn', 1)}{path}")
            assert answer.status_code == unknown.status_code == 404
            assert answer.json()["detail"] == unknown.json()["detail"]
    assert [one["id"] for one in listed] == [txn(own)]
    assert [[each["id"] for each in one["transactions"]] for one in looked_up["items"]] == [[txn(own)], []]
