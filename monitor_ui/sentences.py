"""The sentences of the screens: amounts, counts, times and states as a person says them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from http import HTTPStatus
from typing import Final

from control_plane.api.schemas import (
    Amount,
    AwaitedView,
    Cause,
    Connections,
    ConnectionSummary,
    ExceptionDetail,
    Freshness,
    LineageEntry,
    Me,
    MoneyView,
    Problem,
    SlaTargetView,
    Timeline,
    Totals,
    TransactionSummary,
)
from monitor_ui import words

NO_CURRENCY: Final = "XXX"
"""ISO 4217: a document whose currency or amount is not valid."""

_WANTED: Final[Mapping[str, str]] = {
    "reason": "Say why, in three characters or more.",
    "stream": "Choose a stream.",
    "text": "Say something.",
    "": "Name a person or a team.",
}
"""What a person is to type, by the field of the command."""

_MARKS: Final = frozenset("\\`*_{}[]<>()#+-!|~$:")
_UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
_SHORT: Final = 10
_NOTICED: Final = 0.1
_NOW: Final = timedelta(minutes=1)


def counted(count: int, flow_name: str = "", *, one: str = "") -> str:
    """Return a count, such as `12 reports`: of a flow's documents, of documents, or of what `one` names."""
    _, single, several = ("", one, f"{one}s") if one else words.FLOWS.get(flow_name, ("", "document", "documents"))
    return f"{count:,} {single if count == 1 else several}"


def attempts(count: int) -> str:
    """Return how often something was tried."""
    return counted(count, one="attempt")


def money(view: MoneyView | None) -> str:
    """Return an amount as a person reads it, such as `48,300.00 EUR`."""
    if view is None:
        return "no group amount"
    if view.currency == NO_CURRENCY:
        return "no valid amount"
    return f"{Decimal(view.decimal):,f} {view.currency}"


def standing(amount: Amount) -> str:
    """Return what stands in a place of the ledger: a dash for nothing, a count where no amount is valid."""
    if amount.count == 0:
        return words.NOTHING
    return f"{amount.count}, no amount" if amount.currency == NO_CURRENCY else money(amount)


def sums(totals: Totals) -> str:
    """Return what documents are worth: in their currency, or in the group's where there are several."""
    valid = [one for one in totals.by_currency if one.currency != NO_CURRENCY]
    if len(valid) == 1 or len(totals.by_currency) == 1:
        return money((valid or totals.by_currency)[0])
    without = [one for one in valid if one.group is None]
    return f"{money(totals.group)}{_without_rate(without)}"


def documents(totals: Totals, flow_name: str = "") -> str:
    """Return count and worth, such as `12 reports, 48,300.00 EUR`."""
    return f"{counted(totals.count, flow_name)}, {sums(totals)}" if totals.count else counted(0, flow_name)


def held_by(cause: Cause) -> str:
    """Return how many documents wait for what, such as `12 reports, blocked by 1 inactive project`."""
    return f"{counted(cause.totals.count, cause.flow)}, blocked by {_blocker(cause)}"


def blocked_by(cause: Cause) -> str:
    """Return what a cause holds back, such as `37 reports, 41,200.00 EUR, blocked by 1 inactive project`."""
    return f"{documents(cause.totals, cause.flow)}, blocked by {_blocker(cause)}"


def behind(one: ConnectionSummary) -> str:
    """Return what waits for a connection; confirmations are counted beside the documents whose amounts they repeat."""
    waiting = documents(one.behind)
    confirming = counted(one.confirmation_count, one="confirmation")
    return f"{waiting}; {confirming}" if one.confirmation_count else waiting


def promise(target: SlaTargetView) -> str:
    """Return what was promised, such as `From received to posted within 8 business hours`."""
    start, stop = (words.word_of(words.STATES, state).label.lower() for state in (target.start, target.stop))
    return f"From {start} to {stop} within {target.within}"


def share(part: float | None) -> str:
    """Return a share as a percentage."""
    return words.NOTHING if part is None else f"{part:.1%}"


def lasting(duration: timedelta) -> str:
    """Return a duration in its two largest units, such as `2 h 5 min`."""
    seconds = abs(duration.total_seconds())
    if seconds < _SHORT:
        return f"{seconds:.1f} s"
    parts: list[str] = []
    for unit, size in _UNITS:
        whole, seconds = divmod(seconds, size)
        parts += [f"{whole:.0f} {unit}"] if whole or parts else []
    return " ".join(part for part in parts[:2] if not part.startswith("0 "))


def ago(at: datetime | None, now: datetime) -> str:
    """Return how long ago something was; `never` for None."""
    return "never" if at is None else f"{lasting(now - at)} ago"


def age(at: datetime | None, now: datetime) -> str:
    """Return how old something is; a dash for None."""
    return words.NOTHING if at is None else lasting(now - at)


def until(at: datetime | None, now: datetime) -> str:
    """Return how far off a moment is, or how late it is."""
    if at is None:
        return words.NOTHING
    if at >= now:
        return f"in {lasting(at - now)}"
    return "now" if now - at < _NOW else f"{lasting(now - at)} late"


def clock(at: datetime | None, zone: tzinfo) -> str:
    """Return a moment on the reader's clock."""
    return words.NOTHING if at is None else f"{at.astimezone(zone):%d %b %Y, %H:%M:%S}"


def as_of(at: datetime, freshness: Freshness, zone: tzinfo) -> str:
    """Return when figures were true and how old what they rest on is."""
    moment = f"As of {at.astimezone(zone):%d %b %Y, %H:%M:%S %Z}"
    if freshness.read_at is None:
        return f"{moment}; nothing was read from a source yet"
    stream = f"{freshness.connection} / {words.plain(freshness.stream).lower()}"
    return f"{moment}; oldest source read {ago(freshness.read_at, at)} ({stream})"


def since(story: Timeline) -> datetime | None:
    """Return since when a document has been in its state."""
    return next((entry.at for entry in reversed(story.items) if entry.to_state), None)


def next_read(answer: Connections) -> tuple[str, str]:
    """Return when the next stream is read, and which one it is."""
    planned = [(stream.next_run_at, one.name, stream) for one in answer.items for stream in one.streams]
    due = min((plan for plan in planned if plan[0] is not None), default=None, key=lambda plan: plan[0] or answer.as_of)
    if due is None:
        return words.NOTHING, "nothing is scheduled"
    return until(due[0], answer.as_of), f"{due[1]} / {words.plain(due[2].stream).lower()}"


def title(document: TransactionSummary) -> str:
    """Return what a document is called, such as `Report 201 over 577.80 USD`."""
    _, single, _ = words.FLOWS.get(document.flow, ("", "document", ""))
    return (
        f"{single.capitalize()} {document.document_number or document.source_document_id} over {money(document.amount)}"
    )


def about(document: TransactionSummary) -> str:
    """Return what a document is, whose, and where it goes."""
    parts = (
        words.flow(document.flow),
        document.counterparty,
        words.entity(document.legal_entity_id),
        f"version {document.version}",
    )
    return ", ".join(part for part in (*parts, f"to {document.target}" if document.target else "") if part)


def awaited(one: AwaitedView) -> str:
    """Return what a held document waits for."""
    return f"Waits for {words.plain(one.domain).lower()} {literal(one.code)} of {words.entity(one.legal_entity_id)}."


def where(seen: ExceptionDetail) -> str:
    """Return where the trouble is: document, step, field."""
    document = f"document {seen.document_number}" if seen.document_number else ""
    step = f"check “{words.step(seen.step)}”" if seen.step else ""
    parts = (document, words.flow(seen.flow), words.entity(seen.legal_entity_id), step, seen.field_path)
    return ", ".join(part for part in parts if part)


def owned(seen: ExceptionDetail) -> str:
    """Return who owns an exception, what it is about and how often it was tried."""
    return f"{money(seen.amount)}, owned by {words.team(seen.team)}, attempt {seen.attempt}"


def whereabouts(seen: ExceptionDetail, zone: tzinfo) -> Sequence[str]:
    """Return where an exception is beside its state: handed over, put aside, told elsewhere, not the first."""
    told = []
    if seen.offer_expires_at:
        to = seen.offered_to.name if seen.offered_to else words.team(seen.offered_team)
        told.append(f"Handed over to {to}, who may accept until {clock(seen.offer_expires_at, zone)}.")
    if seen.wake_at and seen.state == "deferred":
        told.append(f"Put aside until {clock(seen.wake_at, zone)}: {seen.defer_reason}")
    if seen.merged_into:
        told.append(f"Told in {seen.merged_into}.")
    if seen.regression_count:
        told.append(f"It came back {counted(seen.regression_count, one='time')} after it had been resolved.")
    return told


def shared_cause(seen: ExceptionDetail) -> str:
    """Return how many exceptions wait for the same thing."""
    others = seen.same_cause_count - 1
    return (
        f"{counted(others, one='other exception')} with the same cause." if others > 0 else "No other one is like it."
    )


def may(person: Me) -> str:
    """Return what a person may do where, such as `Analyst in the whole group`."""
    grants = (
        f"{words.plain(grant.role)} in {'the whole group' if grant.legal_entity_id == '*' else grant.legal_entity_id}"
        for grant in person.grants
    )
    return ", ".join(grants) or "No roles"


def no_entry(problem: Problem) -> str:
    """Return why somebody is not let in with a key."""
    return "This key is not valid (any more)." if problem.status == HTTPStatus.UNAUTHORIZED else refusal(problem)


def used_code(problem: Problem) -> str:
    """Return why somebody is not let in with a code."""
    used = "This address was used before or is too old. Sign in with an API key, or start Tieout again."
    return used if problem.status == HTTPStatus.NOT_FOUND else refusal(problem)


def literal(text: str) -> str:
    """Return a text from outside so that no mark in it is read as formatting."""
    return "".join(f"\\{letter}" if letter in _MARKS else letter for letter in text)


def readable(payload: str) -> str:
    """Return a payload in lines, if it is JSON; else as it is."""
    try:
        return json.dumps(json.loads(payload), indent=2, ensure_ascii=False)
    except ValueError:
        return payload


def title_of(entry: LineageEntry) -> str:
    """Return what an entry of the story tells, in a few words."""
    match entry.kind:
        case "transition" | "act" if entry.to_state:
            said = words.word_of(words.STATES, entry.to_state).label
            return f"{said} ({words.plain(entry.reason).lower()})" if entry.reason else said
        case "step":
            return f"{words.step(entry.name)}: {words.word_of(words.STEP_ENDS, entry.reason).label}"
        case _:
            return words.word_of(words.ENTRIES, entry.kind).label


def color_of(entry: LineageEntry) -> words.Color:
    """Return the color of an entry of the story: of the state or end that it led to, else of its kind."""
    if entry.kind == "step":
        return words.word_of(words.STEP_ENDS, entry.reason).color
    if entry.to_state:
        return words.word_of(words.STATES, entry.to_state).color
    return words.word_of(words.ENTRIES, entry.kind).color


def detail_of(entry: LineageEntry) -> str:
    """Return what else an entry of the story says: the failure, or its own facts."""
    facts = "; ".join(f"{words.plain(name).lower()} {_fact(value)}" for name, value in entry.facts.items() if value)
    return "; ".join(part for part in (words.plain(entry.failure_code) if entry.failure_code else "", facts) if part)


def after(seconds: float) -> str:
    """Return how much later than the one before something happened, if anybody would notice."""
    return f"+ {lasting(timedelta(seconds=seconds))}" if seconds >= _NOTICED else ""


def refusal(problem: Problem) -> str:
    """Return why the API refused, for the person who asked."""
    return problem.detail or problem.title


def unfit(fields: Iterable[str]) -> str:
    """Return what a person has to type instead."""
    return " ".join(_WANTED.get(name, f"{words.plain(name)} does not fit.") for name in fields)


def changes(before: ExceptionDetail, after: ExceptionDetail) -> Sequence[str]:
    """Return what happened to an exception since somebody looked at it, one sentence per change."""
    told = []
    if before.claimed_by != after.claimed_by:
        told.append(f"{after.claimed_by.name} claimed it." if after.claimed_by else "It was given back to its team.")
    if before.state != after.state:
        was, now = (words.word_of(words.CASES, one.state).label.lower() for one in (before, after))
        told.append(f"It was {was}, now it is {now}.")
    if before.attempt != after.attempt:
        told.append(f"It was tried again and is at attempt {after.attempt}.")
    if before.sentence != after.sentence:
        told.append(f"Its reason is another one now: {after.sentence}")
    return told or ["Something about it changed while you looked."]


def _blocker(cause: Cause) -> str:
    unusable = words.UNUSABLE.get(cause.code)
    if unusable and cause.domain in words.RECORDS:
        single, several = words.RECORDS[cause.domain]
        named = f", {cause.record.code}" if cause.record else ""
        return f"{cause.record_count:,} {unusable} {single if cause.record_count == 1 else several}{named}"
    return words.BLOCKERS.get(cause.code) or words.plain(cause.code).lower()


def _without_rate(without: Sequence[Amount]) -> str:
    return "".join(f" and {money(one)} without a rate" for one in without)


def _fact(value: object) -> str:
    match value:
        case dict():
            return ", ".join(f"{words.plain(str(name)).lower()} {_fact(part)}" for name, part in value.items())
        case list():
            return ", ".join(_fact(part) for part in value)
        case _:
            return str(value)
