"""What may become of one call to another system: the answers of the fault list, drawn by the seed."""

from collections.abc import Mapping
from enum import StrEnum
from random import Random
from typing import Final


class Fate(StrEnum):
    """How one call goes."""

    WELL = "goes well"
    HIDDEN = "is done, and seen only later"
    SLOW = "is done, and answered late"
    LOST_AFTER = "is done, and the answer lost"
    HIDDEN_LOST = "is done, the answer lost, and seen only later"
    LOST_BEFORE = "is lost on its way"
    LATE = "is lost, and done later"
    GARBAGE = "is done, and answered with garbage"
    PART = "is done, and answered for a part"
    ALREADY = "is done, and refused as there already"
    MIXED = "goes differently for each document"
    REFUSED = "is refused"
    LIMITED = "is one too many"
    NEVER_AGAIN = "is one too many, for ten years"
    UNAVAILABLE = "is not possible now"
    NOT_SENT = "is never sent"
    CREDENTIALS = "meets refused credentials"


IS_DONE: Final = frozenset(
    {Fate.WELL, Fate.HIDDEN, Fate.SLOW, Fate.LOST_AFTER, Fate.HIDDEN_LOST, Fate.GARBAGE, Fate.PART, Fate.ALREADY}
)
"""The call has had its effect when its answer comes, or is lost."""

SINGLE: Final = (Fate.WELL, Fate.LOST_AFTER, Fate.LOST_BEFORE, Fate.REFUSED, Fate.UNAVAILABLE, Fate.LATE)
"""What may become of one document of a call that goes differently for each."""

_LIKELY: Final[Mapping[str, Mapping[Fate, int]]] = {
    "post": {
        Fate.HIDDEN: 2,
        Fate.SLOW: 2,
        Fate.LOST_AFTER: 6,
        Fate.HIDDEN_LOST: 4,
        Fate.LOST_BEFORE: 3,
        Fate.LATE: 4,
        Fate.GARBAGE: 2,
        Fate.PART: 2,
        Fate.ALREADY: 2,
        Fate.MIXED: 3,
        Fate.REFUSED: 1,
        Fate.LIMITED: 1,
        Fate.NEVER_AGAIN: 1,
        Fate.UNAVAILABLE: 2,
        Fate.NOT_SENT: 2,
        Fate.CREDENTIALS: 1,
    },
    "find": {Fate.LOST_BEFORE: 3, Fate.GARBAGE: 1, Fate.PART: 1, Fate.SLOW: 2},
    "find by source": {Fate.LOST_BEFORE: 1, Fate.GARBAGE: 1},
    "reverse": {Fate.LOST_AFTER: 2, Fate.LOST_BEFORE: 1, Fate.GARBAGE: 1, Fate.SLOW: 1},
    "send": {Fate.LOST_AFTER: 1, Fate.LOST_BEFORE: 1},
    "pull": {Fate.LOST_BEFORE: 1, Fate.SLOW: 1},
    "acknowledge": {Fate.LOST_AFTER: 1, Fate.LOST_BEFORE: 1, Fate.SLOW: 1},
    "confirm": {Fate.LOST_AFTER: 1, Fate.LOST_BEFORE: 1, Fate.GARBAGE: 1, Fate.SLOW: 1},
}


class GarbageError(ValueError):
    """A connector stumbles over what it was answered."""


class Fates:
    """Draws the fate of each call."""

    def __init__(self, chance: Random, trouble: float) -> None:
        """Let so large a part of the calls go otherwise than well."""
        self._chance = chance
        self._trouble = trouble

    def draw(self, door: str) -> Fate:
        """Return what becomes of the next call at a door."""
        if self._chance.random() >= self._trouble:
            return Fate.WELL
        likely = _LIKELY[door]
        return self._chance.choices(list(likely), list(likely.values()))[0]

    def draw_single(self) -> Fate:
        """Return what becomes of one document of a call."""
        return self._chance.choice(SINGLE)

    def part(self) -> float:
        """Return how far within a span of time something happens."""
        return self._chance.random()

    def cease(self) -> None:
        """Let everything go well from now on."""
        self._trouble = 0.0
