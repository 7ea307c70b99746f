"""Which acts an exception allows to whom: what a screen may offer before anybody tries."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from control_plane.acts.corrections import can_correct
from control_plane.acts.door import is_own
from control_plane.acts.exception_cases import can_lift, can_retry, can_return, is_suspect
from control_plane.acts.hand_posting import can_claim
from control_plane.domain.access import Act, Actor, may
from control_plane.domain.exception_case import CaseFacts, CaseState
from control_plane.store import exception_cases
from control_plane.store.exception_cases import WAITING
from control_plane.store.tables import ExceptionCaseRow, TransactionRow

_WORKED: Final = frozenset({CaseState.ASSIGNED, CaseState.IN_PROGRESS})
_OWNED: Final = _WORKED | {CaseState.DEFERRED}


@dataclass(frozen=True, slots=True)
class Sight:
    """An exception with its document, as one person sees it."""

    actor: Actor
    case: CaseFacts
    document: TransactionRow | None
    teams: Collection[str]
    """Whose work the person may take."""

    @property
    def is_mine(self) -> bool:
        """Return whether the person has claimed it."""
        return self.case.claimed_by == self.actor.person_id

    @property
    def is_taken_over(self) -> bool:
        """Return whether the person may take it over from its owner, whose work they do."""
        return self.case.claimed_by in self.actor.stands_for and self.case.state in _WORKED

    @property
    def is_offered_to_me(self) -> bool:
        """Return whether it is handed over to the person."""
        is_asked = self.case.offered_to in self.actor.persons or self.case.offered_team in self.teams
        return self.case.is_offered and is_asked and not self.is_mine


_Fits = Callable[[Sight], bool]


def acts_on(
    actor: Actor, row: ExceptionCaseRow, document: TransactionRow | None, teams: Collection[str] = ()
) -> list[str]:
    """Return the names of the acts that the actor may do with the exception as it stands."""
    if document is not None and is_own(actor, document):
        return []
    sight = Sight(actor, exception_cases.case_of(row), document, teams)
    return [name for name, (act, fits) in ACTS.items() if may(actor, act, row.legal_entity_id) and fits(sight)]


def when(*states: CaseState) -> _Fits:
    """Return whether the exception is in one of these states."""
    return lambda sight: sight.case.state in states


def when_mine(*states: CaseState, check: Callable[[TransactionRow], bool] | None = None) -> _Fits:
    """Return whether the person has claimed it, in one of these states, and its document fits."""
    return lambda sight: sight.is_mine and sight.case.state in states and _fits(sight.document, check)


def when_not_mine(check: Callable[[TransactionRow], bool]) -> _Fits:
    """Return whether it waits for a second pair of eyes: the person's, who does not work on it."""

    def fits(sight: Sight) -> bool:
        is_other = sight.case.claimed_by not in sight.actor.persons
        return sight.case.state in WAITING and is_other and _fits(sight.document, check)

    return fits


def _fits(document: TransactionRow | None, check: Callable[[TransactionRow], bool] | None) -> bool:
    return check is None or (document is not None and check(document))


ACTS: Final[Mapping[str, tuple[Act, _Fits]]] = {
    "claim": (Act.CLAIM, lambda sight: sight.case.state is CaseState.NEW or sight.is_taken_over),
    "start_work": (Act.CLAIM, when_mine(CaseState.ASSIGNED, CaseState.DEFERRED)),
    "give_back": (Act.CLAIM, when_mine(*_WORKED)),
    "defer": (Act.CLAIM, when_mine(*_WORKED)),
    "hand_over": (Act.CLAIM, lambda sight: when_mine(*_WORKED)(sight) and not sight.case.is_offered),
    "accept_hand_over": (Act.CLAIM, lambda sight: sight.is_offered_to_me),
    "refuse_hand_over": (
        Act.CLAIM,
        lambda sight: sight.is_offered_to_me or (sight.case.is_offered and sight.is_mine),
    ),
    "retry": (Act.RETRY, when_mine(*_WORKED, check=can_retry)),
    "return_to_source": (Act.RETURN, when_mine(*_WORKED, check=can_return)),
    "propose_correction": (Act.PROPOSE, when_mine(*_WORKED, check=can_correct)),
    "propose_hand_posting": (Act.PROPOSE, when_mine(*_WORKED, check=can_claim)),
    "release": (Act.LIFT_HOLD, when_not_mine(can_lift)),
    "declare_duplicate": (Act.DECLARE_DUPLICATE, when_not_mine(is_suspect)),
    "merge": (Act.CLAIM, when_mine(*_OWNED)),
    "un_merge": (Act.CLAIM, when(CaseState.MERGED)),
    "close": (Act.CLOSE, when(CaseState.RESOLVED)),
}
"""Every act on an exception: who may do it, and when."""
