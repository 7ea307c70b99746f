"""What the API answers, as tables for people."""

import sys
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from control_plane.api.schemas import LineageEntry, MoneyView, PostingView, TransactionDetail, TransactionSummary

_UNCUT: Final = 1000
"""Columns where nobody looks: a table takes what it needs."""
_PLACE_STYLE: Final = {"blocked": "red", "posted": "green", "withdrawn": "dim"}


def transactions_table(items: Sequence[TransactionSummary]) -> Table:
    """Return one row per transaction."""
    rows = table("id", "document", "employee", "version", "amount", "place", "state", "received", right=["amount"])
    for item in items:
        rows.add_row(
            item.id,
            item.document_number or item.source_id,
            item.counterparty,
            str(item.version),
            money(item.amount),
            said(item.place),
            _state(item),
            moment(item.received_at),
            style=_PLACE_STYLE.get(item.place, ""),
        )
    return rows


def transaction_page(item: TransactionDetail, story: Sequence[LineageEntry]) -> RenderableType:
    """Return everything about one transaction: its facts, its postings, its story."""
    parts: list[RenderableType] = [page(_facts(item))]
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
    yield "place", f"{said(item.place)}: {_state(item)}"
    yield "next", f"{item.next_act.sentence} ({item.next_act.owner})" if item.next_act.sentence else "nothing"
    yield "reference", item.business_reference
    if item.due_at is not None:
        yield "due", f"{moment(item.due_at)} UTC, {said(item.sla_status)}"


def _postings(postings: Iterable[PostingView]) -> Table:
    rows = table("posting", "company", "year", "date", "amount", "reverses", "payment", right=["amount"])
    for one in postings:
        posted = f"{one.posting_date}"
        rows.add_row(
            one.number, one.company, one.fiscal_year, posted, money(one.total), one.reverses, said(one.payment_status)
        )
    return rows


def _story(entries: Iterable[LineageEntry]) -> Table:
    rows = table("at (UTC)", "what", "from", "to", "reason", "by")
    for one in entries:
        what = f"{one.kind} {one.name}".strip()
        rows.add_row(
            moment(one.at),
            what,
            said(one.from_state),
            said(one.to_state),
            said(one.failure_code or one.reason),
            one.by,
        )
    return rows


def _state(item: TransactionSummary) -> str:
    return f"{said(item.state)} ({said(item.reason)})" if item.reason else said(item.state)


def said(word: str) -> str:
    """Return a word of the API as people write it."""
    return word.replace("_", " ")


def table(*columns: str, right: Collection[str] = ()) -> Table:
    """Return an empty table; numbers stand on the right."""
    empty = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        empty.add_column(name, overflow="fold", justify="right" if name in right else "left")
    return empty


def page(facts: Iterable[tuple[str, str]]) -> Table:
    """Return facts under each other, each with its name."""
    grid = Table.grid(padding=(0, 2))
    for name, value in facts:
        grid.add_row(Text(name, style="bold"), value)
    return grid


def console() -> Console:
    """Return where tables go: as wide as the terminal, and uncut into a file or a pipe."""
    width = None if sys.stdout.isatty() else _UNCUT
    return Console(width=width, soft_wrap=True, highlight=False, markup=False)
