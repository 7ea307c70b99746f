"""Answers of the API for tests: a factory fills what a test does not name."""

from datetime import UTC, datetime, timedelta
from typing import Any

from control_plane.api.schemas import (
    Amount,
    Cause,
    ConnectionSummary,
    ExceptionDetail,
    Freshness,
    Health,
    LedgerAmount,
    LedgerLine,
    LineageEntry,
    MoneyView,
    PersonView,
    RunView,
    SlaLine,
    StreamView,
    Totals,
    TransactionDetail,
    TransactionSummary,
)
from control_plane.domain.transaction import Place, State

NOW = datetime(2026, 3, 16, 9, 0, tzinfo=UTC)
ANNA = PersonView(id="per_1", login="anna", name="Anna Berg")
FRESH = Freshness(read_at=NOW - timedelta(minutes=3), connection="concur", stream="expense_reports", is_stale=False)


def euros(minor: int) -> MoneyView:
    return MoneyView(minor=minor, currency="EUR", decimal=f"{minor / 100:.2f}")


def amount(minor: int, currency: str = "EUR", count: int = 1, *, group: int | None = None) -> Amount:
    decimal = str(minor) if currency == "JPY" else f"{minor / 100:.2f}"
    return Amount(
        minor=minor, currency=currency, decimal=decimal, count=count, group=None if group is None else euros(group)
    )


def totals(*amounts: Amount) -> Totals:
    group = sum(one.group.minor for one in amounts if one.group)
    return Totals(count=sum(one.count for one in amounts), group=euros(group), by_currency=list(amounts))


def stands(minor: int = 0, count: int = 0, currency: str = "EUR", group: int | None = None) -> LedgerAmount:
    one = amount(minor, currency, count, group=minor if group is None else group)
    return LedgerAmount(positive_minor=max(minor, 0), negative_minor=min(minor, 0), **one.model_dump())


def ledger_line(**places: Any) -> LedgerLine:
    nothing = {name: stands() for name in ("in_progress", "blocked", "at_source", "posted", "withdrawn", "reversed")}
    given = {"flow": "expense_report", "legal_entity_id": "DE01", "currency": "EUR", "cohort": ""}
    rest = {"received": stands(), "posted_net": stands(), "difference": stands(), "is_balanced": True}
    return LedgerLine(**{**given, **nothing, **rest, **places})


def sla_line(**given: Any) -> SlaLine:
    rest: dict[str, Any] = {
        "flow": "expense_report",
        "legal_entity_id": "DE01",
        "on_time": totals(),
        "at_risk": totals(),
        "breached": totals(),
        "next_due_at": None,
        "settled_count": 0,
        "settled_late_count": 0,
        "attainment": None,
    }
    return SlaLine(**{**rest, **given})


def document(**given: Any) -> TransactionSummary:
    return TransactionSummary(**{**_document(), **given})


def document_detail(**given: Any) -> TransactionDetail:
    rest: dict[str, Any] = {
        "approved_at": NOW,
        "first_attempt_at": None,
        "last_sent_at": None,
        "recalled_at": None,
        "supersedes_id": None,
        "linked_id": None,
        "outstanding": euros(0),
        "next_act": {"sentence": "Nothing: it is booked.", "owner": "", "at": None},
        "awaits": [],
        "postings": [],
        "versions": [],
        "exception_id": None,
        "flow_version": "1",
        "policy_version": 0,
        "mapping_version": "",
        "master_data_version": 7,
        "overrides": [],
        "trace_id": "",
    }
    return TransactionDetail(**{**_document(), **rest, **given})


def exception(**given: Any) -> ExceptionDetail:
    rest: dict[str, Any] = {
        "id": "exc_1",
        "transaction_id": "txn_1",
        "connection": "",
        "flow": "expense_report",
        "legal_entity_id": "DE01",
        "state": "new",
        "code": "inactive_master_data",
        "kind": "rejected",
        "step": "bind",
        "field_path": "lines.1.project",
        "sentence": "Project P-13 is inactive in the ERP: document 528 over 114.90 EUR cannot be posted.",
        "remedy": "Reactivate P-13 in the ERP.",
        "fingerprint": "f" * 8,
        "team": "finance_operations",
        "claimed_by": None,
        "claim_expires_at": None,
        "amount": amount(11490),
        "attempt": 1,
        "document_number": "528",
        "opened_at": NOW,
        "due_at": NOW + timedelta(hours=8),
        "wake_at": None,
        "updated_at": NOW,
        "resolved_at": None,
        "evidence": "",
        "revision": 1,
        "values": {},
        "transaction": None,
        "acts": ["claim"],
        "same_cause_count": 1,
        "routed_by": "",
        "business_owner": "",
        "claimed_at": None,
        "offered_to": None,
        "offered_team": "",
        "offer_expires_at": None,
        "merged_into": None,
        "former_id": None,
        "regression_count": 0,
        "defer_reason": "",
        "closes_at": None,
    }
    return ExceptionDetail(**{**rest, **given})


def cause(*amounts: Amount, **given: Any) -> Cause:
    rest: dict[str, Any] = {
        "fingerprint": "f" * 8,
        "clear": "expense_report | period | rejected | closed_period | posting_date",
        "flow": "expense_report",
        "code": "closed_period",
        "kind": "rejected",
        "step": "period",
        "field_path": "",
        "team": "finance_operations",
        "sentence": "The period is closed.",
        "remedy": "Open it.",
        "oldest_at": NOW,
        "due_at": None,
        "record": None,
        "domain": "",
        "record_count": 0,
        "merged": [],
        "regression_count": 0,
        "is_back": False,
    }
    return Cause(**{**rest, "totals": totals(*amounts), **given})


def entry(kind: str = "transition", **given: Any) -> LineageEntry:
    rest: dict[str, Any] = {
        "id": "lin_1",
        "transaction_id": "txn_1",
        "at": NOW,
        "since_previous_seconds": 0.0,
        "by": "system",
        "name": "",
        "from_state": "",
        "to_state": "",
        "reason": "",
        "failure_code": "",
        "facts": {},
        "has_payload": False,
    }
    return LineageEntry(**{**rest, "kind": kind, **given})


def run(**given: Any) -> RunView:
    rest: dict[str, Any] = {
        "id": "run_1",
        "connection": "concur",
        "stream": "expense_reports",
        "legal_entity_id": "unresolved",
        "state": "succeeded",
        "trigger": "schedule",
        "scheduled_for": NOW,
        "started_at": NOW,
        "ended_at": NOW + timedelta(seconds=2),
        "received_count": 12,
        "repeated_count": 0,
        "failure": "",
    }
    return RunView(**{**rest, **given})


def stream(**given: Any) -> StreamView:
    rest: dict[str, Any] = {
        "stream": "expense_reports",
        "cursor": "",
        "read_at": NOW,
        "interval_seconds": 300,
        "is_active": True,
        "next_run_at": NOW + timedelta(minutes=5),
        "is_stale": False,
        "last_run": run(),
    }
    return StreamView(**{**rest, **given})


def connection(**given: Any) -> ConnectionSummary:
    rest: dict[str, Any] = {
        "name": "concur",
        "provider": "concur",
        "legal_entity_id": "unresolved",
        "health": Health.HEALTHY,
        "paused_at": None,
        "paused_reason": "",
        "sentence": "",
        "last_success_at": NOW,
        "last_failure_at": None,
        "last_failure": "",
        "behind": totals(),
        "confirmation_count": 0,
        "streams": [stream()],
        "revision": 1,
    }
    return ConnectionSummary(**{**rest, **given})


def _document() -> dict[str, Any]:
    return {
        "id": "txn_1",
        "flow": "expense_report",
        "legal_entity_id": "DE01",
        "connection": "concur",
        "target": "erp",
        "source_system": "concur",
        "source_id": "R1",
        "source_document_id": "R1",
        "document_number": "201",
        "counterparty": "E-341",
        "version": 1,
        "business_reference": "EXR-1",
        "state": State.POSTED,
        "place": Place.POSTED,
        "reason": "",
        "amount": amount(57780),
        "cohort": "2026-03",
        "posting_period": "2026-03",
        "document_date": NOW.date(),
        "received_at": NOW,
        "updated_at": NOW,
        "due_at": None,
        "sla_status": "on_time",
        "attempt_count": 1,
        "next_attempt_at": None,
        "payment_status": "",
        "is_test": False,
        "revision": 1,
    }
