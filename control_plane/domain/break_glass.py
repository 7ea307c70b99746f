"""Break-glass: more rights for a while, for a reason, and another person's look at it afterwards."""

from datetime import datetime, timedelta
from typing import Final

from control_plane.domain.access import Actor, Role, is_paid

LENDABLE: Final = frozenset({Role.ANALYST, Role.APPROVER, Role.CONTROLLER, Role.INTEGRATOR})
"""Roles that are taken in an emergency; whose keys are whose is never one."""
LONGEST: Final = timedelta(hours=4)
SHORTEST_REASON: Final = 10
"""Letters: a word is none."""


def objection_to_taking(actor: Actor, role: Role, *, lasts: timedelta, reason: str) -> str:
    """Return in a sentence why the actor may not take the role for a while; empty where they may."""
    objections = {
        "A machine breaks no glass.": actor.is_machine,
        f"{role.value.capitalize()} is no role for an emergency.": role not in LENDABLE,
        "It lasts between a minute and four hours.": not timedelta(minutes=1) <= lasts <= LONGEST,
        "Say what the emergency is, in a sentence.": len(reason.strip()) < SHORTEST_REASON,
    }
    return next((sentence for sentence, stands in objections.items() if stands), "")


def objection_to_reviewing(
    reviewer: Actor, *, person_id: int, employee_ref: str, ends_at: datetime, is_elevated: bool, now: datetime
) -> str:
    """Return in a sentence why this reviewer may not look at it (now); empty where they may."""
    objections = {
        "A machine reviews nothing.": reviewer.is_machine,
        "It was you; somebody else has to look at it.": person_id in reviewer.persons,
        "It was you, or somebody you report to; somebody else has to look at it.": is_paid(reviewer, employee_ref),
        "You work under such rights yourself.": is_elevated,
        "It is not over yet.": now < ends_at,
    }
    return next((sentence for sentence, stands in objections.items() if stands), "")
