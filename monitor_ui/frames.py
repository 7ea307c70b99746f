"""Tables from answers: one pure function per kind of row, in the words of the screens."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

import pandas as pd

from control_plane.api.schemas import (
    Cause,
    ConnectionSummary,
    ExceptionSummary,
    Found,
    LedgerAnswer,
    LedgerLine,
    LedgerState,
    LineageEntry,
    PostingView,
    RunView,
    SlaLine,
    StreamView,
    Totals,
    TransactionDetail,
    TransactionSummary,
)
from monitor_ui import sentences, words

Rows = Iterable[Mapping[str, object]]

MOST_IDENTIFIERS: Final = 200
"""So many does one call look up."""

LONGEST_IDENTIFIER: Final = 200
"""Characters; what is longer names nothing."""

_TIMES: Final = frozenset({"received_at", "due_at", "next_due_at", "oldest_at", "read_at", "next_run_at", "success_at"})
_TRANSACTION: Final = (
    "document",
    "flow",
    "counterparty",
    "amount",
    "state",
    "reason",
    "sla",
    "entity",
    "received_at",
    "due_at",
)
_FOUND: Final = ("document", "flow", "counterparty", "amount", "state", "reason", "entity")
_SEPARATOR: Final = "~"


@dataclass(frozen=True, slots=True)
class Choices:
    """What the filters offer: all that the ledger knows."""

    flows: Sequence[str]
    legal_entities: Sequence[str]
    currencies: Sequence[str]


def choices(ledger: LedgerAnswer) -> Choices:
    """Return what there is to choose from."""
    return Choices(
        flows=sorted({line.flow for line in ledger.items}),
        legal_entities=sorted({line.legal_entity_id for line in ledger.items}),
        currencies=sorted({line.currency for line in ledger.items}),
    )


def line_id(line: LedgerLine | SlaLine) -> str:
    """Return what names a line in the page's address."""
    parts = (line.flow, line.legal_entity_id, getattr(line, "currency", ""))
    return _SEPARATOR.join(parts).rstrip(_SEPARATOR)


def line_filters(line: str) -> dict[str, str]:
    """Return the filters behind a line's name."""
    return dict(zip(("flow", "legal_entity_id", "currency"), line.split(_SEPARATOR), strict=False))


def ledger(lines: Sequence[LedgerLine]) -> pd.DataFrame:
    """Return one flow's ledger by place, one line per entity and currency."""
    columns = ("received", "in_progress", "blocked", "at_source", "posted", "withdrawn")
    return _frame(
        ("entity", "count", *columns, "adds_up"),
        (
            {
                "entity": words.entity(line.legal_entity_id),
                "count": line.received.count,
                **{name: sentences.standing(getattr(line, name)) for name in columns},
                "adds_up": "Yes" if line.is_balanced else sentences.money(line.difference),
            }
            for line in lines
        ),
    )


def ledger_states(states: Sequence[LedgerState]) -> pd.DataFrame:
    """Return what a line consists of, by place, state and reason."""
    return _frame(
        ("place", "state", "reason", "count", "amount"),
        (
            {
                "place": [words.word_of(words.PLACES, state.place).label],
                "state": words.word_of(words.STATES, state.state).label,
                "reason": words.plain(state.reason),
                **_worth(state.totals),
            }
            for state in states
        ),
    )


def transactions(items: Sequence[TransactionSummary]) -> pd.DataFrame:
    """Return documents with where they are and what they are worth."""
    return _frame(_TRANSACTION, (_transaction(one) for one in items))


def identifiers(text: str) -> list[str]:
    """Return the identifiers of a pasted list: one per line, or separated by spaces, tabs, semicolons or `, `."""
    return [one[:LONGEST_IDENTIFIER] for one in re.split(r"[\s;]+|,\s+|,$", text.strip()) if one][:MOST_IDENTIFIERS]


def found(items: Sequence[Found]) -> pd.DataFrame:
    """Return what a pasted list names, one line per document and one per identifier that names none."""
    return _frame(("identifier", *_FOUND), (row for one in items for row in _found(one)))


def found_ids(items: Sequence[Found]) -> list[str]:
    """Return the transactions of a pasted list, line by line; empty where an identifier names none."""
    return [transaction for one in items for transaction in [each.id for each in one.transactions] or [""]]


def slas(lines: Sequence[SlaLine]) -> pd.DataFrame:
    """Return how each flow keeps its targets in each entity, in the order given."""
    return _frame(
        ("flow", "entity", "breached", "at_risk", "on_time", "next_due_at", "attainment", "settled"),
        (
            {
                "flow": words.flow(line.flow),
                "entity": words.entity(line.legal_entity_id),
                **{name: _some(getattr(line, name), line.flow) for name in words.SLA},
                "next_due_at": line.next_due_at,
                "attainment": sentences.share(line.attainment),
                "settled": line.settled_count,
            }
            for line in lines
        ),
    )


def with_open(lines: Sequence[SlaLine]) -> list[SlaLine]:
    """Return the lines that have open documents."""
    return [line for line in lines if line.breached.count or line.at_risk.count or line.on_time.count]


def exceptions(items: Sequence[ExceptionSummary]) -> pd.DataFrame:
    """Return exceptions as the queue shows them."""
    return _frame(
        ("due_at", "amount", "sentence", "case", "claimed_by", "team", "entity"),
        (
            {
                "due_at": one.due_at,
                "amount": sentences.money(one.amount),
                "sentence": one.sentence,
                "case": [words.word_of(words.CASES, one.state).label],
                "claimed_by": one.claimed_by.name if one.claimed_by else "",
                "team": words.team(one.team),
                "entity": words.entity(one.legal_entity_id),
            }
            for one in items
        ),
    )


def causes(items: Sequence[Cause]) -> pd.DataFrame:
    """Return causes with what each of them holds back."""
    return _frame(
        ("cause", "remedy", "team", "oldest_at", "due_at"),
        (
            {
                "cause": sentences.blocked_by(one),
                "remedy": one.remedy,
                "team": words.team(one.team),
                "oldest_at": one.oldest_at,
                "due_at": one.due_at,
            }
            for one in items
        ),
    )


def timeline(items: Sequence[LineageEntry], zone: tzinfo) -> pd.DataFrame:
    """Return the story of a transaction, oldest first, on the reader's clock."""
    return _frame(
        ("at", "after", "told", "detail", "by"),
        (
            {
                "at": sentences.clock(one.at, zone),
                "after": sentences.after(one.since_previous_seconds),
                "told": sentences.title_of(one),
                "detail": sentences.detail_of(one),
                "by": one.by,
            }
            for one in items
        ),
    )


def postings(items: Sequence[PostingView]) -> pd.DataFrame:
    """Return documents of the target's books."""
    return _frame(
        ("number", "amount", "company", "fiscal_year", "document_type", "posting_date", "payment", "reverses"),
        (
            {
                "number": one.number,
                "amount": sentences.money(one.total),
                "company": one.company,
                "fiscal_year": one.fiscal_year,
                "document_type": one.document_type,
                "posting_date": one.posting_date.isoformat(),
                "payment": words.plain(one.payment_status),
                "reverses": one.reverses,
            }
            for one in items
        ),
    )


def versions(items: Sequence[TransactionSummary]) -> pd.DataFrame:
    """Return all versions of a business object, oldest first."""
    return _frame(("version", *_TRANSACTION), ({"version": one.version, **_transaction(one)} for one in items))


def in_force(transaction: TransactionDetail) -> pd.DataFrame:
    """Return the versions of flow, policy, mapping and master data that a document met."""
    met = {
        "Flow": transaction.flow_version,
        "Policy": str(transaction.policy_version),
        "Mapping": transaction.mapping_version,
        "Master data": str(transaction.master_data_version),
        "Lifted holds": ", ".join(words.plain(one) for one in transaction.overrides),
        "Business reference": transaction.business_reference,
        "Trace": transaction.trace_id,
    }
    return _frame(("what", "value"), ({"what": what, "value": value or words.NOTHING} for what, value in met.items()))


def connections(items: Sequence[ConnectionSummary]) -> pd.DataFrame:
    """Return connections with how they do and what waits behind them."""
    return _frame(
        ("connection", "health", "behind", "success_at", "trouble"),
        (
            {
                "connection": f"{one.name} ({one.provider})",
                "health": [words.word_of(words.HEALTH, one.health).label],
                "behind": sentences.behind(one),
                "success_at": one.last_success_at,
                "trouble": one.sentence,
            }
            for one in items
        ),
    )


def streams(items: Sequence[StreamView]) -> pd.DataFrame:
    """Return how far each stream was read and when it is read next."""
    return _frame(
        ("stream", "read_at", "fresh", "next_run_at", "run_state", "received", "cursor"),
        (
            {
                "stream": words.plain(one.stream),
                "read_at": one.read_at,
                "fresh": "Too old" if one.is_stale else "Yes",
                "next_run_at": one.next_run_at,
                "run_state": [words.word_of(words.RUNS, one.last_run.state).label] if one.last_run else [],
                "received": one.last_run.received_count if one.last_run else 0,
                "cursor": one.cursor,
            }
            for one in items
        ),
    )


def runs(items: Sequence[RunView], zone: tzinfo) -> pd.DataFrame:
    """Return sync runs, newest first."""
    return _frame(
        ("stream", "run_state", "trigger", "scheduled", "lasted", "received", "repeated", "failure"),
        (
            {
                "stream": words.plain(one.stream),
                "run_state": [words.word_of(words.RUNS, one.state).label],
                "trigger": words.plain(one.trigger),
                "scheduled": sentences.clock(one.scheduled_for, zone),
                "lasted": _lasted(one.started_at, one.ended_at),
                "received": one.received_count,
                "repeated": one.repeated_count,
                "failure": one.failure,
            }
            for one in items
        ),
    )


def _transaction(one: TransactionSummary) -> dict[str, object]:
    return {
        "document": one.document_number or one.source_document_id,
        "flow": words.flow(one.flow),
        "counterparty": one.counterparty,
        "amount": sentences.money(one.amount),
        "state": [words.word_of(words.STATES, one.state).label],
        "reason": words.plain(one.reason),
        "sla": [words.word_of(words.SLA, one.sla_status).label] if one.sla_status else [],
        "entity": words.entity(one.legal_entity_id),
        "received_at": one.received_at,
        "due_at": one.due_at,
    }


def _found(one: Found) -> Iterable[Mapping[str, object]]:
    if not one.transactions:
        yield {"identifier": one.identifier, "document": "nothing found", "state": []}
    for each in one.transactions:
        row = _transaction(each)
        yield {"identifier": one.identifier, **{name: row[name] for name in _FOUND}}


def _worth(totals: Totals) -> dict[str, object]:
    return {"count": totals.count, "amount": sentences.sums(totals)}


def _some(totals: Totals, flow: str) -> str:
    return sentences.documents(totals, flow) if totals.count else words.NOTHING


def _lasted(started_at: datetime | None, ended_at: datetime | None) -> str:
    return sentences.lasting(ended_at - started_at) if started_at and ended_at else words.NOTHING


def _frame(columns: Sequence[str], rows: Rows) -> pd.DataFrame:
    frame = pd.DataFrame(list(rows), columns=list(columns))
    return frame.assign(**{name: pd.to_datetime(frame[name], utc=True) for name in columns if name in _TIMES})
