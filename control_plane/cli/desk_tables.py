"""What the API answers about the exception desk, as tables for people."""

from collections.abc import Iterable, Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table

from control_plane.api.schemas import (
    ApprovalView,
    BulkItemView,
    BulkOperationView,
    Cause,
    CauseDetail,
    CommentView,
    CorrectableFields,
    CureView,
    ExceptionDetail,
    ExceptionSummary,
    Presence,
    ShiftPart,
    Totals,
)
from control_plane.cli.tables import moment, money, page, said, table


def exceptions_table(items: Sequence[ExceptionSummary]) -> Table:
    """Return one row per exception."""
    rows = table("id", "document", "amount", "what happened", "state", "team", "claimed by", "due", right=["amount"])
    for item in items:
        rows.add_row(
            item.id,
            item.document_number,
            money(item.amount),
            item.sentence,
            said(item.state),
            said(item.team),
            "" if item.claimed_by is None else item.claimed_by.login,
            "" if item.due_at is None else moment(item.due_at),
        )
    return rows


def exception_page(item: ExceptionDetail) -> RenderableType:
    """Return everything about one exception, ending with what the reader may do."""
    return page((name, value) for name, value in _exception_facts(item) if value)


def causes_table(items: Sequence[Cause]) -> Table:
    """Return one row per cause and record that blocks."""
    rows = table(
        "cause", "what happened", "record", "documents", "worth", "nearest deadline", right=["documents", "worth"]
    )
    for item in items:
        rows.add_row(
            item.fingerprint,
            item.sentence + (" (again)" if item.is_back else ""),
            "" if item.record is None else f"{said(item.record.domain)} {item.record.code}",
            str(item.totals.count),
            worth(item.totals),
            "" if item.due_at is None else moment(item.due_at),
        )
    return rows


def cause_page(item: CauseDetail) -> RenderableType:
    """Return everything that is known of one cause."""
    parts: list[RenderableType] = [page((name, value) for name, value in _cause_facts(item) if value)]
    if item.lines:
        parts.append(causes_table(item.lines))
    if item.exceptions:
        parts.append(exceptions_table(item.exceptions))
    return Group(*parts)


def approvals_table(items: Sequence[ApprovalView]) -> Table:
    """Return one row per proposal."""
    rows = table("id", "what", "of", "entity", "amount", "state", "proposed by", "proposed", "reason", right=["amount"])
    for item in items:
        rows.add_row(
            item.id,
            said(item.kind),
            item.subject_id,
            item.legal_entity_id,
            money(item.amount),
            said(item.state),
            item.maker,
            moment(item.proposed_at),
            item.reason,
        )
    return rows


def approval_page(item: ApprovalView) -> RenderableType:
    """Return one proposal: exactly what is asked for, and what the reader may do."""
    return page((name, value) for name, value in _approval_facts(item) if value)


def operations_table(items: Sequence[BulkOperationView]) -> Table:
    """Return one row per bulk operation."""
    rows = table("id", "what", "state", "progress", "worth", "by", "planned", "reason", right=["worth"])
    for item in items:
        rows.add_row(
            item.id,
            said(item.act),
            said(item.state),
            progress(item),
            worth(item.plan.amounts),
            item.maker,
            moment(item.planned_at),
            item.reason,
        )
    return rows


def operation_page(item: BulkOperationView) -> RenderableType:
    """Return one bulk operation: its plan, how far it is, and what the reader may do."""
    return page((name, value) for name, value in _operation_facts(item) if value)


def items_table(items: Sequence[BulkItemView]) -> Table:
    """Return one row per item of a bulk operation."""
    rows = table("", "exception", "document", "amount", "state", "what became of it", right=["", "amount"])
    for item in items:
        rows.add_row(
            str(item.position), item.exception_id, item.document, money(item.amount), said(item.state), item.sentence
        )
    return rows


def comments_table(items: Sequence[CommentView]) -> Table:
    """Return one row per comment."""
    rows = table("id", "on", "by", "at (UTC)", "said")
    for item in items:
        place = item.exception_id or item.transaction_id or ""
        rows.add_row(item.id, place, item.author, moment(item.written_at), item.text)
    return rows


def shift_table(parts: Sequence[ShiftPart]) -> Table:
    """Return one row per part of a shift's summary, with the documents that are due first."""
    rows = table("", "documents", "worth", "due first", right=["documents", "worth"])
    for part in parts:
        first = ", ".join(one.document_number or one.id for one in part.first)
        rows.add_row(said(part.name), str(part.totals.count), worth(part.totals), first)
    return rows


def fields_table(found: CorrectableFields) -> Table:
    """Return one row per field that may be corrected."""
    rows = table("path", "says now", "class", "needs")
    for one in found.items:
        needs = "a second person" if one.needs_second_person else f"one person, up to {money(found.alone_up_to)} a day"
        rows.add_row(one.path, one.value, said(one.field_class), needs)
    return rows


def presence_table(presence: Presence) -> Table:
    """Return one row per absence and delegation."""
    rows = table("id", "who", "from (UTC)", "until (UTC)", "work goes to", "reason")
    for one in presence.absences:
        rows.add_row(one.id, one.person, moment(one.starts_at), moment(one.ends_at), "", one.reason)
    for each in presence.delegations:
        rows.add_row(each.id, each.person, moment(each.starts_at), moment(each.ends_at), each.to, each.reason)
    return rows


def progress(item: BulkOperationView) -> str:
    """Return how far a bulk operation is, in words."""
    at = item.progress
    done = at.succeeded + at.failed + at.skipped
    return f"{done} of {at.total} done: {at.succeeded} succeeded, {at.failed} failed, {at.skipped} skipped"


def worth(totals: Totals) -> str:
    """Return what documents are worth together, per currency."""
    return ", ".join(money(one) for one in totals.by_currency)


def _exception_facts(item: ExceptionDetail) -> Iterator[tuple[str, str]]:
    yield "exception", f"{item.id}, revision {item.revision}"
    yield "what happened", item.sentence
    yield "what to do", item.remedy
    yield "document", item.document_number
    yield "transaction", item.transaction_id or ""
    yield "amount", money(item.amount)
    yield "legal entity", item.legal_entity_id
    yield "state", said(item.state)
    yield "team", said(item.team) + (f", by {item.routed_by}" if item.routed_by else "")
    yield "at the source", item.business_owner
    yield from _holder(item)
    yield "due", "" if item.due_at is None else f"{moment(item.due_at)} UTC"
    yield "put aside", "" if item.wake_at is None else f"until {moment(item.wake_at)} UTC: {item.defer_reason}"
    yield "told in", item.merged_into or ""
    yield "before", item.former_id or ""
    yield "evidence", item.evidence
    yield "cause", f"{item.fingerprint}, {item.same_cause_count} open"
    yield "you may", said(", ".join(item.acts))


def _holder(item: ExceptionDetail) -> Iterator[tuple[str, str]]:
    if item.claimed_by is not None:
        until = "" if item.claim_expires_at is None else f", until {moment(item.claim_expires_at)} UTC"
        yield "claimed by", item.claimed_by.login + until
    if item.offer_expires_at is not None:
        to = item.offered_team if item.offered_to is None else item.offered_to.login
        yield "handed over to", f"{to}, until {moment(item.offer_expires_at)} UTC"


def _cause_facts(item: CauseDetail) -> Iterator[tuple[str, str]]:
    yield "cause", item.fingerprint
    yield "made of", item.clear
    yield "what to do", item.runbook
    yield "documents", str(item.totals.count)
    yield "worth", worth(item.totals)
    yield "nearest deadline", "" if item.due_at is None else f"{moment(item.due_at)} UTC"
    yield "cured by", "; ".join(map(_cure, item.cures))
    yield "told in", item.merged_into or ""
    yield "tells", ", ".join(item.merged)
    for note in item.notes:
        yield f"{note.author}, {moment(note.written_at)}", note.text
    yield "you may", said(", ".join(item.acts))


def _cure(cure: CureView) -> str:
    median = "" if cure.median_seconds is None else f", median {max(1, round(cure.median_seconds / 60))} min"
    return f"{said(cure.act)}: released {cure.released_count} of {cure.tried_count}{median}"


def _approval_facts(item: ApprovalView) -> Iterator[tuple[str, str]]:
    yield "proposal", f"{item.id}, {said(item.state)}"
    yield "what", f"{said(item.kind)} of {item.subject_id}"
    yield "amount", money(item.amount)
    yield "legal entity", item.legal_entity_id
    yield "proposed", f"by {item.maker}, {moment(item.proposed_at)} UTC"
    yield "reason", " ".join(filter(None, (said(item.reason_code), item.reason)))
    yield from _content(item)
    if item.decided_at is not None:
        yield "decided", f"by {item.checker}, {moment(item.decided_at)} UTC: {item.decision_reason}"
    yield "you may", said(", ".join(item.acts))
    yield "you may not", item.objection


def _content(item: ApprovalView) -> Iterator[tuple[str, str]]:
    for name, value in (item.content or {}).items():
        yield said(name), str(value)
    yield "content", item.content_sha256


def _operation_facts(item: BulkOperationView) -> Iterator[tuple[str, str]]:
    plan = item.plan
    yield "operation", f"{item.id}, {said(item.state)}"
    yield "what", f"{said(item.act)}, planned by {item.maker}, {moment(item.planned_at)} UTC"
    yield "reason", item.reason
    yield "documents", f"{plan.amounts.count}, {worth(plan.amounts)}"
    yield "progress", progress(item)
    yield "said", item.sentence
    yield "waits for", item.approval_id or ""
    yield from _foreseen(item)
    yield "you may", said(", ".join(item.acts))


def _foreseen(item: BulkOperationView) -> Iterator[tuple[str, str]]:
    """Yield what the plan warns of; nothing where it warns of nothing."""
    plan = item.plan
    counts = {
        "duplicates expected": plan.duplicates_expected,
        "in closed periods": plan.closed_period_count,
        "without master data": plan.missing_master_data_count,
        "behind others": plan.behind_others_count,
    }
    yield from ((name, str(count)) for name, count in counts.items() if count)
    lists = {"your own": plan.own_documents, "unknown": plan.unknown, "unfit": plan.unfit}
    yield from ((name, _listed(names)) for name, names in lists.items())
    for call in plan.calls:
        seconds = "" if call.seconds is None else f", about {call.seconds:.0f} s"
        yield f"calls to {call.connection}", f"{call.count}{seconds}"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
