"""Exceptions over HTTP: the desk, the acts, and who gets which answer."""

import asyncio
import hashlib
from datetime import timedelta

import pytest

from control_plane.domain.access import Grant, Role
from control_plane.domain.identity import public_id
from control_plane.domain.machine import By
from control_plane.domain.transaction import Reason, State
from control_plane.store import exception_cases, idempotency, people
from control_plane.store.tables import ExceptionCaseRow
from tests.control_plane.api.stand import CONFIRMING, FLOW, Stand, exc, minor_of, seen, txn

BECAUSE = {"reason": "The project is open again"}


def retryable(stand: Stand) -> ExceptionCaseRow:
    return stand.stuck(State.FAILED, Reason.REJECTED, intents_payload_id=1)


async def claimed(stand: Stand, key: str, row: ExceptionCaseRow) -> ExceptionCaseRow:
    async with stand.client(key) as client:
        answer = await client.post(f"/v1/exceptions/{exc(row)}/claim", headers=seen(row))
    assert answer.status_code == 200, answer.text
    return stand.case_row(row.id)


async def test_the_desk_shows_what_is_due_first_on_top_and_goes_on_by_cursor(stand: Stand) -> None:
    now = stand.runtime.now()
    rows = [stand.stuck(due_at=now + timedelta(hours=hours)) for hours in (3, 1, 2)]
    rows.append(stand.stuck(due_at=None))
    async with stand.client(stand.key(Role.VIEWER)) as client:
        first = (await client.get("/v1/exceptions", params={"limit": 2})).json()
        rest = (await client.get("/v1/exceptions", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    order = [one["id"] for one in (*first["items"], *rest["items"])]
    assert order == [exc(rows[index]) for index in (1, 2, 0, 3)]
    assert rest["next_cursor"] is None


async def test_a_list_links_to_its_next_page(lite: Stand) -> None:
    for _ in range(2):
        lite.stuck()
    async with lite.client(lite.key(Role.VIEWER)) as client:
        answer = await client.get("/v1/exceptions", params={"limit": 1, "team": "erp_team"})
        assert answer.headers["link"].endswith('>; rel="next"')
        following = answer.headers["link"].partition("<")[2].partition(">")[0]
        assert len((await client.get(following)).json()["items"]) == 1


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"is_claimed": "true"}, "claimed"),
        ({"is_claimed": "false", "code": "rejected_by_target", "legal_entity_id": "DE01"}, "free"),
        ({"mine": "true"}, "claimed"),
        ({"legal_entity_id": "FR02"}, "french"),
        ({"q": "DOC-77"}, "french"),
        ({"q": "nothing"}, None),
        ({"is_open": "false"}, None),
    ],
)
async def test_the_desk_is_filtered(lite: Stand, filters: dict[str, str], expected: str | None) -> None:
    key = lite.key(Role.ANALYST)
    rows = {
        "free": lite.stuck(),
        "claimed": lite.stuck(),
        "french": lite.stuck(legal_entity_id="FR02", document_number="DOC-77"),
    }
    await claimed(lite, key, rows["claimed"])
    async with lite.client(key) as client:
        items = (await client.get("/v1/exceptions", params=filters)).json()["items"]
    found = [one["id"] for one in items]
    assert found == ([exc(rows[expected])] if expected else [])


async def test_an_exception_says_what_happened_what_to_do_and_what_i_may_do(lite: Stand) -> None:
    row = lite.case(lite.document(State.FAILED, Reason.REJECTED), problem="The project is inactive")
    async with lite.client(lite.key(Role.ANALYST)) as client:
        answer = await client.get(f"/v1/exceptions/{exc(row)}")
    detail = answer.json()
    assert detail["sentence"].startswith("erp refused document DOC-")
    assert detail["sentence"].endswith("over 412.50 EUR: The project is inactive.")
    assert detail["remedy"] == "Correct what the message names, then retry."
    assert detail["amount"] == {
        "count": 1,
        "minor": 41250,
        "currency": "EUR",
        "decimal": "412.50",
        "group": {"minor": 41250, "currency": "EUR", "decimal": "412.50"},
    }
    assert detail["acts"] == ["claim"]
    assert detail["transaction"]["state"] == "failed"
    assert answer.headers["etag"] == '"1"'


async def test_of_fifty_who_claim_at_once_one_gets_it(stand: Stand) -> None:
    row = stand.stuck()
    keys = [stand.key(Role.ANALYST) for _ in range(5)]
    app = stand.app()

    async def try_it(key: str) -> int:
        async with stand.client(key, app) as client:
            return (await client.post(f"/v1/exceptions/{exc(row)}/claim", headers=seen(row))).status_code

    answers = await asyncio.gather(*(try_it(key) for key in keys * 10))
    assert sorted(answers) == [200] + [412] * 49
    assert stand.case_row(row.id).state == "assigned"


async def test_who_is_late_reads_anew_and_is_told_who_has_it(lite: Stand) -> None:
    winner, loser = lite.key(Role.ANALYST, login="anna"), lite.key(Role.ANALYST)
    row = await claimed(lite, winner, lite.stuck())
    async with lite.client(loser) as client:
        shown = (await client.get(f"/v1/exceptions/{exc(row)}")).json()
        answer = await client.post(f"/v1/exceptions/{exc(row)}/claim", headers=seen(row))
    assert shown["claimed_by"]["login"] == "anna"
    assert shown["acts"] == []
    assert (answer.status_code, answer.json()["code"]) == (409, "not_possible")


async def test_a_claimed_exception_is_given_back(stand: Stand) -> None:
    key = stand.key(Role.ANALYST)
    row = await claimed(stand, key, stand.stuck())
    async with stand.client(key) as client:
        answer = await client.post(f"/v1/exceptions/{exc(row)}/give-back", headers=seen(row))
    assert answer.status_code == 200
    assert answer.json()["claimed_by"] is None
    assert answer.headers["etag"] == f'"{stand.case_row(row.id).revision}"'


async def test_a_retry_lets_the_document_go_on_and_resolves_nothing(stand: Stand) -> None:
    key = stand.key(Role.ANALYST)
    row = await claimed(stand, key, retryable(stand))
    async with stand.client(key) as client:
        answer = await client.post(f"/v1/exceptions/{exc(row)}/retry", headers=seen(row), json=BECAUSE)
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "retrying"
    document = stand.transaction_row(row.transaction_id)
    assert (document.state, document.reason, document.attempt_count) == ("ready", "retry", 0)


async def test_only_who_claimed_it_retries(lite: Stand) -> None:
    row = retryable(lite)
    async with lite.client(lite.key(Role.ANALYST)) as client:
        answer = await client.post(f"/v1/exceptions/{exc(row)}/retry", headers=seen(row), json=BECAUSE)
    assert (answer.status_code, answer.json()["detail"]) == (409, "Claim the exception first.")
    assert lite.transaction_row(row.transaction_id).state == "failed"


async def test_a_retry_checks_a_document_again_that_never_passed_its_checks(lite: Stand) -> None:
    key = lite.key(Role.ANALYST)
    row = await claimed(lite, key, lite.stuck(State.FAILED, Reason.CONTRACT))
    async with lite.client(key) as client:
        answer = await client.post(f"/v1/exceptions/{exc(row)}/retry", headers=seen(row), json=BECAUSE)
    assert (answer.status_code, answer.json()["state"]) == (200, "retrying")
    assert lite.transaction_row(row.transaction_id).state == "received"


async def test_a_document_is_returned_to_its_source_and_that_is_the_evidence(stand: Stand) -> None:
    key = stand.key(Role.ANALYST)
    row = await claimed(stand, key, stand.stuck(State.ON_HOLD, Reason.MASTER_DATA))
    async with stand.client(key) as client:
        answer = await client.post(f"/v1/exceptions/{exc(row)}/return-to-source", headers=seen(row), json=BECAUSE)
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["evidence"]) == ("resolved", "returned to concur")
    assert stand.transaction_row(row.transaction_id).state == "returned_to_source"


async def test_an_approver_lifts_a_hold_and_the_document_is_checked_again(stand: Stand) -> None:
    row = stand.stuck(State.ON_HOLD, Reason.DUPLICATE_SUSPECT)
    async with stand.client(stand.key(Role.APPROVER)) as client:
        shown = (await client.get(f"/v1/exceptions/{exc(row)}")).json()
        answer = await client.post(f"/v1/exceptions/{exc(row)}/release", headers=seen(row), json=BECAUSE)
    assert shown["acts"] == ["release", "declare_duplicate"]
    assert answer.status_code == 200, answer.text
    assert answer.json()["state"] == "retrying"
    assert stand.transaction_row(row.transaction_id).overrides == "duplicate_suspect"


async def test_a_hold_for_missing_master_data_is_nobodys_to_lift(lite: Stand) -> None:
    row = lite.stuck(State.ON_HOLD, Reason.MASTER_DATA)
    async with lite.client(lite.key(Role.APPROVER)) as client:
        answer = await client.post(f"/v1/exceptions/{exc(row)}/release", headers=seen(row), json=BECAUSE)
    assert answer.status_code == 409


async def test_who_works_on_an_exception_does_not_approve_it(lite: Stand) -> None:
    key = lite.key(Role.ANALYST, Role.APPROVER)
    row = await claimed(lite, key, lite.stuck(State.ON_HOLD, Reason.BUDGET))
    async with lite.client(key) as client:
        answer = await client.post(f"/v1/exceptions/{exc(row)}/release", headers=seen(row), json=BECAUSE)
    assert answer.status_code == 403


async def test_an_approver_declares_a_duplicate(stand: Stand) -> None:
    other = stand.document(State.POSTED)
    row = stand.stuck(State.ON_HOLD, Reason.DUPLICATE_SUSPECT)
    path = f"/v1/exceptions/{exc(row)}/declare-duplicate"
    async with stand.client(stand.key(Role.APPROVER)) as client:
        wrong = await client.post(path, headers=seen(row), json={**BECAUSE, "transaction_id": public_id("txn", 7)})
        answer = await client.post(path, headers=seen(row), json={**BECAUSE, "transaction_id": txn(other)})
    assert wrong.status_code == 409
    assert answer.status_code == 200, answer.text
    assert answer.json()["evidence"] == f"duplicate of {txn(other)}"
    document = stand.transaction_row(row.transaction_id)
    assert (document.state, document.linked_id) == ("duplicate", other.id)


async def test_nobody_acts_on_a_document_that_pays_them(lite: Stand) -> None:
    row = lite.stuck(counterparty="E4711")
    async with lite.client(lite.key(Role.ANALYST, employee_ref="E4711")) as client:
        shown = (await client.get(f"/v1/exceptions/{exc(row)}")).json()
        answer = await client.post(f"/v1/exceptions/{exc(row)}/claim", headers=seen(row))
    assert shown["acts"] == []
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.VIEWER, 403),
        (Role.ANALYST, 200),
        (Role.APPROVER, 403),
        (Role.CONTROLLER, 403),
        (Role.INTEGRATOR, 200),
        (Role.AUDITOR, 403),
        (Role.MACHINE, 403),
        (Role.ADMIN, 404),
    ],
)
async def test_who_may_claim(lite: Stand, role: Role, status: int) -> None:
    row = lite.stuck()
    async with lite.client(lite.key(role)) as client:
        answer = await client.post(f"/v1/exceptions/{exc(row)}/claim", headers=seen(row))
    assert answer.status_code == status


async def test_a_refused_act_is_on_record(lite: Stand) -> None:
    row = lite.stuck()
    async with lite.client(lite.key(Role.VIEWER, login="vera")) as client:
        await client.post(f"/v1/exceptions/{exc(row)}/claim", headers=seen(row))
    async with lite.client(lite.key(Role.AUDITOR)) as client:
        entries = (await client.get("/v1/audit", params={"actor": "vera"})).json()["items"]
    assert [(one["action"], one["object_id"]) for one in entries] == [
        ("act.refused", f"/v1/exceptions/{exc(row)}/claim")
    ]


async def test_an_act_is_on_record_with_before_after_and_reason(stand: Stand) -> None:
    key = stand.key(Role.ANALYST, login="anna")
    row = await claimed(stand, key, retryable(stand))
    async with stand.client(key) as client:
        await client.post(f"/v1/exceptions/{exc(row)}/retry", headers=seen(row), json=BECAUSE)
        story = (await client.get(f"/v1/transactions/{public_id('txn', row.transaction_id or 0)}/lineage")).json()
    async with stand.client(stand.key(Role.AUDITOR)) as client:
        entries = (await client.get("/v1/audit", params={"actor": "anna"})).json()["items"]
    newest = entries[0]
    assert (newest["action"], newest["reason"]) == ("exception.retry", BECAUSE["reason"])
    assert (newest["before"]["state"], newest["after"]["state"]) == ("assigned", "retrying")
    told = [(one["kind"], one["by"], one["name"]) for one in story["items"]]
    assert ("act", "anna", "claim") in told
    assert ("transition", "anna", "act") in told


async def test_what_is_not_yours_is_not_there(lite: Stand) -> None:
    row = lite.stuck(legal_entity_id="FR02")
    german = lite.key(Grant(Role.ANALYST, "DE01"))
    async with lite.client(german) as client:
        unknown = await client.get(f"/v1/exceptions/{public_id('exc', 5)}")
        hidden = await client.get(f"/v1/exceptions/{exc(row)}")
        act = await client.post(f"/v1/exceptions/{exc(row)}/claim", headers=seen(row))
        listed = (await client.get("/v1/exceptions")).json()["items"]
    assert [unknown.status_code, hidden.status_code, act.status_code, listed] == [404, 404, 404, []]
    assert unknown.json()["detail"] == hidden.json()["detail"]


async def test_causes_group_what_has_the_same_fingerprint(stand: Stand) -> None:
    for minor in (1_000, 3_000):
        stand.case(stand.document(State.ON_HOLD, Reason.MASTER_DATA, amount_minor=minor), "inactive_master_data")
    stand.case(stand.document(State.FAILED, Reason.CONTRACT, amount_minor=1, group_minor=1), "schema_violation")
    async with stand.client(stand.key(Role.VIEWER)) as client:
        causes = (await client.get("/v1/causes")).json()["items"]
        figures = (await client.get("/v1/exceptions/figures")).json()
    assert [(one["code"], one["totals"]["count"], one["totals"]["by_currency"][0]["minor"]) for one in causes] == [
        ("inactive_master_data", 2, 4_000),
        ("schema_violation", 1, 1),
    ]
    assert figures["top_cause"]["code"] == "inactive_master_data"
    assert figures["unclaimed"]["count"] == figures["open"]["count"] == 3
    assert figures["mine_due_today"]["count"] == 0


async def test_exceptions_of_confirmations_count_but_their_amounts_do_not(stand: Stand) -> None:
    for flow in (FLOW, CONFIRMING):
        stand.case(stand.document(State.FAILED, Reason.REJECTED, flow=flow))
    async with stand.client(stand.key(Role.VIEWER)) as client:
        every = (await client.get("/v1/exceptions/figures")).json()["open"]
        confirming = (await client.get("/v1/exceptions/figures", params={"flow": CONFIRMING})).json()["open"]
    assert (every["count"], minor_of(every), every["by_currency"][0]["minor"]) == (2, 41_250, 41_250)
    assert (confirming["count"], minor_of(confirming)) == (1, 41_250)


async def test_the_same_key_gets_the_same_answer_and_acts_once(stand: Stand) -> None:
    key, row = stand.key(Role.ANALYST), stand.stuck()
    headers = {**seen(row), "idempotency-key": '"4b6e"'}
    async with stand.client(key) as client:
        path = f"/v1/exceptions/{exc(row)}/claim"
        first = await client.post(path, headers=headers)
        again = await client.post(path, headers=headers)
        other = await client.post(f"/v1/exceptions/{exc(row)}/give-back", headers=headers)
        endless = await client.post(path, headers={**headers, "idempotency-key": "k" * 10_000})
    assert (first.status_code, again.status_code) == (200, 200)
    assert (first.content, first.headers["etag"]) == (again.content, again.headers["etag"])
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert endless.status_code == 400


async def test_the_same_key_of_another_person_is_another_key(lite: Stand) -> None:
    first, second = lite.stuck(), lite.stuck()
    for row in (first, second):
        async with lite.client(lite.key(Role.ANALYST)) as client:
            headers = {**seen(row), "idempotency-key": "same"}
            answer = await client.post(f"/v1/exceptions/{exc(row)}/claim", headers=headers)
            assert answer.status_code == 200


async def test_a_refusal_is_repeated_under_its_key(lite: Stand) -> None:
    row = retryable(lite)
    headers = {**seen(row), "idempotency-key": "again"}
    async with lite.client(lite.key(Role.ANALYST)) as client:
        path = f"/v1/exceptions/{exc(row)}/retry"
        first = await client.post(path, headers=headers, json=BECAUSE)
        again = await client.post(path, headers=headers, json=BECAUSE)
    assert (first.status_code, again.status_code) == (409, 409)
    assert first.json() == again.json()


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 428, "revision_required"),
        ({"if-match": "*"}, 428, "revision_required"),
        ({"if-match": "1"}, 400, "unreadable_header"),
        ({"if-match": 'W/"1"'}, 400, "unreadable_header"),
        ({"if-match": '"9"'}, 412, "changed_meanwhile"),
    ],
)
async def test_an_act_says_what_was_seen(lite: Stand, headers: dict[str, str], status: int, code: str) -> None:
    row = lite.stuck()
    async with lite.client(lite.key(Role.ANALYST)) as client:
        answer = await client.post(f"/v1/exceptions/{exc(row)}/claim", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_key_whose_first_request_is_under_way_is_told_to_wait(lite: Stand) -> None:
    row, key = lite.stuck(), lite.key(Role.ANALYST, login="anna")
    path = f"/v1/exceptions/{exc(row)}/claim"
    facts = f"POST {path} {row.revision} ".encode()
    with lite.database.write() as session:
        anna = people.by_login(session, "anna")
        assert anna is not None
        request = idempotency.Request(anna.id, "slow", hashlib.sha256(facts).hexdigest())
        idempotency.begin(session, request, now=lite.runtime.now())
    async with lite.client(key) as client:
        answer = await client.post(path, headers={**seen(row), "idempotency-key": "slow"})
    assert (answer.status_code, answer.json()["code"]) == (409, "under_way")


async def test_an_exception_that_is_settled_is_not_claimed(lite: Stand) -> None:
    row = lite.stuck()
    with lite.database.write() as session:
        exception_cases.resolve_for(session, {row.transaction_id or 0: "posted as 49"}, now=lite.runtime.now())
    row = lite.case_row(row.id)
    async with lite.client(lite.key(Role.ANALYST)) as client:
        answer = await client.post(f"/v1/exceptions/{exc(row)}/claim", headers=seen(row))
        unknown = await client.post(f"/v1/exceptions/{public_id('exc', 5)}/claim", headers=seen(row))
    assert (answer.status_code, answer.json()["detail"]) == (409, "The state of the exception does not allow this.")
    assert unknown.status_code == 404


async def test_a_document_that_moved_on_meanwhile_is_not_acted_on(lite: Stand) -> None:
    key = lite.key(Role.ANALYST)
    row = await claimed(lite, key, lite.stuck())
    document = lite.transaction_row(row.transaction_id)
    lite.move(document, State.CANCELLED, By.SOURCE, Reason.RECALLED)
    async with lite.client(key) as client:
        answer = await client.post(f"/v1/exceptions/{exc(row)}/return-to-source", headers=seen(row), json=BECAUSE)
    assert answer.status_code == 409
