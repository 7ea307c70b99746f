"""Beforehand: what stands in the target's books already, or may stand there, is not sent."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

from connectors.contract import Dedupe, Intent, Outcome, OutcomeKind, Posting
from connectors.failures import Failure
from control_plane.engine import permits
from control_plane.engine.errands import Errand, Item
from control_plane.engine.parts import Parts
from control_plane.store.transactions import Work

LOG: Final = logging.getLogger(__name__)

T = TypeVar("T")

CLOCKS_DIFFER: Final = timedelta(hours=1)
"""By how much a source's clock may be ahead of ours."""


def ask_first(parts: Parts, errands: Sequence[Errand], taken_over_at: datetime) -> None:
    """Mark what was approved before the database went on from a copy, also where the source has sent it once more.

    It may have been sent in the commits that the copy lacks; where the target refuses a repetition, no harm is done.
    """
    for errand in errands:
        traits = parts.targets[errand.work.target].traits
        approved_at = errand.work.approved_at
        is_new = approved_at is not None and approved_at > taken_over_at + CLOCKS_DIFFER
        if traits.dedupe is not Dedupe.ENFORCED and not is_new:
            errand.asks_first_from = taken_over_at + traits.deadline + traits.visibility_grace


async def not_to_be_sent(parts: Parts, name: str, call: Sequence[Item], latest: datetime) -> dict[str, Outcome]:
    """Return, by reference, what is said at once of those documents of a call that are not to be sent, or not yet."""
    if all(errand.asks_first_from is None and errand.work.version == 1 for errand, _ in call):
        return {}  # nearly always
    before = await _sent_before(parts, name, call, latest)
    rest = [item for item in call if item[1].reference not in before]
    return before | await _stopped(parts, name, rest, latest)


def told(intent: Intent, kind: OutcomeKind, code: str) -> Outcome:
    """Return an outcome that nobody but ourselves has told."""
    return Outcome(intent.reference, kind, failure=Failure(code))


async def _sent_before(parts: Parts, name: str, call: Sequence[Item], latest: datetime) -> dict[str, Outcome]:
    """Return the outcomes of what is not to be sent, or not yet, because it may have been sent and we lost that."""
    asked = {intent.reference: (errand, intent) for errand, intent in call if errand.asks_first_from}
    if not asked:
        return {}
    target, now = parts.targets[name], parts.runtime.now()
    if target.traits.dedupe is Dedupe.NONE:
        return {
            reference: told(intent, OutcomeKind.UNKNOWN, "cannot_be_asked") for reference, (_, intent) in asked.items()
        }
    too_early = {
        reference: told(intent, OutcomeKind.NOT_SENT, "not_sent_in_time")
        for reference, (errand, intent) in asked.items()
        if errand.asks_first_from and now < errand.asks_first_from
    }
    ripe = sorted(asked.keys() - too_early.keys())
    found = await _asked(parts, name, target.find, ripe, latest) if ripe else ()
    said = {} if isinstance(found, Failure) else {outcome.reference: outcome.kind for outcome in found}
    return too_early | {
        reference: told(asked[reference][1], *_FOUND[kind])
        for reference in ripe
        if (kind := said.get(reference, OutcomeKind.UNKNOWN)) in _FOUND
    }


_FOUND: Final[Mapping[OutcomeKind, tuple[OutcomeKind, str]]] = {
    OutcomeKind.POSTED: (OutcomeKind.UNKNOWN, "already_booked"),
    OutcomeKind.ACCEPTED: (OutcomeKind.UNKNOWN, "already_booked"),
    OutcomeKind.UNKNOWN: (OutcomeKind.NOT_SENT, "not_sent_in_time"),
    OutcomeKind.NOT_SENT: (OutcomeKind.NOT_SENT, "not_sent_in_time"),
}
"""What stands there is inquired as everything in doubt is; an unclear answer is asked for again. The rest is sent."""


async def _stopped(parts: Parts, name: str, call: Sequence[Item], latest: datetime) -> dict[str, Outcome]:
    later = [(errand.work, intent) for errand, intent in call if errand.work.version > 1]
    if not later:
        return {}
    objects = sorted({intent.source_document for _, intent in later})
    found = await _asked(parts, name, parts.targets[name].find_by_source, objects, latest)
    if isinstance(found, Failure):
        return {intent.reference: told(intent, OutcomeKind.NOT_SENT, "not_sent_in_time") for _, intent in later}
    standing = {intent.reference: _standing(found, work, intent) for work, intent in later}
    return {
        reference: Outcome(reference, OutcomeKind.REJECTED, failure=Failure("changed_after_post", {"other": number}))
        for reference, number in standing.items()
        if number
    }


async def _asked(
    parts: Parts,
    name: str,
    ask: Callable[[Sequence[str]], Awaitable[T | Failure]],
    about: Sequence[str],
    latest: datetime,
) -> T | Failure:
    """Return what a target says before anything is sent; a connector's mistake is a failure."""
    try:
        return await permits.call(parts, name, partial(ask, about), latest=latest)
    except Exception:
        LOG.exception("connector failed while asking", extra={"documents": len(about)})
        return Failure("not_sent_in_time")


def _standing(found: Mapping[str, Sequence[Posting]], work: Work, intent: Intent) -> str:
    """Return the number of a posting of another version that stands in the target's books; empty where none does."""
    others = (
        posting.number
        for posting in found.get(intent.source_document, ())
        if not posting.is_reversed and posting.reference.partition("/")[0] != work.business_reference
    )
    return next(others, "")
