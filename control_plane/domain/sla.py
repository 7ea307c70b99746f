"""What was promised, by when, and how the promise stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any

from control_plane.domain.calendar import Calendar
from control_plane.domain.transaction import State


class SlaStatus(StrEnum):
    """How a promise stands; computed, never decided."""

    ON_TIME = "on_time"
    AT_RISK = "at_risk"
    BREACHED = "breached"


@dataclass(frozen=True, slots=True)
class SlaTarget:
    """A promise: from one state to another within so much business time."""

    start: State = State.RECEIVED
    stop: State = State.POSTED
    within: timedelta = timedelta(hours=8)
    """Business time, in the calendar of the legal entity."""
    at_risk_after: Fraction = Fraction(3, 4)
    """Which share of the time may pass before a document that has not arrived is at risk."""


def target_of(value: Mapping[str, Any]) -> SlaTarget:  # JSON of a policy
    """Return the target that a policy's value `sla` states."""
    return SlaTarget(
        within=timedelta(hours=value["business_hours"]),
        at_risk_after=Fraction(value["at_risk_after"]),
    )


@dataclass(frozen=True, slots=True)
class Promise:
    """A target put on one document's clock."""

    at_risk_at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Standing:
    """How a promise stands, and when that changes next if nothing happens."""

    status: SlaStatus
    next_at: datetime | None


def promise(target: SlaTarget, calendar: Calendar, *, started_at: datetime) -> Promise:
    """Return by when a document must arrive, and from when on it is at risk."""
    share = target.within * target.at_risk_after.numerator / target.at_risk_after.denominator
    return Promise(at_risk_at=calendar.add(started_at, share), due_at=calendar.add(started_at, target.within))


def standing(made: Promise, *, now: datetime) -> Standing:
    """Return how the promise stands for a document that has not arrived yet."""
    if now >= made.due_at:
        return Standing(SlaStatus.BREACHED, None)
    if now >= made.at_risk_at:
        return Standing(SlaStatus.AT_RISK, made.due_at)
    return Standing(SlaStatus.ON_TIME, made.at_risk_at)


def settled(due_at: datetime, *, arrived_at: datetime) -> Standing:
    """Return how the promise ended; arriving at the last moment is on time."""
    return Standing(SlaStatus.ON_TIME if arrived_at <= due_at else SlaStatus.BREACHED, None)


def moved_on(due_at: datetime, *, now: datetime) -> Standing:
    """Return how the promise stands at a moment at which the status was to change: at risk, or breached."""
    return Standing(SlaStatus.BREACHED, None) if now >= due_at else Standing(SlaStatus.AT_RISK, due_at)
