"""What the API answers, as tables for people."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from control_plane.api.schemas import LineageEntry, MoneyView, PostingView, TransactionDetail, TransactionSummary

_PLACE_STYLE: Final = {"blocked": "red", "posted": "green", "withdrawn": "dim"}


def transactions_table(items: Sequence[TransactionSummary]) -> Table:
    """Return one row per transaction."""
    table = _table("id", "document", "employee", "version", "amount", "place", "state", "received")
    table.columns[4].justify = "right"
    for item in items:
        table.add_row(
            item.id,
            item.document_number or item.source_id,
            item.counterparty,
            str(item.version),
            money(item.amount),
            _said(item.place),
            _state(item),
            moment(item.received_at),
            style=_PLACE_STYLE.get(item.place, ""),
        )
    return table


def transaction_page(item: TransactionDetail, story: Sequence[LineageEntry]) -> RenderableType:
    """Return everything about one transaction: its facts, its postings, its story."""
    facts = Table.grid(padding=(0, 2))
    for name, value in _facts(item):
        facts.add_row(Text(name, style="bold"), value)
    parts: list[RenderableType] = [facts]
    if item.postings:
        parts.append(_postings(item.postings))
    return Group(*parts, _story(story))


def money(amount: MoneyView) -> str:
    """Return an amount with its currency."""
    return f"{amount.decimal} {amount.currency}"


def moment(at: datetime) -> str:
    """Return a moment in UTC, to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _facts(item: TransactionDetail) -> Iterable[tuple[str, str]]:
    yield "transaction", item.id
    yield "document", f"{item.document_number or item.source_id}, version {item.version}, from {item.source_system}"
    yield "amount", money(item.amount)
    yield "legal entity", item.legal_entity_id
    yield "place", f"{_said(item.place)}: {_state(item)}"
    yield "next", f"{item.next_act.sentence} ({item.next_act.owner})" if item.next_act.sentence else "nothing"
    yield "reference", item.business_reference
    if item.due_at is not None:
        yield "due", f"{moment(item.due_at)} UTC, {_said(item.sla_status)}"


def _postings(postings: Iterable[PostingView]) -> Table:
    table = _table("posting", "company", "year", "date", "amount", "reverses", "payment")
    for one in postings:
        posted = f"{one.posting_date}"
        table.add_row(
            one.number, one.company, one.fiscal_year, posted, money(one.total), one.reverses, _said(one.payment_status)
        )
    return table


def _story(entries: Iterable[LineageEntry]) -> Table:
    table = _table("at (UTC)", "what", "from", "to", "reason", "by")
    for one in entries:
        what = f"{one.kind} {one.name}".strip()
        table.add_row(
            moment(one.at),
            what,
            _said(one.from_state),
            _said(one.to_state),
            _said(one.failure_code or one.reason),
            one.by,
        )
    return table


def _state(item: TransactionSummary) -> str:
    return f"{_said(item.state)} ({_said(item.reason)})" if item.reason else _said(item.state)


def _said(word: str) -> str:
    return word.replace("_", " ")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")
    return table
