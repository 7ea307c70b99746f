import json
from dataclasses import fields
from pathlib import Path

import jsonschema_rs
import pytest

import connectors.events
from connectors.canonical.events import EventType
from connectors.canonical.expense import ExpenseLine, ExpenseReport
from connectors.canonical.privacy import privacy_of
from connectors.connection import ConnectionSettings, UnusableConnectionError
from connectors.contract import Confirmation, ConfirmationKind, Document, ReceiptStatus
from connectors.events.pages import pages, write
from connectors.events.translation import translation_of
from connectors.events.words import DECIMALS, MAY_BE_EMPTY, MINOR
from connectors.failures import Failure, sentence_of
from connectors.registry import opened
from tests.connectors.events.papers import SAID, event, report

FOLDER = Path(__file__).parents[3] / "docs" / "events"
SETTINGS = ConnectionSettings("travel", "events", "")


@pytest.mark.parametrize("type_", EventType)
def test_the_pages_are_fresh(type_: EventType) -> None:
    hint = "run: python -m connectors.events.pages docs/events"
    assert (FOLDER / f"{type_}.json").read_text(encoding="utf-8") == pages()[f"{type_}.json"], hint


def test_no_page_is_left_over(tmp_path: Path) -> None:
    write(tmp_path)
    assert sorted(page.name for page in FOLDER.iterdir()) == sorted(page.name for page in tmp_path.iterdir())


@pytest.mark.parametrize("page", pages())
def test_every_page_is_a_valid_schema(page: str) -> None:
    jsonschema_rs.meta.validate(json.loads(pages()[page]))


def test_every_field_stands_in_its_schema_with_its_privacy_class() -> None:
    schema = json.loads(pages()["expense_report.approved.v1.json"])
    lines = schema["properties"]["lines"]["items"]
    for kind, found in ((ExpenseReport, schema), (ExpenseLine, lines)):
        for one in fields(kind):
            if one.name not in SAID:
                privacy, category = privacy_of(kind, one.name)
                told = found["properties"][one.name.removesuffix(MINOR)]["x-classification"]
                assert told == {"class": privacy, "category": category}, one.name


def test_fields_with_a_rule_of_their_own_exist() -> None:
    shown = "".join(pages().values())
    assert all(f'"{name}": {{' in shown for name in DECIMALS | MAY_BE_EMPTY)


def test_the_example_in_the_readme_can_be_read() -> None:
    readme = Path(connectors.events.__file__).with_name("README.md").read_text(encoding="utf-8")
    sent = json.loads(readme.partition("```json")[2].partition("```")[0])
    said = translation_of(event(sent["data"], sent["type"], subject=sent["subject"], id_=sent["id"]))
    assert isinstance(said, Document), said
    assert isinstance(said.content, ExpenseReport)
    assert sum(journal.gross_minor for journal in said.content.journals) == said.content.total.minor


async def test_it_cannot_be_pulled_and_says_so() -> None:
    async with opened(SETTINGS) as connector:
        assert connector.source
        assert connector.source.streams == ()
        failure = await connector.source.pull("reports", "", 10)
    assert isinstance(failure, Failure)
    assert sentence_of(failure) == "Nothing can be pulled from travel: it sends its events to us."


async def test_the_senders_call_was_its_acknowledgement() -> None:
    async with opened(SETTINGS) as connector:
        assert connector.source
        receipts = await connector.source.acknowledge(["TR-1", "TR-2"])
        assert isinstance(connector.source.translate(event(report())), Document)
    assert [(one.source_document_id, one.status) for one in receipts] == [
        ("TR-1", ReceiptStatus.DONE),
        ("TR-2", ReceiptStatus.DONE),
    ]


async def test_nobody_is_told_and_nobody_pretends() -> None:
    async with opened(SETTINGS) as connector:
        assert connector.source
        assert not connector.is_told
        (receipt,) = await connector.source.confirm([Confirmation("TR-1", ConfirmationKind.POSTED)])
    assert receipt.status is ReceiptStatus.REFUSED
    assert receipt.failure
    assert "there is no way to tell it" in sentence_of(receipt.failure, {"document": "TR-1"})


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (ConnectionSettings("travel", "events", "http://127.0.0.1:9"), "it has no url"),
        (ConnectionSettings("travel", "events", "", {"api_key": "planted"}), "credential 'api_key' is not known"),
        (ConnectionSettings("travel", "events", "", options={"batch": "7"}), "option 'batch' is not known"),
    ],
)
async def test_a_setting_that_means_nothing_is_refused(settings: ConnectionSettings, problem: str) -> None:
    with pytest.raises(UnusableConnectionError, match=problem):
        async with opened(settings):
            pass
