"""A proposal's states: what one person asks for, and who may decide it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Final

from connectors.canonical.money import NO_CURRENCY
from control_plane.domain.access import Act, Actor, is_paid, is_within_limit
from control_plane.domain.machine import Arrows, By, hands


class ApprovalState(StrEnum):
    """What became of a proposal."""

    OPEN = "open"
    """It waits for a second person."""
    APPROVED = "approved"
    """A second person agreed: it was done with the decision."""
    REFUSED = "refused"
    """A second person did not agree."""
    WITHDRAWN = "withdrawn"
    """Its maker took it back."""
    OUTDATED = "outdated"
    """What it was about went on without it."""
    WAIVED = "waived"
    """Small enough for one person; it counts when such small ones are added up."""


_A = ApprovalState

APPROVAL_TRANSITIONS: Final[Arrows[ApprovalState]] = {
    _A.OPEN: {
        _A.APPROVED: hands(By.APPROVER),
        _A.REFUSED: hands(By.APPROVER),
        _A.WITHDRAWN: hands(By.MAKER),
        _A.OUTDATED: hands(By.SYSTEM),
    },
    _A.APPROVED: {},
    _A.REFUSED: {},
    _A.WITHDRAWN: {},
    _A.OUTDATED: {},
    _A.WAIVED: {},
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a proposal is about, such as `exception` 17; one proposal of a kind may be open about it."""

    type: str
    id: int


def named_subject(kind: str, *names: str) -> Subject:
    """Return the subject of what is known by names and not by a number of its own."""
    return Subject(kind, int.from_bytes(blake2b("|".join(names).encode(), digest_size=8).digest()) >> 1)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What one person asks for: exactly this content, for exactly this subject."""

    kind: str
    """Names what happens when it is approved."""
    subject: Subject
    content: Mapping[str, Any]  # JSON values
    legal_entity: str
    currency: str = NO_CURRENCY
    amount_minor: int = 0
    group_minor: int | None = None
    """None: there is no approved rate, so the amount is above every limit."""
    reason_code: str = ""
    beneficiary: str = ""
    """The employee whom it pays: neither they nor those who report to them decide it."""
    barred: frozenset[int] = field(default_factory=frozenset)
    """Persons who had a hand in it beside its maker: who set the rule that it applies, who works on its subject."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A proposal as far as it matters for who may decide it."""

    maker_id: int
    maker_employee_ref: str
    legal_entity: str
    beneficiary: str
    barred: frozenset[int]
    group_minor: int | None


def objection(asked: Asked, decider: Actor) -> str:
    """Return in a sentence why this actor may not decide the proposal; empty where they may.

    A person is one person, whatever key, role or second login they come with.
    """
    objections = {
        "A machine decides nothing.": decider.is_machine,
        "You proposed it; somebody else has to decide.": _is_maker(asked, decider),
        "You had a hand in it; somebody else has to decide.": not asked.barred.isdisjoint(decider.persons),
        "It pays you, or somebody you report to; somebody else has to decide.": is_paid(decider, asked.beneficiary),
        "It is above your limit.": not is_within_limit(decider, Act.APPROVE, asked.legal_entity, asked.group_minor),
    }
    return next((sentence for sentence, stands in objections.items() if stands), "")


def needs_second_person(group_minor: int | None, *, earlier_minor: int, free_up_to_minor: int | None) -> bool:
    """Return whether an amount is too much for one person, added to what they did alone lately.

    `free_up_to_minor` None: no amount is small enough. An amount without a rate is not small.
    """
    if free_up_to_minor is None or group_minor is None:
        return True
    return abs(group_minor) + earlier_minor > free_up_to_minor


def _is_maker(asked: Asked, decider: Actor) -> bool:
    is_same_employee = bool(asked.maker_employee_ref) and asked.maker_employee_ref == decider.employee_ref
    return asked.maker_id in decider.persons or is_same_employee
