"""Who may be the second pair of eyes on an exception: somebody else, by any name, who had no hand in it."""

from collections.abc import Mapping
from typing import Final

from control_plane.acts.door import Hand, NotAllowedError, Seen
from control_plane.domain.access import Act, is_within_limit
from control_plane.domain.transaction import Reason
from control_plane.store import corrections, people, policies
from control_plane.store.tables import TransactionRow

HELD_BY: Final[Mapping[str, str]] = {
    Reason.BUDGET: "budgets",
    Reason.APPROVAL: "approval",
    Reason.PERIOD: "closed_period",
    Reason.CUTOFF: "posting_window",
    Reason.DUPLICATE_SUSPECT: "duplicates",
}
"""The governed value behind each hold that may be lifted."""


def require_second_person(hand: Hand, seen: Seen, act: Act) -> None:
    """Return quietly if the actor is another person than who works on the exception, and may decide about so much.

    Raises:
        NotAllowedError: says why not.
    """
    actor, document = hand.actor, seen.document
    group_minor = seen.row.group_minor if seen.row.amount_minor else 0
    objections = {
        "A machine decides nothing.": actor.is_machine,
        "You work on this exception; somebody else has to decide.": _is_owner(hand, seen),
        "You corrected the document; somebody else has to decide.": (
            document is not None and _has_corrected(hand, document)
        ),
        "It is above your limit.": not is_within_limit(actor, act, seen.row.legal_entity_id, group_minor),
        "You set the rule that holds it; somebody else has to decide.": (
            document is not None and _has_set_the_rule(hand, document)
        ),
    }
    said = next((sentence for sentence, stands in objections.items() if stands), "")
    if said:
        raise NotAllowedError(said)


def _is_owner(hand: Hand, seen: Seen) -> bool:
    owner_id = seen.row.claimed_by
    if owner_id is None:
        return False
    owner = people.by_id(hand.unit.session, owner_id)
    is_same_employee = owner is not None and bool(owner.employee_ref) and owner.employee_ref == hand.actor.employee_ref
    return owner_id in hand.actor.persons or is_same_employee


def _has_corrected(hand: Hand, document: TransactionRow) -> bool:
    kept = corrections.of(hand.unit.session, [document.id]).get(document.id)
    return kept is not None and kept.row.maker_id in hand.actor.persons


def _has_set_the_rule(hand: Hand, document: TransactionRow) -> bool:
    key = HELD_BY.get(document.reason)
    rule = policies.newest(hand.unit.session, document.flow, key) if key else None
    return rule is not None and rule.maker in people.logins(hand.unit.session, hand.actor.persons).values()
