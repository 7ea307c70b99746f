"""Rows and sums in the words of the API."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from connectors.canonical.money import format_minor
from control_plane.api.schemas import (
    Amount,
    AuditEntry,
    AwaitedView,
    ExceptionSummary,
    Freshness,
    LedgerAmount,
    LineageEntry,
    MoneyView,
    PersonView,
    PostingView,
    RunView,
    SlaTargetView,
    Totals,
    TransactionSummary,
)
from control_plane.domain.identity import public_id
from control_plane.domain.ledger import Amounts
from control_plane.domain.sla import SlaTarget
from control_plane.domain.transaction import PLACE_OF, State
from control_plane.store.queries.desk import Shown
from control_plane.store.queries.figures import StreamAge
from control_plane.store.queries.sums import CurrencySum, together
from control_plane.store.tables import (
    AuditRow,
    ExceptionCaseRow,
    HoldRow,
    LineageRow,
    PersonRow,
    PostingRow,
    SyncRunRow,
    TransactionRow,
)

_ASKED_ABOUT = frozenset({State.IN_DOUBT, State.AWAITING_ACK})


def money(minor: int, currency: str) -> MoneyView:
    """Return an amount."""
    return MoneyView(minor=minor, currency=currency, decimal=format_minor(minor, currency))


def amount(one: CurrencySum, group_currency: str) -> Amount:
    """Return documents of one currency."""
    group = None if one.group_minor is None else money(one.group_minor, group_currency)
    return Amount(count=one.count, group=group, **money(one.minor, one.currency).model_dump())


def totals(sums: Iterable[CurrencySum], group_currency: str) -> Totals:
    """Return documents of several currencies."""
    per_currency = together(sums)
    return Totals(
        count=sum(one.count for one in per_currency),
        group=money(sum(one.group_minor or 0 for one in per_currency), group_currency),
        by_currency=[amount(one, group_currency) for one in per_currency],
    )


def ledger_amount(amounts: Amounts, one: CurrencySum, group_currency: str) -> LedgerAmount:
    """Return an amount of the ledger; `one` is the same as a sum."""
    return LedgerAmount(
        positive_minor=amounts.positive_minor,
        negative_minor=amounts.negative_minor,
        **amount(one, group_currency).model_dump(),
    )


def freshness(streams: Sequence[StreamAge], now: datetime) -> Freshness:
    """Return how old the figures may be: a stale stream speaks for all, else the one read longest ago."""
    active = [one for one in streams if one.is_active] or list(streams)
    read = [one for one in active if one.read_at is not None]
    stale = next((one for one in active if one.is_stale(now)), None)
    oldest = stale or min(read, key=lambda one: one.read_at or now, default=None)
    if oldest is None:
        return Freshness(read_at=None, connection="", stream="", is_stale=False)
    return Freshness(
        read_at=oldest.read_at, connection=oldest.connection, stream=oldest.stream, is_stale=stale is not None
    )


def transaction_summary(row: TransactionRow, group_currency: str) -> TransactionSummary:
    """Return a transaction's last line."""
    return TransactionSummary(
        id=public_id("txn", row.id),
        place=PLACE_OF[State(row.state)],
        amount=amount(CurrencySum(row.currency, 1, row.amount_minor, row.group_minor), group_currency),
        next_attempt_at=next_attempt_at(row),
        **row.model_dump(include=_SUMMARY),
    )


_SUMMARY = set(TransactionSummary.model_fields) & set(TransactionRow.model_fields) - {"id"}


def next_attempt_at(row: TransactionRow) -> datetime | None:
    """Return when the document is sent or asked about next; None when nothing is planned."""
    state = State(row.state)
    if state is State.READY:
        return row.priority_at
    return row.inquire_at if state in _ASKED_ABOUT else None


def posting(row: PostingRow) -> PostingView:
    """Return a document of the target's books."""
    return PostingView(
        id=public_id("pst", row.id),
        transaction_id=public_id("txn", row.transaction_id),
        total=money(row.total_minor, row.currency),
        **row.model_dump(include=set(PostingView.model_fields) - {"id", "transaction_id", "total"}),
    )


def awaited(row: HoldRow) -> AwaitedView:
    """Return what a held document waits for."""
    return AwaitedView(domain=row.domain, legal_entity_id=row.legal_entity_id, code=row.code)


def promised(target: SlaTarget) -> SlaTargetView:
    """Return a promise in words, such as `8 business hours`."""
    hours = target.within / timedelta(hours=1)
    within = f"{hours:g} business hour{'' if hours == 1 else 's'}"
    return SlaTargetView(start=target.start, stop=target.stop, within=within, pause=[])


def lineage(rows: Sequence[LineageRow]) -> list[LineageEntry]:
    """Return a story, each entry with the time since the one before."""
    befores = [rows[0].at, *(row.at for row in rows)] if rows else []
    return [_lineage_entry(row, before) for row, before in zip(rows, befores, strict=False)]


def exception_summary(shown: Shown, group_currency: str) -> ExceptionSummary:
    """Return an exception with the names that stand beside it."""
    row = shown.row
    return ExceptionSummary(
        id=public_id("exc", row.id),
        transaction_id=None if row.transaction_id is None else public_id("txn", row.transaction_id),
        claimed_by=_person(row.claimed_by, shown.login, shown.name),
        amount=amount(CurrencySum(row.currency, 1, row.amount_minor, row.group_minor), group_currency),
        document_number=shown.document_number,
        merged_into=exception_id(row.merged_into),
        former_id=exception_id(row.former_id),
        **row.model_dump(include=_EXCEPTION),
    )


_EXCEPTION = set(ExceptionSummary.model_fields) & set(ExceptionCaseRow.model_fields) - {
    "id",
    "transaction_id",
    "claimed_by",
    "merged_into",
    "former_id",
}


def exception_id(number: int | None) -> str | None:
    """Return an exception's public id, where there is one."""
    return None if number is None else public_id("exc", number)


def person(row: PersonRow) -> PersonView:
    """Return somebody who acts."""
    return PersonView(id=public_id("per", row.id), login=row.login, name=row.name)


def run(row: SyncRunRow) -> RunView:
    """Return one execution of pulling a stream."""
    return RunView(id=public_id("run", row.id), **row.model_dump(include=set(RunView.model_fields) - {"id"}))


def audit_entry(row: AuditRow) -> AuditEntry:
    """Return who did what and why."""
    return AuditEntry(**row.model_dump(include=set(AuditEntry.model_fields)))


def _person(person_id: int | None, login: str, name: str) -> PersonView | None:
    return None if person_id is None else PersonView(id=public_id("per", person_id), login=login, name=name)


def _lineage_entry(row: LineageRow, before: datetime) -> LineageEntry:
    copied = set(LineageEntry.model_fields) & set(LineageRow.model_fields) - {"id", "transaction_id"}
    return LineageEntry(
        id=public_id("lin", row.id),
        transaction_id=public_id("txn", row.transaction_id),
        since_previous_seconds=(row.at - before).total_seconds(),
        has_payload=row.payload_id is not None,
        **row.model_dump(include=copied),
    )
