"""The promises, held against the books of the outside and a recomputation of ours, after every scene."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from connectors.contract import ConfirmationKind, Dedupe
from control_plane.domain.machine import By
from control_plane.domain.transaction import MAY_BE_BOOKED, TRANSITIONS, State
from control_plane.flows.expense_report import EXPENSE_REPORT
from control_plane.proof.simulator.scene import Scene
from control_plane.proof.simulator.source import Approval
from control_plane.proof.simulator.stage import Stage

_RECOMPUTED: Final = """
    SELECT flow, legal_entity_id, currency, cohort, posting_period, state, reason,
        count(*), sum(max(amount_minor, 0)), sum(min(amount_minor, 0)), sum(coalesce(group_minor, 0))
    FROM "transaction" GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
_BALANCE: Final = """
    SELECT flow, legal_entity_id, currency, cohort, posting_period, state, reason,
        sum(count), sum(positive_minor), sum(negative_minor), sum(group_minor)
    FROM ledger_balance GROUP BY 1, 2, 3, 4, 5, 6, 7
    HAVING sum(count) <> 0 OR sum(positive_minor) <> 0 OR sum(negative_minor) <> 0 OR sum(group_minor) <> 0
"""
_MOVEMENTS: Final = _BALANCE.replace("ledger_balance", "ledger_movement")
_DOCUMENTS: Final = """
    SELECT id, source_id, source_document_id, state, order_key, is_head, amount_minor, business_reference,
        EXISTS (SELECT 1 FROM exception_case WHERE transaction_id = "transaction".id
            AND exception_case.state NOT IN ('resolved', 'closed', 'cancelled', 'merged'))
    FROM "transaction" WHERE flow = ? ORDER BY id
"""
_STORY: Final = """
    SELECT transaction_id, from_state, to_state, fence, "by" FROM lineage
    WHERE kind = 'transition' AND flow = ? ORDER BY id
"""
_STANDING: Final = """
    SELECT number FROM posting AS one WHERE reverses = '' AND NOT EXISTS (
        SELECT 1 FROM posting AS other
        WHERE other.transaction_id = one.transaction_id AND other.reverses = one.number)
"""
_POSTED_MINOR: Final = """
    SELECT coalesce(sum(positive_minor), 0) FROM ledger_balance
    WHERE flow = ? AND state IN ('posted', 'tied_out')
"""
_FLOW: Final = EXPENSE_REPORT.name
_ENDED: Final = frozenset({State.POSTED, State.TIED_OUT, State.REVERSED, State.CANCELLED, State.SUPERSEDED})
_BLOCKED: Final = frozenset({State.ON_HOLD, State.FAILED, State.IN_DOUBT})


@dataclass(frozen=True, slots=True)
class Version:
    """A document's transaction at the end."""

    id: int
    object_id: str
    document_id: str
    state: str
    order_key: str
    is_head: bool
    amount_minor: int
    reference: str
    is_a_case: bool
    """A person is asked to look after it."""


def is_balanced(stage: Stage) -> bool:
    """Return whether balance, movements and transactions say the same."""
    told = [set(stage.rows(query)) for query in (_RECOMPUTED, _BALANCE, _MOVEMENTS)]
    return told[0] == told[1] == told[2]


def found(scene: Scene) -> Iterator[str]:
    """Yield every promise that was broken."""
    versions = [Version(*row) for row in scene.stage.rows(_DOCUMENTS, _FLOW)]
    yield from _lost(scene, versions)
    yield from _booked_otherwise(scene, versions)
    yield from _in_hidden_doubt(scene, versions)
    yield from _unlawful(scene, versions)
    yield from _out_of_balance(scene, versions)


def _lost(scene: Scene, versions: Sequence[Version]) -> Iterator[str]:
    """P1: what was acknowledged is on record with its amount, and what was approved and stands is."""
    source = scene.source
    kept = {one.document_id: one for one in versions}
    for approval in source.approvals:
        number = approval.document_id
        if number not in kept and (number in source.acknowledged or number not in source.recalled):
            yield f"P1: {number} is lost"
        elif number in kept and approval.is_readable and kept[number].amount_minor != sum(approval.amounts_minor):
            yield f"P1: {number} is kept with another amount"
    alive = Counter(one.document_id for one in versions if one.state not in {State.CANCELLED, State.SUPERSEDED})
    yield from (f"P1: {number} is kept {count} times" for number, count in alive.items() if count > 1)
    for one in versions:
        is_confirmed = (one.document_id, ConfirmationKind.POSTED) in source.told
        if scene.plan.is_told and one.state == State.POSTED and not is_confirmed:
            yield f"P1: the source was not told that {one.document_id} is posted"


def _booked_otherwise(scene: Scene, versions: Sequence[Version]) -> Iterator[str]:
    """P2: the ERP's books hold what the source wants, and what our record says."""
    in_doubt = {one.reference for one in versions if one.state == State.IN_DOUBT}
    standing = scene.erp.standing()
    clear = {one.posting.number for one in standing if one.posting.reference.partition("/")[0] not in in_doubt}
    ours = {number for (number,) in scene.stage.rows(_STANDING)}
    if not clear <= ours:
        yield f"P2: the ERP's {sorted(clear - ours)} are not on record"
    if not ours <= {one.posting.number for one in standing}:
        yield f"P2: {sorted(ours)} are on record, and not all of them in the ERP's books"
    sums = scene.erp.sums_minor()
    for object_id, allowed in _wanted(scene, versions).items():
        stands = sums.get(_source_document(scene, object_id), 0)
        if stands not in allowed:
            yield f"P2: of {object_id} {stands} stands in the ERP's books, and not one of {sorted(allowed)}"


def _wanted(scene: Scene, versions: Sequence[Version]) -> dict[str, set[int]]:
    """Return what may stand in the ERP's books of each object: its newest approval, where nothing else decides."""
    blocked = {one.object_id for one in versions if one.state in _BLOCKED}
    approved: dict[str, list[Approval]] = defaultdict(list)
    for approval in scene.source.approvals:
        approved[approval.object_id].append(approval)
    wanted: dict[str, set[int]] = {}
    for object_id, approvals in approved.items():
        newest = approvals[-1]
        is_open = not scene.plan.takes_back or object_id in blocked or not newest.is_readable
        of_newest = 0 if newest.document_id in scene.source.recalled else sum(newest.amounts_minor)
        wanted[object_id] = _parts(approvals) if is_open else {of_newest}
    return wanted


def _parts(approvals: Sequence[Approval]) -> set[int]:
    """Return what stands where a version is booked in whole, in part or not at all."""
    return {0} | {
        minor for one in approvals for minor in (sum(one.amounts_minor), *one.amounts_minor) if one.is_readable
    }


def _source_document(scene: Scene, object_id: str) -> str:
    """Return the name under which the ERP knows a business object."""
    return next((one.source_document for one in scene.erp.books if object_id in one.source_document), object_id)


def _in_hidden_doubt(scene: Scene, versions: Sequence[Version]) -> Iterator[str]:
    """P3: what does not go on by itself has a person who is asked to look, or waits behind what has one."""
    can_be_asked = scene.plan.traits.dedupe is not Dedupe.NONE
    stopped = {one.order_key for one in versions if one.is_head and one.is_a_case}
    for one in versions:
        if one.state == State.IN_DOUBT and can_be_asked:
            yield f"P3: {one.document_id} is still in doubt"
        if one.state in _BLOCKED and not one.is_a_case:
            yield f"P3: {one.document_id} is {one.state}, and nobody is asked to look"
        if one.state not in _ENDED | _BLOCKED and one.order_key not in stopped:
            yield f"P3: {one.document_id} stays {one.state}"


def _unlawful(scene: Scene, versions: Sequence[Version]) -> Iterator[str]:
    """P2, P4 and P6: every arrow is allowed and taken by whoever saw the one before; one of a key is out at a time."""
    order_keys = {one.id: one.order_key for one in versions}
    state: dict[int, str] = dict.fromkeys(order_keys, State.RECEIVED)
    seen: dict[int, int] = dict.fromkeys(order_keys, 0)
    for number, before, after, fence, by in scene.stage.rows(_STORY, _FLOW):
        if state[number] != before or fence != seen[number] + 1:
            yield f"P6: {before} → {after} was recorded by one who had not seen {state[number]}"
        if State(after) not in TRANSITIONS[State(before)]:
            yield f"P4: {before} → {after} is no arrow"
        is_alone = scene.plan.traits.dedupe is Dedupe.NONE and by == By.SYSTEM
        if is_alone and (before, after) == (State.IN_DOUBT, State.READY):
            yield "P2: a document in doubt is sent again to a target that cannot be asked"
        state[number], seen[number] = after, fence
        out = Counter(order_keys[one] for one, where in state.items() if where in MAY_BE_BOOKED)
        if any(count > 1 for count in out.values()):
            yield "P4: two documents of one business object are out at a time"


def _out_of_balance(scene: Scene, versions: Sequence[Version]) -> Iterator[str]:
    """P5: the ledger is what the transactions are, and its posted place what stands in the ERP's books."""
    if not is_balanced(scene.stage):
        yield "P5: the ledger does not balance at the end"
    posted = {one.reference for one in versions if one.state in {State.POSTED, State.TIED_OUT}}
    stands = sum(
        one.posting.total_minor or 0
        for one in scene.erp.standing()
        if one.posting.reference.partition("/")[0] in posted
    )
    ((ours,),) = scene.stage.rows(_POSTED_MINOR, _FLOW)
    if ours != stands:
        yield f"P5: {ours} is posted in the ledger, {stands} in the ERP's books"
