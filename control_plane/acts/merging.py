"""Which exceptions are told in which: merged by a person, and taken apart for good."""

from functools import partial

from control_plane.acts.door import Hand, NotPossibleError, Seen, see_exception
from control_plane.acts.steps import change_step
from control_plane.domain import merging
from control_plane.domain.access import Act, may
from control_plane.domain.exception_case import CaseFacts, CaseState
from control_plane.domain.machine import By
from control_plane.store import exception_cases, merges


def merge(hand: Hand, case_id: int, *, revision: int, into: int) -> None:
    """Tell an exception in another one, of the same or of another cause.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: the actor has not claimed it, the other one is not there or settled, or both were taken
            apart before.
    """
    seen = see_exception(hand, Act.CLAIM, case_id, revision=revision)
    other = _other(hand, seen, into)
    person_id = hand.actor.person_id
    change_step(hand, seen, "merge", lambda case: merging.merge(case, other, person_id))
    merges.note(hand.unit.session, case_id, into, by=hand.actor.login, reason=hand.reason, now=hand.unit.now)


def unmerge(hand: Hand, case_id: int, *, revision: int) -> None:
    """Take an exception out of the one in which it was told; the two are never merged again.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: it is not merged.
    """
    seen = see_exception(hand, Act.CLAIM, case_id, revision=revision)
    change_step(hand, seen, "un_merge", partial(merging.unmerge, by=By.TEAM))
    into = seen.row.merged_into
    if into is not None:
        merges.end(hand.unit.session, case_id, into, by=hand.actor.login, reason=hand.reason, now=hand.unit.now)


def _other(hand: Hand, seen: Seen, into: int) -> CaseFacts:
    row = exception_cases.row_of(hand.unit.session, into)
    if row is None or not may(hand.actor, Act.READ, row.legal_entity_id):
        raise NotPossibleError("There is no such other exception.")
    if merges.were_taken_apart(hand.unit.session, seen.row.id, into):
        raise NotPossibleError("The two were taken apart before; they are not merged again.")
    if merges.count_in(hand.unit.session, seen.row.id):
        raise NotPossibleError("Others are told in it: take them out first.")
    if row.state == CaseState.MERGED:
        raise NotPossibleError("That one is told in another one itself.")
    return exception_cases.case_of(row)
