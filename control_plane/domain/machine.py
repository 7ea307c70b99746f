"""The shape that every state table has: which arrows exist, and whose hand may take them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar


class By(StrEnum):
    """Whose hand changes a state."""

    SYSTEM = "system"
    """A rule on recorded facts."""
    LEASE = "lease"
    """The worker that holds the lease, under its fence."""
    REAPER = "reaper"
    """Takes over from a worker that is gone."""
    SOURCE = "source"
    """The source took its document back."""
    OWNER = "owner"
    """The person who claimed the exception."""
    MAKER = "maker"
    """The person who proposed it."""
    APPROVER = "approver"
    """A person with the approver role who is not the maker."""
    RECEIVER = "receiver"
    """The person who accepts what another one hands over."""
    TEAM = "team"
    """Anybody who may claim the exception."""
    CONTROLLER = "controller"
    """A person with the controller role."""
    FOUR_EYES = "four_eyes"
    """Two persons: a maker and another one who approved."""


S = TypeVar("S", bound=StrEnum)

Arrows = Mapping[S, Mapping[S, frozenset[By]]]


class ForbiddenTransitionError(ValueError):
    """The table has no such arrow for this hand."""


def hands(*by: By) -> frozenset[By]:
    """Return the hands that may take an arrow."""
    return frozenset(by)


def check_arrow(arrows: Arrows[S], seen: S, to: S, by: By) -> None:
    """Return quietly if the arrow exists for this hand.

    Raises:
        ForbiddenTransitionError: it does not.
    """
    if by not in arrows[seen].get(to, frozenset()):
        message = f"{seen} → {to} by {by} is not allowed"
        raise ForbiddenTransitionError(message)


def is_final(arrows: Arrows[S], state: S) -> bool:
    """Return whether no arrow leaves the state."""
    return not arrows[state]
