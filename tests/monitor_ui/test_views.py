"""Every view over the real API: its three numbers, its rows, its sentences where there are none."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from control_plane.api.client import ApiClient
from monitor_ui import frames, sentences, words
from monitor_ui.sentences import NO_CURRENCY
from tests.monitor_ui.stand import Filled, Serving, inhabit, serving
from tests.stands.databases import SqliteStand

OpenView = Callable[..., AppTest]

VIEWS = {
    "money": ("Where is every cent?", ["Open amount", "Oldest open", "Unexplained difference"]),
    "sla": ("Which targets hold?", ["At risk before the deadline", "Breached now", "Attainment"]),
    "exceptions": ("What do I do next?", ["Mine, due today", "Unclaimed", "Released if the top cause is fixed"]),
    "connections": ("Is everything flowing?", ["Behind unhealthy connections", "Oldest cursor", "Next read"]),
}


def shown(app: AppTest) -> str:
    """Return all that the view says in words."""
    parts = (app.title, app.subheader, app.markdown, app.caption, app.info, app.success, app.error)
    return "\n".join(str(one.value) for part in parts for one in part)


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_answers_its_question_with_three_numbers(
    open_view: OpenView, readable: Serving, filled: Filled, view: str
) -> None:
    app = open_view(readable, filled.vera, view)

    question, labels = VIEWS[view]
    assert not app.exception
    assert app.title[0].value == question
    assert [metric.label for metric in app.metric] == labels
    assert all(metric.proto.help for metric in app.metric)
    assert "As of" in app.caption[0].value
    assert "oldest source read" in app.caption[0].value


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ("money", "The ledger is empty: nothing was received yet."),
        ("sla", "No document has a target yet: nothing was received."),
        ("exceptions", "Nothing waits here. Whatever comes next is on its way by itself."),
        ("transaction", "Type any identifier: one document opens, several are listed."),
        ("connections", "No connection is configured: name one in tieout.toml."),
    ],
)
def test_where_nothing_happened_yet_a_view_says_so(
    open_view: OpenView, sqlite_stand: SqliteStand, view: str, said: str
) -> None:
    with sqlite_stand.fresh() as url:
        nobody = inhabit(url)
        with serving(nobody.path) as running:
            app = open_view(running, nobody.anna, view)

    assert not app.exception
    assert not app.error
    assert said in shown(app)


def test_the_ledger_is_shown_line_by_line_and_adds_up(
    open_view: OpenView, readable: Serving, filled: Filled, client: ApiClient
) -> None:
    app = open_view(readable, filled.vera, "money")

    answer = client.ledger(flow="expense_report")
    assert len(app.dataframe[0].value) == len(answer.items)
    assert app.dataframe[0].value["received"].tolist() == [sentences.standing(line.received) for line in answer.items]
    assert set(app.dataframe[0].value["adds_up"]) == {"Yes"}
    assert app.metric[0].value == sentences.sums(answer.open)


def test_a_ledger_line_opens_its_states_and_documents(
    open_view: OpenView, readable: Serving, filled: Filled, client: ApiClient
) -> None:
    line = next(line for line in client.ledger(flow="expense_report").items if line.blocked.minor)

    app = open_view(readable, filled.vera, "money", line=frames.line_id(line), place="blocked")

    _, states, documents = (table.value for table in app.dataframe)
    assert ("Blocked",) in {tuple(place) for place in states["place"]}
    assert len(documents) == line.blocked.count


def test_a_filter_in_the_address_is_kept(
    open_view: OpenView, readable: Serving, filled: Filled, client: ApiClient
) -> None:
    entity = client.ledger().items[0].legal_entity_id

    app = open_view(readable, filled.vera, "money", legal_entity_id=entity)

    assert set(app.dataframe[0].value["entity"]) == {entity}
    assert app.query_params["legal_entity_id"] == entity


def test_sla_lists_flows_and_entities_and_their_open_documents(
    open_view: OpenView, readable: Serving, filled: Filled, client: ApiClient
) -> None:
    line = next(line for line in client.slas().items if line.on_time.count)

    app = open_view(readable, filled.vera, "sla", line=frames.line_id(line), sla_status="on_time")

    assert len(app.dataframe[0].value) == len(client.slas().items)
    assert len(app.dataframe[1].value) == line.on_time.count
    assert "From received to posted within 8 business hours" in shown(app)


def test_a_line_without_documents_says_so(
    open_view: OpenView, readable: Serving, filled: Filled, client: ApiClient
) -> None:
    line = next(line for line in client.slas().items if line.on_time.count)

    app = open_view(readable, filled.vera, "sla", line=frames.line_id(line), sla_status="breached")

    assert "No open document stands like this." in shown(app)


def test_an_exception_over_a_valid_amount_has_a_group_amount(client: ApiClient) -> None:
    amounts = [one.amount for one in client.exceptions(limit=200).items if one.amount.currency != NO_CURRENCY]

    assert {amount.currency for amount in amounts} >= {"EUR", "USD"}
    assert [amount for amount in amounts if amount.group is None] == []
    assert "without a rate" not in sentences.sums(client.exception_figures().open)


def test_a_queue_without_exceptions_says_so(open_view: OpenView, readable: Serving, filled: Filled) -> None:
    app = open_view(readable, filled.anna, "exceptions", queue="mine")

    assert "Nothing waits here." in shown(app)


def test_an_exception_says_why_where_and_what_to_do(
    open_view: OpenView, readable: Serving, filled: Filled, client: ApiClient
) -> None:
    (seen,) = client.exceptions(code="inactive_master_data").items

    app = open_view(readable, filled.vera, "exceptions", exception=seen.id)

    said = shown(app)
    assert sentences.literal(seen.sentence) in said
    assert f"**What to do:** {sentences.literal(seen.remedy)}" in said
    assert "**Where:** document" in said
    assert "There is nothing for you to do here now." in said


def test_choosing_a_cause_shows_its_exceptions_only(
    open_view: OpenView, readable: Serving, filled: Filled, client: ApiClient
) -> None:
    cause = client.causes().items[0]

    app = open_view(readable, filled.anna, "exceptions", fingerprint=cause.fingerprint)

    assert len(app.dataframe[0].value) == cause.totals.count
    app.button(key="every-cause").click().run()
    assert len(app.dataframe[0].value) > cause.totals.count
    assert "fingerprint" not in app.query_params


def test_an_identifier_opens_its_document(
    open_view: OpenView, readable: Serving, filled: Filled, client: ApiClient
) -> None:
    posted = client.transactions(flow="expense_report", place="posted").items[0]

    app = open_view(readable, filled.anna, "transaction")
    app.text_input(key="q").set_value(posted.business_reference).run()

    assert not app.exception
    assert app.metric[0].value == words.PLACES["posted"].label
    postings = next(table.value for table in app.dataframe if "number" in table.value)
    assert postings["number"].tolist() == [one.number for one in client.postings(posted.id).items]


def test_a_pasted_list_names_what_it_finds_and_what_not(
    open_view: OpenView, readable: Serving, filled: Filled, client: ApiClient
) -> None:
    first, second = client.transactions(flow="expense_report", limit=2).items

    app = open_view(readable, filled.anna, "transaction", q=f"{first.id} {second.id} nowhere-1")

    assert "nothing found" in set(app.dataframe[0].value["document"])
    assert len(app.dataframe[0].value) == 3


def test_an_identifier_of_several_documents_lists_them(
    open_view: OpenView, readable: Serving, filled: Filled, client: ApiClient
) -> None:
    employee, found = _busy_employee(client)

    app = open_view(readable, filled.anna, "transaction", q=employee)

    assert len(app.dataframe[0].value) == found > 1


def test_an_identifier_that_nobody_knows_says_so(open_view: OpenView, readable: Serving, filled: Filled) -> None:
    app = open_view(readable, filled.anna, "transaction", q="nowhere-1")

    assert "No document that you may see is named “nowhere-1”." in shown(app)


def test_a_document_tells_its_story_from_source_to_ledger(
    open_view: OpenView, readable: Serving, filled: Filled, client: ApiClient
) -> None:
    posted = client.transactions(flow="expense_report", place="posted").items[0]

    app = open_view(readable, filled.anna, "transaction", transaction=posted.id)

    story = next(table.value for table in app.dataframe if "told" in table.value)
    assert story["told"].iloc[0] == "Received"
    assert story["told"].iloc[-1] == "Posted"
    assert len(app.tabs) == 5


def test_the_payload_is_shown_on_demand_to_who_works_on_documents(
    open_view: OpenView, readable: Serving, filled: Filled, client: ApiClient
) -> None:
    posted = client.transactions(flow="expense_report", place="posted").items[0]

    app = open_view(readable, filled.anna, "transaction", transaction=posted.id)
    assert not app.code
    app.button(key=f"payload-{posted.id}").click().run()
    assert "{" in app.code[0].value

    app = open_view(readable, filled.vera, "transaction", transaction=posted.id)
    app.button(key=f"payload-{posted.id}").click().run()
    assert "Your roles do not show documents as they came." in shown(app)


def test_a_document_that_is_not_there_says_so(open_view: OpenView, readable: Serving, filled: Filled) -> None:
    app = open_view(readable, filled.anna, "transaction", transaction="txn_0000000000000")

    assert app.error
    assert not app.exception


def test_a_connection_shows_its_streams_and_runs(open_view: OpenView, readable: Serving, filled: Filled) -> None:
    app = open_view(readable, filled.anna, "connections", connection="concur")

    _, streams, runs = (table.value for table in app.dataframe)
    assert "Expense reports" in set(streams["stream"])
    assert {tuple(state) for state in runs["run_state"]} == {("Succeeded",)}


def test_long_lists_come_page_by_page(
    open_view: OpenView, readable: Serving, filled: Filled, client: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitor_ui.tables.PAGE", 20)
    line = max(client.ledger(flow="expense_report").items, key=lambda one: one.received.count)

    app = open_view(readable, filled.anna, "money", line=frames.line_id(line))
    first = app.dataframe[-1].value["document"].tolist()
    assert app.pagination[0].proto.num_pages == 2
    app.pagination[0].set_value(2).run()

    second = app.dataframe[-1].value["document"].tolist()
    assert len(first) == len(second) == 20
    assert not set(first) & set(second)
    assert app.pagination[0].proto.num_pages == 3


def test_a_link_of_an_alert_filters_its_view(
    open_view: OpenView, readable: Serving, filled: Filled, client: ApiClient
) -> None:
    app = open_view(readable, filled.anna, "sla", flow="posting_confirmation", legal_entity_id="2000")

    assert set(app.dataframe[0].value["flow"]) == {"Posting confirmations"}
    assert set(app.dataframe[0].value["entity"]) == {"2000"}
    app.selectbox(key="pick-legal_entity_id").set_value(None).run()
    assert len(app.dataframe[0].value) == len(client.slas(flow="posting_confirmation").items)
    assert app.query_params == {"flow": "posting_confirmation"}


def test_a_place_of_a_ledger_line_is_picked_by_a_pill(
    open_view: OpenView, readable: Serving, filled: Filled, client: ApiClient
) -> None:
    line = next(line for line in client.ledger(flow="expense_report").items if line.blocked.minor)

    app = open_view(readable, filled.vera, "money", line=frames.line_id(line))
    app.pills(key="pick-place").set_value("blocked").run()

    assert len(app.dataframe[-1].value) == line.blocked.count
    assert app.query_params["place"] == "blocked"


def _busy_employee(client: ApiClient) -> tuple[str, int]:
    """Return an employee with several documents, and how many a search for them finds."""
    counterparties = [one.counterparty for one in client.transactions(flow="expense_report", limit=200).items]
    employee = max(set(counterparties), key=counterparties.count)
    return employee, len(client.transactions(q=employee).items)
