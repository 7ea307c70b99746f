"""What is found before a bulk operation is planned: its set, its figures, and whether one person may do it."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Final

from connectors.canonical.master_data import Domain
from control_plane.acts.door import Hand, NotPossibleError, scope_for
from control_plane.domain import pacing
from control_plane.domain.access import Scope, is_paid
from control_plane.domain.bulk import CALLS, DOOR, BulkAct
from control_plane.domain.bulk_plan import (
    ADDS_UP_WITHIN,
    MOST_ITEMS,
    Calls,
    Item,
    Limits,
    Selection,
    behind_others,
    limits_of,
    needs_approval,
    worth_of,
)
from control_plane.domain.exception_case import CaseState
from control_plane.domain.identity import UnknownIdError, parse_public_id
from control_plane.domain.pacing import Pacing
from control_plane.domain.transaction import State
from control_plane.engine import intents
from control_plane.engine.policy import policy_of
from control_plane.flows.flow import LIFTABLE
from control_plane.store import causes, exception_cases
from control_plane.store import pacing as paces
from control_plane.store.queries import bulk as queries
from control_plane.store.queries import search
from control_plane.store.queries.bulk import Fit, RecordKey
from control_plane.store.queries.sums import CurrencySum, together

_WORKABLE: Final = frozenset({CaseState.NEW, CaseState.ASSIGNED, CaseState.IN_PROGRESS})
FITS: Final[Mapping[BulkAct, Fit]] = {
    BulkAct.CLAIM: Fit(frozenset({CaseState.NEW})),
    BulkAct.RETRY: Fit(_WORKABLE, frozenset({State.FAILED})),
    BulkAct.REPLAY: Fit(_WORKABLE, frozenset({State.FAILED})),
    BulkAct.RELEASE: Fit(_WORKABLE | {CaseState.DEFERRED}, frozenset({State.ON_HOLD}), LIFTABLE),
    BulkAct.CORRECT: Fit(_WORKABLE, frozenset({State.ON_HOLD, State.FAILED})),
    BulkAct.RETURN_TO_SOURCE: Fit(_WORKABLE, frozenset({State.ON_HOLD, State.FAILED})),
}
"""On which exceptions each act can be done."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a selection holds now."""

    items: list[Item]
    unknown: tuple[str, ...] = ()
    """Identifiers that name nothing in reach."""
    unfit: tuple[str, ...] = ()
    """Identifiers that name documents on which the act cannot be done."""


def choose(hand: Hand, act: BulkAct, selection: Selection) -> Chosen:
    """Return what the selection holds.

    Raises:
        NotAllowedError: the actor's roles do not allow the act anywhere.
        NotPossibleError: it selects nothing at all, nothing that fits, or too much.
    """
    if not any(selection.filters.values()) and not selection.identifiers:
        raise NotPossibleError("Say which exceptions: by a cause, by filters, or by a list.")
    chosen = _chosen(hand, act, selection)
    if not chosen.items:
        raise NotPossibleError(f"There is nothing to {act.value.replace('_', ' ')} among them.")
    if len(chosen.items) > MOST_ITEMS:
        raise NotPossibleError(f"These are more than {MOST_ITEMS}: plan them in parts.")
    return chosen


def choose_again(hand: Hand, act: BulkAct, selection: Selection) -> list[Item]:
    """Return what the same selection holds now.

    Raises:
        NotAllowedError: the actor's roles do not allow the act anywhere.
    """
    return _chosen(hand, act, selection).items


def limits_for(hand: Hand, items: Sequence[Item]) -> Limits:
    """Return the governed limits that hold for all of the flows."""
    flows = {one.flow for one in items} & hand.unit.flows.keys()
    policies = [policy_of(hand.unit, flow) for flow in sorted(flows)]
    return limits_of(policy["bulk"] for policy in policies if "bulk" in policy)


def is_too_much_for_one(hand: Hand, act: BulkAct, items: Sequence[Item], limits: Limits) -> bool:
    """Return whether a second person has to agree: to these, and to what the actor lately planned of the same kind."""
    before = queries.planned_before(
        hand.unit.session,
        hand.actor.person_id,
        act.value,
        {one.fingerprint for one in items},
        since=hand.unit.now - ADDS_UP_WITHIN,
        beside=[one.case_id for one in items],
    )
    return needs_approval(worth_of(items) + before, limits)


def figures(hand: Hand, act: BulkAct, operation_id: int, chosen: Chosen) -> dict[str, Any]:  # JSON values
    """Return what is to be known before anybody agrees to a frozen set."""
    items, lists = chosen.items, _unusable(hand, operation_id)
    return {
        "amounts": [asdict(one) for one in _sums(hand, items)],
        "duplicates_expected": queries.likely_repeated(hand.unit.session, operation_id),
        "closed_period_count": len(lists[Domain.PERIOD]),
        "missing_master_data_count": len(set().union(*(each for one, each in lists.items() if one != Domain.PERIOD))),
        "behind_others_count": behind_others(items),
        "own_documents": [one.document for one in items if is_paid(hand.actor, one.counterparty)],
        "calls": [_told(one) for one in _calls(hand, act, items)],
        "unknown": list(chosen.unknown),
        "unfit": list(chosen.unfit),
    }


def _chosen(hand: Hand, act: BulkAct, selection: Selection) -> Chosen:
    session, scope, find = hand.unit.session, scope_for(hand, DOOR[act]), _finder(hand, act, selection)
    if not selection.identifiers:
        return Chosen(find())
    named = search.named(session, scope, selection.identifiers, sorted(hand.unit.flows))
    cases = {one: number for one in selection.identifiers if (number := _case_id(hand, scope, one)) is not None}
    among = {number for numbers in named.values() for number in numbers}
    items = find(among=among, cases=set(cases.values()))
    unknown = tuple(one for one in selection.identifiers if not named[one] and one not in cases)
    return Chosen(items, unknown, _unfit(selection, named, cases, items))


def _finder(hand: Hand, act: BulkAct, selection: Selection) -> Callable[..., list[Item]]:
    """Return what finds the exceptions that fit; a cause brings along those that are told in it."""
    others = {name: value for name, value in selection.filters.items() if name != "fingerprint"}
    cause = selection.filters.get("fingerprint", "")
    told = [one for one, into in causes.merged(hand.unit.session).items() if into == cause] if cause else []
    return partial(
        queries.candidates,
        hand.unit.session,
        scope_for(hand, DOOR[act]),
        FITS[act],
        others,
        fingerprints=[cause, *told] if cause else [],
        limit=MOST_ITEMS + 1,
    )


def _unfit(
    selection: Selection, named: Mapping[str, Sequence[int]], cases: Mapping[str, int], items: Sequence[Item]
) -> tuple[str, ...]:
    found = {one.transaction_id for one in items}, {one.case_id for one in items}
    is_found = {one: not found[0].isdisjoint(named[one]) or cases.get(one) in found[1] for one in selection.identifiers}
    return tuple(one for one, fits in is_found.items() if not fits and (named[one] or one in cases))


def _case_id(hand: Hand, scope: Scope, text: str) -> int | None:
    try:
        row = exception_cases.row_of(hand.unit.session, parse_public_id("exc", text))
    except UnknownIdError:
        return None
    return row.id if row is not None and scope.includes(row.legal_entity_id) else None


def _sums(hand: Hand, items: Sequence[Item]) -> list[CurrencySum]:
    """Return what the items are worth; confirmations count, their amounts, which repeat others, do not."""
    repeating = {name for name, flow in hand.unit.flows.items() if flow.is_confirmation}
    sums = ((one.flow, CurrencySum(one.currency, 1, one.amount_minor, one.group_minor)) for one in items)
    return together(one.count_only if flow in repeating else one for flow, one in sums)


def _unusable(hand: Hand, operation_id: int) -> Mapping[str, set[int]]:
    """Return which documents rest on a record that the ERP has not, or has shut, by its list."""
    rests_on = _rests_on(hand, operation_id)
    unusable = queries.unusable(hand.unit.session, rests_on)
    found: dict[str, set[int]] = defaultdict(set)
    for key in unusable:
        found[key[0]] |= rests_on[key]
    return found


def _rests_on(hand: Hand, operation_id: int) -> Mapping[RecordKey, set[int]]:
    found: dict[RecordKey, set[int]] = defaultdict(set)
    for number, key in queries.awaited(hand.unit.session, operation_id):
        found[key].add(number)
    for number, body in queries.intents_of(hand.unit.session, operation_id).items():
        for key in intents.lists_behind(intents.decode(body)):
            found[key].add(number)
    return found


def _calls(hand: Hand, act: BulkAct, items: Sequence[Item]) -> list[Calls]:
    if act not in CALLS:
        return []
    known = paces.every(hand.unit.session)
    counts = Counter(one.target for one in items if one.target)
    return [_call(known.get(name, Pacing(name)), count, hand) for name, count in sorted(counts.items())]


def _call(state: Pacing, count: int, hand: Hand) -> Calls:
    now, is_shut = hand.unit.now, pacing.shut_until(state, hand.unit.now) is not None
    headroom = 0.0 if is_shut else pacing.headroom(state, now)
    return Calls(state.connection, count, pacing.rate(state, now), headroom, state.at(now).breaker.value)


def _told(calls: Calls) -> dict[str, Any]:  # JSON values
    return {**asdict(calls), "seconds": calls.seconds}
