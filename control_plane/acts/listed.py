"""Pasted lists: every identifier is looked up and acted on by itself, and each has its own outcome."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from control_plane.acts import claims
from control_plane.acts.door import ChangedMeanwhileError, Hand, NotAllowedError, NotPossibleError, record
from control_plane.domain.access import Act, scope_of
from control_plane.domain.identity import public_id
from control_plane.store.queries.listed import Named, Open, named


class Outcome(StrEnum):
    """What became of one identifier."""

    DONE = "done"
    REFUSED = "refused"
    """The exception is there; the act was not possible or not allowed."""
    NOTHING_OPEN = "nothing_open"
    """There is such a document, and nobody has to do anything about it."""
    UNKNOWN = "unknown"
    """Nothing that the actor may read has this name."""


@dataclass(frozen=True, slots=True)
class Line:
    """One identifier with one of the exceptions that it names."""

    identifier: str
    outcome: Outcome
    exception_id: int | None = None
    why: str = ""


Deed = Callable[[Hand, Open], None]
"""An act on one exception as it was just read."""


def claim(hand: Hand, identifiers: Sequence[str]) -> list[Line]:
    """Claim every exception that the identifiers name, and return what became of each."""
    return _each(hand, identifiers, _claim)


def hand_over(hand: Hand, identifiers: Sequence[str], *, person: str = "", team: str = "") -> list[Line]:
    """Hand every exception over that the identifiers name, claimed first where nobody has it."""
    return _each(hand, identifiers, partial(_claim_and_offer, person=person, team=team))


def _each(hand: Hand, identifiers: Sequence[str], deed: Deed) -> list[Line]:
    scope = scope_of(hand.actor, Act.READ)
    found = named(hand.unit.session, scope, identifiers, sorted(hand.unit.flows))
    done: dict[int, Line] = {}
    return [line for given in identifiers for line in _lines(hand, given, found[given], deed, done)]


def _lines(  # one identifier's part of the list
    hand: Hand, given: str, found: Named, deed: Deed, done: dict[int, Line]
) -> list[Line]:
    if not found.cases:
        return [Line(given, Outcome.NOTHING_OPEN if found.is_known else Outcome.UNKNOWN)]
    for case in found.cases:
        if case.id not in done:  # a list may name one exception twice
            done[case.id] = _try(hand, given, case, deed)
    return [replace(done[case.id], identifier=given) for case in found.cases]


def _try(hand: Hand, given: str, case: Open, deed: Deed) -> Line:
    """Act on one exception; what was begun for it and then refused has not happened."""
    try:
        with hand.unit.session.begin_nested():
            deed(hand, case)
    except (NotAllowedError, NotPossibleError, ChangedMeanwhileError) as refusal:
        if isinstance(refusal, NotAllowedError):
            _record_refusal(hand, case, str(refusal))
        return Line(given, Outcome.REFUSED, case.id, str(refusal))
    return Line(given, Outcome.DONE, case.id)


def _claim(hand: Hand, case: Open) -> None:
    claims.claim(hand, case.id, revision=case.revision)


def _claim_and_offer(hand: Hand, case: Open, *, person: str, team: str) -> None:
    revision = case.revision
    if case.claimed_by is None:
        claims.claim(hand, case.id, revision=revision)
        hand.unit.session.expire_all()  # the claim wrote past the row that it had read
        revision += 1
    claims.offer(hand, case.id, revision=revision, person=person, team=team)


def _record_refusal(hand: Hand, case: Open, why: str) -> None:
    record(
        hand,
        name="act.refused",
        object_type="exception",
        object_id=public_id("exc", case.id),
        legal_entity=case.legal_entity,
        after={"why": why},
    )
