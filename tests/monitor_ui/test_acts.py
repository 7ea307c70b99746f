"""People sign in and act on the screens; what they do happens in the real API."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from streamlit.testing.v1 import AppTest

import monitor_ui
from control_plane.api.client import ApiClient
from control_plane.api.schemas import ExceptionSummary, HandPosting
from control_plane.domain.hand_posting import Claimed
from control_plane.store.statements import table_of
from control_plane.store.tables import ExceptionCaseRow
from tests.monitor_ui.stand import Filled, Serving
from tests.monitor_ui.test_views import shown

OpenView = Callable[..., AppTest]

SCRIPT = Path(monitor_ui.__file__).parent / "app.py"


@pytest.fixture
def anna(own: Serving, filled: Filled) -> Iterator[ApiClient]:
    with ApiClient(own.url, filled.anna) as speaking:
        yield speaking


@pytest.fixture
def ben(own: Serving, filled: Filled) -> Iterator[ApiClient]:
    with ApiClient(own.url, filled.ben) as speaking:
        yield speaking


@pytest.fixture
def door(own: Serving) -> Iterator[AppTest]:
    app = AppTest.from_file(SCRIPT, default_timeout=30)
    app.secrets["api_url"] = own.url
    yield app
    if "signed in" in app.session_state:
        app.session_state["signed in"].close()


def failed(api: ApiClient) -> ExceptionSummary:
    return api.exceptions(code="rejected_by_target").items[0]


def held(api: ApiClient) -> ExceptionSummary:
    return api.exceptions(code="inactive_master_data").items[0]


def test_a_key_opens_the_door(door: AppTest, filled: Filled) -> None:
    door.run()
    assert door.title[0].value == "Tieout"
    door.text_input(key="key").set_value(filled.anna)
    door.button[0].click().run()

    assert not door.exception
    assert door.title[0].value == "Where is every cent?"


def test_the_screen_run_apart_finds_the_api_by_its_environment(
    own: Serving, filled: Filled, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIEOUT_API_URL", own.url)
    app = AppTest.from_file(SCRIPT, default_timeout=30)
    app.query_params["code"] = own.code("vera")
    app.run()

    assert app.title[0].value == "Where is every cent?"
    app.session_state["signed in"].close()


def test_a_wrong_key_does_not_open_it(door: AppTest) -> None:
    door.run()
    door.text_input(key="key").set_value("tie_wrong_key_1")
    door.button[0].click().run()

    assert door.error[0].value == "This key is not valid (any more)."
    door.text_input(key="key").set_value(" ")
    door.button[0].click().run()
    assert door.error[0].value == "Type an API key."


def test_a_printed_address_opens_it_once(door: AppTest, own: Serving) -> None:
    code = own.code("anna")
    door.query_params["code"] = code
    door.run()

    assert door.title[0].value == "Where is every cent?"
    assert "code" not in door.query_params

    again = AppTest.from_file(SCRIPT, default_timeout=30)
    again.secrets["api_url"] = own.url
    again.query_params["code"] = code
    again.run()
    assert again.error[0].value.startswith("This address was used before or is too old.")


def test_who_signs_out_is_gone(open_view: OpenView, own: Serving, filled: Filled) -> None:
    app = open_view(own, filled.anna, "money")
    next(button for button in app.button if button.label == "Sign out").click().run()

    assert app.title[0].value == "Tieout"


def test_a_key_that_is_not_valid_any_more_leads_back_to_the_door(
    open_view: OpenView, own: Serving, filled: Filled
) -> None:
    app = open_view(own, filled.anna, "money")
    app.session_state["signed in"] = ApiClient(own.url, "tie_revoked_key_1")
    app.run()

    assert app.title[0].value == "Tieout"
    assert app.info[0].value == "Your key is not valid any more. Sign in again."


def test_an_api_that_is_away_is_told_with_a_way_on(open_view: OpenView, own: Serving, filled: Filled) -> None:
    app = open_view(own, filled.anna, "money")
    app.session_state["signed in"] = ApiClient("http://127.0.0.1:9", filled.anna)
    app.run()

    assert app.error[0].value == "Tieout cannot be reached"
    assert "Try again" in [button.label for button in app.button]


def test_an_exception_is_claimed_and_given_back(
    open_view: OpenView, own: Serving, filled: Filled, anna: ApiClient
) -> None:
    wanted = held(anna)
    app = open_view(own, filled.anna, "exceptions", exception=wanted.id)

    app.button(key="act-claim").click().run()
    claimed = anna.exception(wanted.id).claimed_by
    assert app.success[0].value == "It is yours now."
    assert claimed is not None
    assert claimed.login == "anna"

    app.button(key="act-give_back").click().run()
    assert app.success[0].value == "It is back with its team."
    assert anna.exception(wanted.id).claimed_by is None


def test_a_claim_stands_as_long_as_its_form_and_nobody_elses_form_keeps_it(
    open_view: OpenView, own: Serving, filled: Filled, anna: ApiClient
) -> None:
    wanted = held(anna)
    claimed = anna.claim(wanted.id, revision=wanted.revision)
    soon = datetime.now(UTC) + timedelta(minutes=1)
    with own.services.database.write() as session:
        row = table_of(ExceptionCaseRow)
        ends_soon = update(row).where(row.c.claim_expires_at.is_not(None)).values(claim_expires_at=soon)
        assert session.connection().execute(ends_soon).rowcount == 1

    open_view(own, filled.ben, "exceptions", exception=wanted.id)
    assert anna.exception(wanted.id).claim_expires_at == soon

    assert not open_view(own, filled.anna, "exceptions", exception=wanted.id).exception
    kept = anna.exception(wanted.id)
    assert kept.revision == claimed.revision
    assert kept.claim_expires_at is not None
    assert kept.claim_expires_at > soon + timedelta(minutes=5)


def test_a_failed_document_is_retried_with_a_reason(
    open_view: OpenView, own: Serving, filled: Filled, anna: ApiClient
) -> None:
    wanted = failed(anna)
    anna.claim(wanted.id, revision=wanted.revision)
    app = open_view(own, filled.anna, "exceptions", exception=wanted.id)

    app.text_input(key=f"reason-{wanted.id}").set_value("The document type is there now")
    app.button(key="act-retry").click().run()

    assert app.success[0].value == "The document goes on. Its posting closes the exception."
    assert anna.exception(wanted.id).state == "retrying"
    assert wanted.transaction_id is not None
    assert anna.transaction(wanted.transaction_id).state == "ready"


def test_a_held_document_is_given_back_to_its_source(
    open_view: OpenView, own: Serving, filled: Filled, anna: ApiClient
) -> None:
    wanted = held(anna)
    anna.claim(wanted.id, revision=wanted.revision)
    app = open_view(own, filled.anna, "exceptions", exception=wanted.id)

    app.text_input(key=f"reason-{wanted.id}").set_value("The employee corrects it")
    app.button(key="act-return_to_source").click().run()

    assert app.success[0].value == "The document is back at its source."
    assert anna.exception(wanted.id).state == "resolved"
    assert wanted.transaction_id is not None
    assert anna.transaction(wanted.transaction_id).place == "at_source"


def test_a_reason_that_says_nothing_is_refused_in_words(
    open_view: OpenView, own: Serving, filled: Filled, anna: ApiClient
) -> None:
    wanted = failed(anna)
    anna.claim(wanted.id, revision=wanted.revision)
    app = open_view(own, filled.anna, "exceptions", exception=wanted.id)

    app.button(key="act-return_to_source").click().run()

    assert app.error[0].value == "Say why, in three characters or more."
    assert anna.exception(wanted.id).state == "assigned"


def test_a_stale_tab_says_who_was_faster(
    open_view: OpenView, own: Serving, filled: Filled, anna: ApiClient, ben: ApiClient
) -> None:
    wanted = held(anna)
    app = open_view(own, filled.anna, "exceptions", exception=wanted.id)
    ben.claim(wanted.id, revision=wanted.revision)

    app.button(key="act-claim").click().run()

    assert "Ben Ode claimed it." in app.info[0].value
    assert not app.success
    assert "There is nothing for you to do here now." in shown(app)


def test_a_connection_is_paused_pulled_and_resumed(
    open_view: OpenView, own: Serving, filled: Filled, anna: ApiClient
) -> None:
    app = open_view(own, filled.anna, "connections", connection="concur")

    app.selectbox(key="connection-stream").set_value("expense_reports")
    app.button(key="act-pull").click().run()
    assert app.success[0].value == "The stream is read as soon as a worker is free."
    assert anna.runs(connection="concur").items[0].state == "waiting"

    app.text_input(key="connection-reason").set_value("Maintenance").run()
    app.button(key="act-pause").click().run()
    assert anna.connection("concur").health == "paused"
    app.text_input(key="connection-reason").set_value("It is over").run()
    app.button(key="act-resume").click().run()
    assert app.success[0].value == "The connection goes on."
    assert anna.connection("concur").health != "paused"


def test_a_viewer_is_offered_no_act(open_view: OpenView, own: Serving, filled: Filled) -> None:
    app = open_view(own, filled.vera, "connections", connection="concur")

    assert "Your roles do not let you run this connection." in shown(app)
    assert not [button for button in app.button if str(button.key).startswith("act-")]


def test_an_exception_is_put_aside_for_a_reason(
    open_view: OpenView, own: Serving, filled: Filled, anna: ApiClient
) -> None:
    wanted = held(anna)
    anna.claim(wanted.id, revision=wanted.revision)
    app = open_view(own, filled.anna, "exceptions", exception=wanted.id)

    app.text_input(key=f"reason-{wanted.id}").set_value("The project opens tomorrow")
    app.button(key="act-defer").click().run()

    assert app.success[0].value == "It is put aside."
    assert anna.exception(wanted.id).state == "deferred"
    assert "The project opens tomorrow" in shown(app)


def test_an_exception_is_handed_over_and_accepted(
    open_view: OpenView, own: Serving, filled: Filled, anna: ApiClient
) -> None:
    wanted = held(anna)
    anna.claim(wanted.id, revision=wanted.revision)
    giving = open_view(own, filled.anna, "exceptions", exception=wanted.id)
    giving.button(key="act-start_work").click().run()

    giving.text_input(key=f"person-{wanted.id}").set_value("ben")
    giving.text_input(key=f"reason-{wanted.id}").set_value("I am away")
    giving.button(key="act-hand_over").click().run()
    assert "Handed over to Ben Ode" in shown(giving)

    taking = open_view(own, filled.ben, "exceptions", exception=wanted.id, queue="offered")
    taking.button(key="act-accept_hand_over").click().run()
    claimed = anna.exception(wanted.id).claimed_by
    assert claimed is not None
    assert claimed.login == "ben"


def test_nobody_is_no_receiver(open_view: OpenView, own: Serving, filled: Filled, anna: ApiClient) -> None:
    wanted = held(anna)
    anna.claim(wanted.id, revision=wanted.revision)
    app = open_view(own, filled.anna, "exceptions", exception=wanted.id)

    app.text_input(key=f"reason-{wanted.id}").set_value("I am away")
    app.button(key="act-hand_over").click().run()

    assert app.error[0].value == "Name a person or a team."


def test_what_is_said_stands_with_the_document(
    open_view: OpenView, own: Serving, filled: Filled, anna: ApiClient
) -> None:
    wanted = held(anna)
    app = open_view(own, filled.anna, "exceptions", exception=wanted.id)

    app.button(key="act-comment").click().run()
    assert app.error[0].value == "Say something."
    app.text_input(key=f"comment-{wanted.id}").set_value("I asked the project office")
    app.button(key="act-comment").click().run()

    assert [one.text for one in anna.comments(wanted.id).items] == ["I asked the project office"]
    assert "I asked the project office" in shown(app)


def proposed(anna: ApiClient) -> ExceptionSummary:
    wanted = failed(anna)
    claimed = anna.claim(wanted.id, revision=wanted.revision)
    found = HandPosting(
        claimed=Claimed.POSTED, numbers=("0000000017",), posting_date=date(2026, 3, 16), reason="I found it there"
    )
    anna.propose_hand_posting(wanted.id, revision=claimed.revision, posting=found)
    return wanted


def test_a_proposal_is_shown_and_refused_by_a_second_person(
    open_view: OpenView, own: Serving, filled: Filled, anna: ApiClient
) -> None:
    wanted = proposed(anna)
    (proposal,) = anna.approvals(mine=True).items
    app = open_view(own, filled.ben, "exceptions", exception=wanted.id)
    assert "I found it there" in shown(app)

    app.text_input(key=f"reason-{proposal.id}").set_value("It is another document")
    app.button(key="act-refuse").click().run()

    assert app.success[0].value == "It is refused."
    assert anna.approval(proposal.id).state == "refused"
    assert anna.exception(wanted.id).state == "in_progress"


def test_a_proposal_is_withdrawn_by_who_made_it_and_decided_by_nobody_alone(
    open_view: OpenView, own: Serving, filled: Filled, anna: ApiClient
) -> None:
    wanted = proposed(anna)
    (proposal,) = anna.approvals(mine=True).items
    app = open_view(own, filled.anna, "exceptions", exception=wanted.id)

    assert "act-approve" not in [button.key for button in app.button]
    app.text_input(key=f"reason-{proposal.id}").set_value("I was wrong")
    app.button(key="act-withdraw").click().run()

    assert app.success[0].value == "The proposal is taken back."
    assert anna.approval(proposal.id).state == "withdrawn"
