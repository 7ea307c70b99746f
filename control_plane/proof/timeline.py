"""What an event log of the BPI Challenge 2020 says happened to money, and the rule for what it does not say.

A document is a trace, named by its `id` (`Rfp_id` where it has none). Its amount is the trace's `Amount`, else
`TotalDeclared` (a travel permit's declarations together), else `RequestedAmount`, rounded half-even to cents of EUR. A
number `UNKNOWN` is none. With h = crc32 of the id: employee = h mod 500, legal entity = employee mod 3, project = h
mod 40.

A claim's FINAL_APPROVED, by any role, approves a version; a REJECTED after it takes it back. A permit's approval is a
commitment and no claim. Payment Handled pays, and closes the document.
"""

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from operator import attrgetter, itemgetter
from typing import Final

from connectors.canonical.money import round_minor
from control_plane.proof.xes import Event, Trace

CURRENCY: Final = "EUR"
EMPLOYEES: Final = 500
COMPANIES: Final = 3
PROJECTS: Final = 40

_CASE: Final = ("(case)_", "case:")
_IDS: Final = ("id", "Rfp_id")
_AMOUNTS: Final = ("Amount", "TotalDeclared", "RequestedAmount")
_NUMBERS: Final = ("DeclarationNumber", "RfpNumber", "travel_permit_number")
_UNKNOWN: Final = "UNKNOWN"
_JUDGED: Final = re.compile(r"(?P<what>.+) (?P<how>FINAL_APPROVED|REJECTED) by .+")
_PERMIT: Final = "Permit"


class Kind(StrEnum):
    """What happened to a claim's money."""

    APPROVED = "approved"
    RECALLED = "recalled"
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class Claim:
    """A document as the log and the rule describe it."""

    id: str
    number: str
    """Empty: the log knows none."""
    amount_minor: int

    @property
    def hash(self) -> int:
        """Return the number that all that is missing is derived from."""
        return zlib.crc32(self.id.encode())

    @property
    def employee(self) -> int:
        """Return the employee's number; the legal entity is this modulo three."""
        return self.hash % EMPLOYEES

    @property
    def project(self) -> int:
        """Return the project's number."""
        return self.hash % PROJECTS


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to one claim."""

    at: datetime
    kind: Kind
    claim: Claim


def timeline(traces: Iterable[Trace]) -> list[Step]:
    """Return everything that happened to money, in the order of time; what happens at once keeps the log's order."""
    steps = (step for trace in traces for step in steps_of(trace))
    return sorted(steps, key=attrgetter("at"))


def steps_of(trace: Trace) -> Iterator[Step]:
    """Yield what happened to one claim; a trace without an amount is none."""
    claim = claim_of(trace)
    if claim is None:
        return
    is_approved = False
    for event in sorted(trace.events, key=attrgetter("at")):
        kind = _kind_of(event)
        if kind is None or (kind is Kind.RECALLED and not is_approved):
            continue
        yield Step(event.at.astimezone(UTC), kind, claim)
        if kind is Kind.PAID:
            return
        is_approved = kind is Kind.APPROVED


def spread(steps: Sequence[Step], *, apart: int) -> list[Step]:
    """Return the steps in an order in which every second claim's recall stands so many steps behind its approval.

    Without time between them nearly every recall would overtake the posting that came days before it.
    """
    placed: list[tuple[int, Step]] = []
    before: dict[str, int] = {}
    for number, step in enumerate(steps):
        claim, place = step.claim, max(number, before.get(step.claim.id, 0))
        if step.kind is Kind.RECALLED and claim.hash % 2:
            place = max(place, before[claim.id] + apart)
        before[claim.id] = place
        placed.append((place, step))
    return [step for _, step in sorted(placed, key=itemgetter(0))]


def claim_of(trace: Trace) -> Claim | None:
    """Return the claim that a trace is about, or None where it states no amount."""
    facts = _facts_of(trace)
    amount = _amount(_first(facts, _AMOUNTS))
    if amount is None:
        return None
    named = _first(facts, _IDS) or trace.attributes.get("concept:name", "")
    return Claim(named, _first(facts, _NUMBERS), round_minor(amount, CURRENCY))


def _facts_of(trace: Trace) -> Mapping[str, str]:
    """Return the case's attributes, which stand on the trace or, marked, on each of its events."""
    facts = dict(trace.attributes)
    for event in trace.events[:1]:
        for mark in _CASE:
            facts |= {key.removeprefix(mark): value for key, value in event.attributes.items() if key.startswith(mark)}
    return {key.replace(" ", "_"): value for key, value in facts.items()}


def _kind_of(event: Event) -> Kind | None:
    if event.name == "Payment Handled":
        return Kind.PAID
    judged = _JUDGED.fullmatch(event.name)
    if judged is None or judged["what"] == _PERMIT:
        return None
    return Kind.APPROVED if judged["how"] == "FINAL_APPROVED" else Kind.RECALLED


def _first(facts: Mapping[str, str], keys: Iterable[str]) -> str:
    return next((facts[key] for key in keys if facts.get(key, _UNKNOWN) != _UNKNOWN), "")


def _amount(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None
