"""The money ledger's arithmetic: what one change moves, netted per key."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from control_plane.domain.transaction import PLACE_OF, Place, State


class LedgerKey(NamedTuple):
    """One line of the ledger (FINANCE, "The money ledger"); a change of any part is a movement of its own."""

    flow: str
    legal_entity_id: str
    currency: str
    cohort: str
    posting_period: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Amounts:
    """Count, positive and negative minor units (never netted against each other), and the group amount."""

    count: int = 0
    positive_minor: int = 0
    negative_minor: int = 0
    group_minor: int = 0

    def __add__(self, other: "Amounts") -> "Amounts":
        """Return the sum, part by part."""
        return Amounts(
            self.count + other.count,
            self.positive_minor + other.positive_minor,
            self.negative_minor + other.negative_minor,
            self.group_minor + other.group_minor,
        )

    def __neg__(self) -> "Amounts":
        """Return what takes the same amounts away."""
        return Amounts(-self.count, -self.positive_minor, -self.negative_minor, -self.group_minor)

    @property
    def net_minor(self) -> int:
        """Return positive and negative together, in minor units."""
        return self.positive_minor + self.negative_minor


NOTHING: Final = Amounts()

Movement = tuple[LedgerKey, Amounts]


def amounts_of(amount_minor: int, group_minor: int | None) -> Amounts:
    """Return what one transaction weighs."""
    return Amounts(1, max(amount_minor, 0), min(amount_minor, 0), group_minor or 0)


def net(movements: Iterable[Movement]) -> list[Movement]:
    """Return one movement per key, zero ones left out, in key order (so that writers lock rows in one order)."""
    by_key: dict[LedgerKey, list[Amounts]] = defaultdict(list)
    for key, amounts in movements:
        by_key[key].append(amounts)
    sums = [(key, total(by_key[key])) for key in sorted(by_key)]
    return [(key, amounts) for key, amounts in sums if amounts != NOTHING]


def total(every: Sequence[Amounts]) -> Amounts:
    """Return the sum of amounts, part by part."""
    return Amounts(
        sum([one.count for one in every]),
        sum([one.positive_minor for one in every]),
        sum([one.negative_minor for one in every]),
        sum([one.group_minor for one in every]),
    )


def by_place(balances: Iterable[Movement]) -> Mapping[Place, Amounts]:
    """Return what stands in each place; their sum is what was received."""
    places = dict.fromkeys(Place, NOTHING)
    for key, amounts in balances:
        place = PLACE_OF[State(key.state)]
        places[place] = places[place] + amounts
    return places
