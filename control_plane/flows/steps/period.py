"""Period: the posting date in an open period of the legal entity, within its posting window."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from connectors.canonical.master_data import Domain, MasterRecord
from connectors.failures import Failure
from control_plane.domain.calendar import Calendar, calendar_of, period_of
from control_plane.domain.transaction import Reason
from control_plane.domain.verdict import Awaited, Case, Known, Needs, Verdict

NEEDS: Final = Needs(master_data=frozenset({Domain.PERIOD, Domain.LEGAL_ENTITY}))


class Span(NamedTuple):
    """A fiscal period of one legal entity."""

    code: str
    start: date
    end: date
    is_open: bool


def period(case: Case, known: Known) -> Verdict:
    """Return the case with its posting date, or a hold for the period or the posting window.

    The document's own date counts if its period is open; else policy, or an approver who lifts the hold, moves it to
    the first day of the first open period after it.
    """
    if not case.is_placed:
        return Verdict(case)
    day, rule = _document_day(case, known)
    own = _span_of(day, case.legal_entity, known)
    if own is not None and own.is_open:
        return _dated(case, day, day, rule, known)
    later = [span for span in _spans(case.legal_entity, known) if span.start > day]
    target = next((span for span in later if span.is_open), None)
    if own is not None and _holds(case, known):
        return _closed(case, own)
    if target is None or _holds(case, known):
        return _no_period(case, day, later)
    return _dated(case, day, target.start, "first open period", known)


def _document_day(case: Case, known: Known) -> tuple[date, str]:
    if case.report.document_date:
        return case.report.document_date, "document date"
    calendar = _calendar(case, known)
    if case.report.approved_at:
        return calendar.local_date(case.report.approved_at), "approval date"
    return calendar.local_date(known.now), "date of the check"


def _calendar(case: Case, known: Known) -> Calendar:
    return calendar_of(known.record(Domain.LEGAL_ENTITY, case.legal_entity, case.legal_entity))


def _holds(case: Case, known: Known) -> bool:
    return known.policy["closed_period"]["rule"] == "hold" and Reason.PERIOD not in case.overrides


def _dated(case: Case, day: date, posting_date: date, rule: str, known: Known) -> Verdict:
    facts = {"posting_date_from": str(day), "posting_date_to": str(posting_date), "posting_date_rule": rule}
    if day != posting_date and Reason.PERIOD in case.overrides:
        facts["posting_date_rule"] = f"{rule}, moved by an approver"
    dated = case._replace(posting_date=posting_date)
    opens_at = _opens_at(case, known)
    return Verdict(dated, facts=facts) if opens_at is None else _cut_off(dated, opens_at, facts)


def _closed(case: Case, span: Span) -> Verdict:
    failure = Failure("closed_period", {"value": span.code, "entity": case.legal_entity}, "posting_date")
    return Verdict(case, (failure,), Reason.PERIOD, (Awaited(Domain.PERIOD, case.legal_entity, span.code),))


def _no_period(case: Case, day: date, later: list[Span]) -> Verdict:
    code = period_of(day)
    failure = Failure("no_open_period", {"value": code, "entity": case.legal_entity}, "posting_date")
    codes = dict.fromkeys([code, *(span.code for span in later)])
    return Verdict(
        case, (failure,), Reason.PERIOD, tuple(Awaited(Domain.PERIOD, case.legal_entity, one) for one in codes)
    )


def _opens_at(case: Case, known: Known) -> datetime | None:
    """Return when the posting window opens, in the entity's own time; None while it is open."""
    window = known.policy["posting_window"]
    if not window:
        return None
    doors = replace(
        _calendar(case, known),
        country="",
        weekend=frozenset(window.get("free_weekdays", ())),
        opens=time.fromisoformat(window.get("opens", "00:00")),
        closes=time.fromisoformat(window["closes"]) if "closes" in window else time.max,
    )
    opens_at = doors.add(known.now, timedelta(0))
    return None if opens_at == known.now else opens_at.astimezone(ZoneInfo(doors.time_zone))


def _cut_off(case: Case, opens_at: datetime, facts: Mapping[str, str]) -> Verdict:
    values = {"entity": case.legal_entity, "until": f"{opens_at:%Y-%m-%d %H:%M} ({opens_at.tzinfo})"}
    return Verdict(
        case,
        (Failure("posting_window_closed", values, "posting_date"),),
        Reason.CUTOFF,
        facts={**facts, "window_opens_at": opens_at.astimezone(UTC).isoformat()},
    )


def _span_of(day: date, legal_entity: str, known: Known) -> Span | None:
    """Return the period of a day; the month's own code is tried first, the other ones serve 4-4-5 calendars."""
    record = known.records.get((Domain.PERIOD, legal_entity, period_of(day)))
    span = _span(record) if record else None
    if span is not None and span.start <= day <= span.end:
        return span
    return next((one for one in _spans(legal_entity, known) if one.start <= day <= one.end), None)


def _spans(legal_entity: str, known: Known) -> list[Span]:
    found = (
        _span(record)
        for (domain, entity, _), record in known.records.items()
        if domain is Domain.PERIOD and entity == legal_entity
    )
    return sorted((span for span in found if span), key=lambda span: span.start)


def _span(record: MasterRecord) -> Span | None:
    start, end = record.attributes.get("start", ""), record.attributes.get("end", "")
    if not start or not end:
        return None
    return Span(record.code, date.fromisoformat(start), date.fromisoformat(end), record.active)
