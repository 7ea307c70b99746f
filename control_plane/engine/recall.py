"""Recall: the source takes a document back; at once, when the answer is known, or by reversing the posting."""

from collections.abc import Sequence
from typing import Final

from connectors.contract import Recall
from connectors.failures import Failure
from control_plane.domain.machine import By
from control_plane.domain.transaction import WITHDRAWABLE, Reason, State, transition
from control_plane.engine import trouble
from control_plane.engine.parts import Unit
from control_plane.engine.policy import policy_of
from control_plane.store import holds, postings, transactions, transitions
from control_plane.store.transactions import Work
from control_plane.store.transitions import Change

POSTED_STATES: Final = frozenset({State.POSTED, State.TIED_OUT})


def recall(unit: Unit, recalls: Sequence[Recall]) -> None:
    """Take back the versions that the recalls name: what was not sent is cancelled, what may be booked is marked."""
    if not recalls:
        return
    fresh = [work.id for work in _named(unit, recalls) if not work.recalled_at]
    transitions.hold_keys(unit.session, fresh)
    transactions.mark_recalled(unit.session, fresh, now=unit.now)
    settle_recalled(unit, fresh)


def settle_recalled(unit: Unit, transaction_ids: Sequence[int]) -> None:
    """Let recalls take effect as far as the answer is known: mark first, look then, so that none is missed."""
    recalled = transactions.recalled(unit.session, transaction_ids)
    known = [work for work in recalled if work.seen.state in POSTED_STATES | WITHDRAWABLE]
    booked = booked_of(unit, known)
    _cancel(unit, [work for work in known if work.id not in booked])
    _take_back(unit, [work for work in known if work.id in booked])


def booked_of(unit: Unit, works: Sequence[Work]) -> frozenset[int]:
    """Return which of the transactions stand in the target's books, be it in part: those are not just withdrawn."""
    in_part = postings.standing(unit.session, [work.id for work in works if work.seen.state not in POSTED_STATES])
    return frozenset(in_part) | {work.id for work in works if work.seen.state in POSTED_STATES}


def _named(unit: Unit, recalls: Sequence[Recall]) -> list[Work]:
    objects = [(one.source_system, one.source_id) for one in recalls]
    documents = {(one.source_system, one.source_id, one.source_document_id) for one in recalls}
    names = [name for name, flow in unit.flows.items() if not flow.is_confirmation]
    every = [work for name in names for work in transactions.versions_of(unit.session, name, objects)]
    return [
        work
        for work in every
        if (work.source_system, work.source_id, work.source_document_id) in documents
        or (work.source_system, work.source_id, "") in documents
    ]


def _cancel(unit: Unit, works: Sequence[Work]) -> None:
    changes = [
        Change(
            transition(work.seen, State.CANCELLED, reason=Reason.RECALLED, by=By.SOURCE, now=unit.now),
            name="recall",
            sets={"sla_next_at": None},
        )
        for work in works
    ]
    recorded = transitions.record(unit.session, changes, unit.ids)
    holds.replace(unit.session, dict.fromkeys(recorded.applied, ()))
    trouble.resolve_cases(unit, dict.fromkeys(recorded.applied, "cancelled: recalled by the source"))


def _take_back(unit: Unit, works: Sequence[Work]) -> None:
    by_policy = [work for work in works if policy_of(unit, work.seen.flow)["after_post"]["recalled"] == "reverse"]
    transactions.want_reversal(unit.session, [work.id for work in by_policy], now=unit.now)
    others = [work for work in works if work not in by_policy]
    numbers = postings.numbers_of(unit.session, [work.id for work in others])
    cases = [
        trouble.Trouble(work, (Failure("recalled_after_post", {"other": numbers.get(work.id, "?")}),), step="recall")
        for work in others
    ]
    trouble.open_cases(unit, cases)
