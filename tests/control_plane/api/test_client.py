"""The typed client against the running API: what it sends is understood, what it gets has its type."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from connectors.twins.running import running_in_thread
from control_plane.api.client import ApiClient, ApiError
from control_plane.domain.access import Role
from control_plane.domain.transaction import Place, Reason, State
from control_plane.store import connections, runs
from control_plane.store.connections import Configured
from control_plane.store.runs import Schedule
from tests.control_plane.api.stand import Stand, exc, txn


@pytest.fixture
def client(lite: Stand) -> Iterator[ApiClient]:
    key = lite.key(Role.ANALYST, Role.CONTROLLER, Role.INTEGRATOR, login="anna")
    with running_in_thread(lite.app()) as server, ApiClient(server.url, key) as opened:
        yield opened


def test_every_question_has_its_answer(lite: Stand, client: ApiClient) -> None:
    row = lite.stuck(document_number="RE-1")
    number = txn(lite.transaction_row(row.transaction_id))
    assert client.me().login == "anna"
    assert client.transactions(q="RE-1", place=Place.BLOCKED, is_open=True).items[0].id == number
    assert client.lookup(["RE-1"]).items[0].transactions[0].id == number
    assert client.transaction(number).state is State.FAILED
    assert len(client.lineage(number).items) == 2
    assert client.attempts(number).items == []
    assert client.postings(number).items == []
    assert client.payload(number).text.startswith("{")
    assert client.exceptions(mine=False, is_open=True, team="erp_team").items[0].id == exc(row)
    assert client.exception_figures().unclaimed.count == 1
    assert client.causes().items[0].totals.count == 1
    assert client.ledger(day=date(2026, 3, 16), by_cohort=True).is_balanced
    assert client.ledger_states(place=Place.BLOCKED).items[0].state is State.FAILED
    assert client.slas().items[0].on_time.count == 1
    assert client.alerts().items
    assert client.flows().items[0].name == "expense_report"
    assert client.master_data("project", active=True).items == []
    assert client.audit(action="payload.read").items[0].actor == "anna"
    assert client.runs(state="failed").items == []
    assert not client.health().is_ok


def test_acts_carry_the_revision_that_was_seen(lite: Stand, client: ApiClient) -> None:
    row = lite.stuck(State.FAILED, Reason.REJECTED, intents_payload_id=1)
    claimed = client.claim(exc(row), revision=row.revision)
    returned = client.give_back(exc(row), revision=claimed.revision)
    again = client.claim(exc(row), revision=returned.revision)
    assert client.retry(exc(row), revision=again.revision, reason="It is open again").state == "retrying"
    with pytest.raises(ApiError) as stale:
        client.claim(exc(row), revision=row.revision)
    assert (stale.value.problem.status, stale.value.problem.code) == (412, "changed_meanwhile")


def test_an_open_form_keeps_its_claim(lite: Stand, client: ApiClient) -> None:
    row = lite.stuck()
    claimed = client.claim(exc(row), revision=row.revision)
    assert client.keep_open(exc(row), revision=claimed.revision).claimed_by == claimed.claimed_by


def test_causes_are_told_as_one_and_taken_apart(lite: Stand, client: ApiClient) -> None:
    one = lite.stuck()
    other = lite.case(lite.document(State.FAILED, Reason.REJECTED), "tax_refused")
    seen = client.cause(one.fingerprint)
    merged = client.merge_cause(one.fingerprint, revision=seen.revision, reason="The same", into=other.fingerprint)
    apart = client.unmerge_cause(one.fingerprint, revision=merged.revision, reason="Not the same")
    assert (merged.merged_into, apart.merged_into) == (other.fingerprint, None)


def test_what_was_never_corrected_has_no_correction(lite: Stand, client: ApiClient) -> None:
    with pytest.raises(ApiError) as refused:
        client.correction(txn(lite.document()))
    assert refused.value.problem.status == 404


def test_a_document_that_does_not_wait_is_not_sent_now(lite: Stand, client: ApiClient) -> None:
    row = lite.document(State.POSTED)
    with pytest.raises(ApiError) as refused:
        client.retry_now(txn(row), revision=row.revision, reason="The ERP is back")
    assert refused.value.problem.status == 409


def test_documents_are_returned(lite: Stand, client: ApiClient) -> None:
    row = lite.stuck()
    claimed = client.claim(exc(row), revision=row.revision)
    returned = client.return_to_source(exc(row), revision=claimed.revision, reason="Wrong project")
    assert returned.state == "resolved"


def test_connections_are_run(lite: Stand, client: ApiClient) -> None:
    with lite.database.write() as session:
        connections.register(session, [Configured("erp", "sandbox_erp")])
        runs.set_schedules(session, [Schedule("erp", "projects", timedelta(minutes=1))])
    assert client.connections().items[0].name == "erp"
    pulled = client.pull("erp", revision=client.connection("erp").revision, stream="projects")
    assert pulled.runs[0].trigger == "person"
    paused = client.pause("erp", revision=pulled.revision, reason="An upgrade")
    assert client.resume("erp", revision=paused.revision, reason="It is over").health == "unused"


def test_approvers_lift_and_declare(lite: Stand) -> None:
    suspects = [lite.stuck(State.ON_HOLD, Reason.DUPLICATE_SUSPECT) for _ in range(2)]
    other = lite.document(State.POSTED)
    with running_in_thread(lite.app()) as server, ApiClient(server.url, lite.key(Role.APPROVER)) as client:
        assert client.release(exc(suspects[0]), revision=1, reason="Another trip").state == "retrying"
        declared = client.declare_duplicate(
            exc(suspects[1]), revision=1, reason="The same receipt", transaction_id=txn(other)
        )
    assert declared.evidence == f"duplicate of {txn(other)}"


def test_an_id_never_leads_to_another_path(client: ApiClient) -> None:
    with pytest.raises(ApiError) as refused:
        client.transaction("../me")
    assert refused.value.problem.status == 404


def test_an_api_that_is_away_is_a_problem_like_others() -> None:
    with ApiClient("http://127.0.0.1:9", "key") as client, pytest.raises(ApiError) as away:
        client.me()
    assert (away.value.problem.code, str(away.value)) == ("unreachable", "Tieout cannot be reached")


def test_an_answer_of_somebody_else_is_a_problem_like_others(lite: Stand) -> None:
    async def somebody_else(scope: object, receive: object, send: object) -> None:
        assert callable(send)
        await send({"type": "http.response.start", "status": 502, "headers": []})
        await send({"type": "http.response.body", "body": b"<html>"})

    with (
        running_in_thread(somebody_else) as server,
        ApiClient(server.url) as client,
        pytest.raises(ApiError) as refused,
    ):
        client.sign_in("code")
    assert refused.value.problem.code == "unreadable_answer"
