"""Who works on an exception: claimed, kept, put aside, given back, handed over and accepted."""

from datetime import datetime

from control_plane.acts.door import ChangedMeanwhileError, Hand, NotPossibleError, Seen, is_own, see_exception
from control_plane.acts.steps import as_a_refusal, change_step, in_work, take_step
from control_plane.domain import exception_case, hand_over
from control_plane.domain.access import Act, may
from control_plane.domain.exception_case import CaseFacts
from control_plane.domain.hand_over import OFFER_LASTS, Receiver
from control_plane.store import exception_cases, people, presence, routing


def claim(hand: Hand, case_id: int, *, revision: int) -> None:
    """Take an exception; of all who try at once, one gets it. Who does its owner's work takes it over.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: another person has it, or it is settled.
    """
    person_id, now = hand.actor.person_id, hand.unit.now

    def step(case: CaseFacts) -> CaseFacts:
        if case.claimed_by in hand.actor.stands_for:
            return hand_over.take_over(case, person_id, now=now)
        return exception_case.claim(case, person_id, now=now)

    take_step(hand, Act.CLAIM, case_id, "claim", step, revision=revision)


def keep_open(hand: Hand, case_id: int, *, revision: int) -> None:
    """Say that the exception's form is open on the actor's screen: its claim does not run out meanwhile.

    Nothing that anybody sees changes, so the revision stays and nothing is put on record.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: the actor has not claimed it.
    """
    seen = see_exception(hand, Act.CLAIM, case_id, revision=revision)
    with as_a_refusal():
        after = exception_case.keep_open(seen.case, hand.actor.person_id, now=hand.unit.now)
    if not exception_cases.prolong(hand.unit.session, seen.row, after.claim_expires_at):
        raise ChangedMeanwhileError("Somebody else was faster.")


def start_work(hand: Hand, case_id: int, *, revision: int) -> None:
    """Work on an exception: the claim stands as long as the work does; what was put aside is taken up again.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: the actor has not claimed it, or works on it already.
    """
    person_id = hand.actor.person_id
    take_step(
        hand,
        Act.CLAIM,
        case_id,
        "start_work",
        lambda case: exception_case.start_work(case, person_id),
        revision=revision,
    )


def defer(hand: Hand, case_id: int, *, revision: int, wake_at: datetime) -> None:
    """Put an exception aside until a moment, for the hand's reason.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: the actor has not claimed it, there is no reason, or the moment is past or too far away.
    """
    person_id, now = hand.actor.person_id, hand.unit.now

    def step(case: CaseFacts) -> CaseFacts:
        worked = in_work(case, person_id)
        return exception_case.defer(worked, person_id, wake_at=wake_at, reason=hand.reason, now=now)

    take_step(hand, Act.CLAIM, case_id, "defer", step, revision=revision)


def give_back(hand: Hand, case_id: int, *, revision: int) -> None:
    """Give a claimed exception back to its team.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: the actor has not claimed it.
    """
    person_id = hand.actor.person_id
    take_step(
        hand, Act.CLAIM, case_id, "give_back", lambda case: exception_case.give_back(case, person_id), revision=revision
    )


def offer(hand: Hand, case_id: int, *, revision: int, person: str = "", team: str = "") -> None:
    """Hand an exception over to a person, by login, or to a team; it arrives when somebody accepts it in time.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: the actor has not claimed it, or the receiver cannot take it.
    """
    seen = see_exception(hand, Act.CLAIM, case_id, revision=revision)
    desk = routing.current(hand.unit.session)
    to = Receiver(_person(hand, person, seen) if person else None, team)
    if team and team not in desk.teams:
        raise NotPossibleError("There is no such team.")
    until = desk.deadline(team or seen.row.team, hand.unit.now, OFFER_LASTS)
    person_id = hand.actor.person_id
    change_step(hand, seen, "hand_over", lambda case: hand_over.hand_over(case, person_id, to, until=until))


def accept(hand: Hand, case_id: int, *, revision: int) -> None:
    """Accept what is handed over to the actor or their team.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: it is not handed over to the actor.
    """
    person_id, now, teams = hand.actor.person_id, hand.unit.now, _teams_of(hand)

    def step(case: CaseFacts) -> CaseFacts:
        return hand_over.accept(case, person_id, teams=teams, now=now, stands_for=hand.actor.stands_for)

    take_step(hand, Act.CLAIM, case_id, "accept_hand_over", step, revision=revision)


def refuse(hand: Hand, case_id: int, *, revision: int) -> None:
    """Refuse what is handed over to the actor, or take the own offer back: its owner has it at once.

    Raises:
        UnknownObjectError, NotAllowedError, ChangedMeanwhileError: see `door.see_exception`.
        NotPossibleError: it is not handed over to or by the actor.
    """
    person_id, now, teams = hand.actor.person_id, hand.unit.now, _teams_of(hand)

    def step(case: CaseFacts) -> CaseFacts:
        return hand_over.refuse(case, person_id, teams=teams, now=now)

    take_step(hand, Act.CLAIM, case_id, "refuse_hand_over", step, revision=revision)


def _teams_of(hand: Hand) -> frozenset[str]:
    return routing.current(hand.unit.session).teams_of(hand.actor.login)


def _person(hand: Hand, login: str, seen: Seen) -> int:
    row = people.by_login(hand.unit.session, login)
    person = None if row is None else people.actor(hand.unit.session, row.id, now=hand.unit.now)
    if person is None or person.is_machine or not may(person, Act.CLAIM, seen.row.legal_entity_id):
        raise NotPossibleError("There is no such person who may work on it.")
    if seen.document is not None and is_own(person, seen.document):
        raise NotPossibleError("The document pays that person, or somebody they report to.")
    until = presence.away_until(hand.unit.session, person.person_id, now=hand.unit.now)
    if until is not None:
        raise NotPossibleError(f"That person is away until {until:%Y-%m-%d %H:%M} UTC.")
    return person.person_id
