"""What came of one call to the outside, and what it means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from connectors.contract import Outcome, OutcomeKind
from connectors.failures import Failure, FailureKind


@dataclass(frozen=True, slots=True)
class Reply:
    """The other side answered in full, whatever it said."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case."""
    body: bytes = field(repr=False)
    excerpt: str = field(default="", repr=False)
    """The body's beginning, redacted: evidence for `Failure.detail`."""


@dataclass(frozen=True, slots=True)
class NotSent:
    """Proved that the request never left us."""

    cause: str
    code: str = "connection_refused"


@dataclass(frozen=True, slots=True)
class Lost:
    """It may have arrived; no clear answer came back."""

    cause: str


Exchange = Reply | NotSent | Lost

_FAILURE_BY_STATUS: Final[Mapping[int, str]] = {
    401: "credentials_refused",
    403: "access_denied",
    408: "answer_lost",
    413: "call_too_large",
    429: "rate_limited",
    503: "temporarily_unavailable",
}
_OUTCOME_BY_KIND: Final[Mapping[FailureKind, OutcomeKind]] = {
    FailureKind.NOT_SENT: OutcomeKind.NOT_SENT,
    FailureKind.UNKNOWN: OutcomeKind.UNKNOWN,
}
"""Every other failure is an answer: the target refused, for now or for good."""


def failure_of_status(reply: Reply) -> Failure | None:
    """Return what the bare status says; None where the connector's own words decide (2xx and business 4xx).

    A redirect, a 408 and any 5xx but 503 leave open whether something was booked.
    """
    is_unclear = not 200 <= reply.status < 500 or 300 <= reply.status < 400  # noqa: PLR2004  (classes of RFC 9110)
    code = _FAILURE_BY_STATUS.get(reply.status, "answer_lost" if is_unclear else "")
    if not code:
        return None
    detail = f"{reply.status} {reply.excerpt}".strip()
    return Failure(code, retry_after_seconds=retry_after_seconds(reply.headers), detail=detail)


def failure_of(exchange: Exchange) -> Failure | None:
    """Return why the exchange brought no answer to read, or None."""
    match exchange:
        case Reply():
            return failure_of_status(exchange)
        case NotSent(cause=cause, code=code):
            return Failure(code, detail=cause)
        case Lost(cause=cause):
            return Failure("answer_lost", detail=cause)


def outcome_kind_of(failure: Failure) -> OutcomeKind:
    """Return how a posting call ended that failed so."""
    return _OUTCOME_BY_KIND.get(failure.kind, OutcomeKind.REJECTED)


def failed(references: Sequence[str], failure: Failure) -> list[Outcome]:
    """Return one outcome per reference for a posting call that failed as a whole."""
    kind = outcome_kind_of(failure)
    return [Outcome(reference, kind, failure=failure) for reference in references]


def unknown(references: Sequence[str], failure: Failure) -> list[Outcome]:
    """Return one `unknown` per reference: what a question answers that failed in any way."""
    return [Outcome(reference, OutcomeKind.UNKNOWN, failure=failure) for reference in references]


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return Retry-After, seconds or HTTP date, clamped to 1 s .. 1 h; None where it is missing or unreadable.

    A date is read against the answer's own Date, so that no clock needs to agree with ours.
    """
    text = headers.get("retry-after", "")
    until, now = _moment(text), _moment(headers.get("date", ""))
    try:
        wait = (until - now).total_seconds() if until and now else float(int(text))
    except (ValueError, OverflowError):
        return None
    return min(max(wait, 1.0), 3600.0)


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
