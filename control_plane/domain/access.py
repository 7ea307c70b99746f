"""Who may do what, where: roles by acts, scoped by legal entity."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

GROUP: Final = "*"
"""The legal entity of a grant that is valid in the whole group."""


class Role(StrEnum):
    """What a person is in a legal entity."""

    VIEWER = "viewer"
    ANALYST = "analyst"
    """Claims, understands, corrects and retries."""
    APPROVER = "approver"
    """The second pair of eyes."""
    CONTROLLER = "controller"
    """Sets targets and policies, looks at the money."""
    INTEGRATOR = "integrator"
    """Runs connections and schedules."""
    ADMIN = "admin"
    """People and keys only, no data."""
    AUDITOR = "auditor"
    """Reads everything, changes nothing."""
    MACHINE = "machine"
    """Sends events and reads what became of them."""


class Act(StrEnum):
    """What an actor asks to do."""

    READ = "read"
    """Transactions, exceptions, the ledger, runs and connections."""
    CLAIM = "claim"
    """Claim, work on, defer, give back or hand over an exception."""
    RETRY = "retry"
    RETURN = "return"
    """Give a document back to its source."""
    PROPOSE = "propose"
    """Propose what a second person has to approve."""
    APPROVE = "approve"
    COMMENT = "comment"
    CLOSE = "close"
    """Close what is resolved: above materiality nobody else does."""
    LIFT_HOLD = "lift_hold"
    DECLARE_DUPLICATE = "declare_duplicate"
    CHANGE_POLICY = "change_policy"
    RUN_CONNECTION = "run_connection"
    """Pull, pause or resume a connection."""
    SEND_EVENTS = "send_events"
    BREAK_GLASS = "break_glass"
    """Take a role for a while in an emergency."""
    REVIEW = "review"
    """Look at what others did in an emergency."""
    READ_AUDIT = "read_audit"
    MANAGE_PEOPLE = "manage_people"


_ANALYST: Final = frozenset({Act.READ, Act.COMMENT, Act.BREAK_GLASS, Act.CLAIM, Act.RETRY, Act.RETURN, Act.PROPOSE})

MAY: Final[Mapping[Role, frozenset[Act]]] = {
    Role.VIEWER: frozenset({Act.READ}),
    Role.ANALYST: _ANALYST,
    Role.APPROVER: frozenset(
        {Act.READ, Act.COMMENT, Act.BREAK_GLASS, Act.APPROVE, Act.LIFT_HOLD, Act.DECLARE_DUPLICATE}
    ),
    Role.CONTROLLER: frozenset(
        {
            Act.READ,
            Act.READ_AUDIT,
            Act.COMMENT,
            Act.BREAK_GLASS,
            Act.REVIEW,
            Act.PROPOSE,
            Act.APPROVE,
            Act.CLOSE,
            Act.CHANGE_POLICY,
        }
    ),
    Role.INTEGRATOR: frozenset(
        {Act.READ, Act.COMMENT, Act.BREAK_GLASS, Act.CLAIM, Act.RETRY, Act.RUN_CONNECTION, Act.SEND_EVENTS}
    ),
    Role.ADMIN: frozenset({Act.MANAGE_PEOPLE}),
    Role.AUDITOR: frozenset({Act.READ, Act.READ_AUDIT}),
    Role.MACHINE: frozenset({Act.READ, Act.SEND_EVENTS}),
}
"""Which role may do what; several roles of one person add up."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A role in a legal entity, or in the whole group."""

    role: Role
    legal_entity: str = GROUP
    limit_minor: int | None = None
    """Up to which amount in the group's currency the person decides; None: any."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The legal entities that a read or an act may touch."""

    legal_entities: frozenset[str] = frozenset()
    is_group: bool = False
    """Every entity, also what could not be placed yet."""

    def includes(self, legal_entity: str) -> bool:
        """Return whether the scope reaches this legal entity."""
        return self.is_group or legal_entity in self.legal_entities

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is in reach."""
        return not self.is_group and not self.legal_entities


EVERYWHERE: Final = Scope(is_group=True)
"""What the system itself and a whole group's reader may touch."""


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a machine with what it was granted."""

    person_id: int
    login: str
    grants: frozenset[Grant] = frozenset()
    employee_ref: str = ""
    is_machine: bool = False
    superior_refs: frozenset[str] = frozenset()
    """The employees whom they report to, all the way up, and those whom they stand in for, with theirs."""
    stands_for: frozenset[int] = frozenset()
    """The persons whose work they do at present."""

    @property
    def persons(self) -> frozenset[int]:
        """Return everybody in whose name they act."""
        return self.stands_for | {self.person_id}


def scope_of(actor: Actor, act: Act) -> Scope:
    """Return where the actor may do this."""
    entities = frozenset(grant.legal_entity for grant in actor.grants if act in MAY[grant.role])
    return EVERYWHERE if GROUP in entities else Scope(entities)


def may(actor: Actor, act: Act, legal_entity: str) -> bool:
    """Return whether the actor may do this in the legal entity."""
    return scope_of(actor, act).includes(legal_entity)


def is_paid(actor: Actor, employee_ref: str) -> bool:
    """Return whether money for this employee is the actor's own, or that of somebody they report to."""
    return bool(employee_ref) and employee_ref in {actor.employee_ref, *actor.superior_refs}


def is_within_limit(actor: Actor, act: Act, legal_entity: str, group_minor: int | None) -> bool:
    """Return whether the actor may do this up to this amount; one without a rate is above every limit."""
    limits = [
        grant.limit_minor
        for grant in actor.grants
        if act in MAY[grant.role] and grant.legal_entity in {GROUP, legal_entity}
    ]
    return any(limit is None or (group_minor is not None and abs(group_minor) <= limit) for limit in limits)
