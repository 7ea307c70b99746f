"""How every column is titled, explained and shown, the same in every table."""

from collections.abc import Mapping
from typing import Final

from streamlit import column_config as shown
from streamlit.elements.lib.column_types import ColumnConfig

from monitor_ui import words
from monitor_ui.words import Word


def _text(label: str, meaning: str = "", *, width: int | None = None) -> ColumnConfig:
    return shown.TextColumn(label, help=meaning or None, width=width)


def _amount(label: str, meaning: str) -> ColumnConfig:
    return shown.TextColumn(label, help=meaning, alignment="right")


def _count(label: str, meaning: str) -> ColumnConfig:
    return shown.NumberColumn(label, help=meaning, format="localized")


def _distance(label: str, meaning: str) -> ColumnConfig:
    return shown.DatetimeColumn(label, help=meaning, format="distance")


def _chip(label: str, meaning: str, known: Mapping[str, Word]) -> ColumnConfig:
    """Return a column of colored words; two values with one label look alike."""
    colors = {word.label: word.color for word in known.values()}
    return shown.MultiselectColumn(label, help=meaning, options=list(colors), color=list(colors.values()))


def _place(name: str) -> ColumnConfig:
    return _amount(words.PLACES[name].label, words.PLACES[name].meaning)


COLUMNS: Final[Mapping[str, ColumnConfig]] = {
    "adds_up": _text("Adds up", "Received equals the sum of the five places; else what is missing."),
    "after": _text("After", "How much later than the line before."),
    "amount": _amount("Amount", "In the document's own currency."),
    "at": _text("When", "On your clock."),
    "at_risk": _text(words.SLA["at_risk"].label, words.SLA["at_risk"].meaning),
    "at_source": _place("at_source"),
    "attainment": _text("Attainment", "Share of the posted documents that arrived on time."),
    "behind": _text("Behind it", "Open documents that come from it or go to it."),
    "blocked": _place("blocked"),
    "breached": _text(words.SLA["breached"].label, words.SLA["breached"].meaning),
    "by": _text("By", "Whose hand did it."),
    "case": _chip("Exception", "Who does what next with the exception.", words.CASES),
    "cause": _text("Cause", "What several exceptions have in common, and what it holds back.", width=420),
    "claimed_by": _text("Claimed by"),
    "company": _text("Company", "In the ERP."),
    "connection": _text("Connection"),
    "count": _count("Documents", "How many document versions."),
    "counterparty": _text("Employee or supplier"),
    "cursor": _text("Cursor", "How far the stream was read, in the words of its system."),
    "detail": _text("Detail", "What the record says about it.", width=420),
    "document": _text("Document", "Its number at the source."),
    "document_type": _text("Type", "Of the document in the ERP."),
    "due_at": _distance("Due", "By when it must be posted, in business time of its entity."),
    "entity": _text("Entity", "The legal entity that books it."),
    "failure": _text("Failure", "Why the run did not succeed."),
    "fiscal_year": _text("Fiscal year", "In the ERP."),
    "flow": _text("Flow", "From where to where the documents go."),
    "fresh": _text("Fresh", "Whether it was read as often as it should be."),
    "health": _chip("Health", "How the last calls went.", words.HEALTH),
    "identifier": _text("Looked for"),
    "in_progress": _place("in_progress"),
    "lasted": _text("Lasted"),
    "next_due_at": _distance("Next due", "When the next open document is due."),
    "next_run_at": _distance("Next read", "When its schedule is due."),
    "number": _text("Number", "Given by the ERP."),
    "oldest_at": _distance("Since", "When the oldest of them was opened."),
    "on_time": _text(words.SLA["on_time"].label, words.SLA["on_time"].meaning),
    "payment": _text("Payment", "What the ERP says about it; it moves no amount in the ledger."),
    "place": _chip("Place", "Where the amount is.", words.PLACES),
    "posted": _place("posted"),
    "posting_date": _text("Posting date"),
    "read_at": _distance("Read", "When it was read last."),
    "reason": _text("Reason", "Why it is there."),
    "received": _amount("Received", "Everything that came, every version with its own amount."),
    "received_at": _distance("Received", "When it came."),
    "remedy": _text("What to do", width=420),
    "repeated": _count("Repeated", "Received before; nothing happens twice."),
    "reverses": _text("Takes back", "The number of the posting that it reverses."),
    "run_state": _chip("Run", "How the sync run stands.", words.RUNS),
    "scheduled": _text("Scheduled for", "On your clock."),
    "sentence": _text("What is wrong", width=460),
    "settled": _count("Settled", "Documents that were posted."),
    "sla": _chip("SLA", "How the promise for this document stands.", words.SLA),
    "state": _chip("State", "What happens next with it.", words.STATES),
    "stream": _text("Stream", "One kind of record of the connection."),
    "success_at": _distance("Last success", "When a call to it last succeeded."),
    "team": _text("Team", "Who owns it, whoever has claimed it."),
    "told": _text("What happened"),
    "trigger": _text("Why", "What made the run."),
    "trouble": _text("Trouble", "Empty when all is well.", width=420),
    "value": _text("Value"),
    "version": _count("Version", "The source's own count of this document."),
    "what": _text("What"),
    "withdrawn": _place("withdrawn"),
}

RECORDS: Final[Mapping[str, ColumnConfig]] = {
    **COLUMNS,
    "received": _count("Records", "How many records came."),
}
"""For runs and streams, which count records instead of amounts."""
