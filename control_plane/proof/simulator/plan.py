"""What a history is made of, drawn from its seed: the other side's traits, how bad it gets, and what happens."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from random import Random
from typing import Final

from connectors.contract import Dedupe, Traits
from control_plane.proof.simulator.asking import DEADLINE
from control_plane.proof.simulator.erp import GRACE

LEASE: Final = timedelta(seconds=30)
_KEPT_OUT: Final = 10_000
"""Amounts of different objects are so far apart, in minor units, that none is suspected to repeat another."""


class What(StrEnum):
    """What happens outside of us."""

    APPROVED = "approved"
    TAKEN_BACK = "taken back"
    OFFERED_AGAIN = "offered again"
    PROJECT_CLOSED = "project closed"
    PROJECT_OPENED = "project opened"
    PEOPLE_HELP = "is looked after by people"


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happens, to a business object where it is about one."""

    what: What
    object_id: str = ""
    amounts_minor: tuple[int, ...] = ()
    has_project: bool = False
    is_readable: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """One history before it begins."""

    seed: int
    traits: Traits
    is_asynchronous: bool
    is_sent: bool
    """The source sends by itself; else we pull."""
    is_told: bool
    """The source is told what became of its documents."""
    takes_back: bool
    """What was recalled or changed after its posting is reversed; else a person decides."""
    batch: int
    page: int
    trouble: float
    """The part of all calls that do not go well."""
    mishaps: int
    """How many bad things may befall our own processes."""
    is_witnessed: bool
    """The ledger is looked at after every commit."""
    happenings: tuple[Happening, ...]

    def __str__(self) -> str:
        """Return the plan as the first line of its history."""
        traits = self.traits
        return (
            f"seed {self.seed}: dedupe {traits.dedupe}, {traits.batch} per call, {traits.concurrency} at a time"
            f"{', one by one per company' if traits.is_serial_per_company else ''}"
            f"{', asynchronous' if self.is_asynchronous else ''}, leases of {self.batch}, pages of {self.page}, "
            f"{'reverses' if self.takes_back else 'holds'} after a posting, "
            f"{'the source sends' if self.is_sent else 'we pull'}{' and tell it' if self.is_told else ''}, "
            f"{self.trouble:.0%} of calls in trouble, at most {self.mishaps} mishaps"
        )


def plan(seed: int) -> Plan:
    """Return the plan of a seed."""
    chance = Random(seed * 2 + 1)
    traits = _traits(chance)
    return Plan(
        seed=seed,
        traits=traits,
        is_asynchronous=_is(chance, 0.12) and traits.dedupe is not Dedupe.NONE,
        is_sent=_is(chance, 0.75),
        is_told=_is(chance, 0.12),
        takes_back=_is(chance, 0.75),
        batch=chance.choice((1, 200, 200)),
        page=chance.choice((2, 200, 200)),
        trouble=chance.choice((0.1, 0.25, 0.5)),
        mishaps=chance.choice((0, 1, 1, 2, 3)),
        is_witnessed=_is(chance, 0.2),
        happenings=_happenings(chance),
    )


def _traits(chance: Random) -> Traits:
    dedupes = (Dedupe.QUERYABLE, Dedupe.ENFORCED, Dedupe.NONE)
    return Traits(
        dedupe=chance.choices(dedupes, (6, 2, 2))[0],
        visibility_grace=GRACE,
        batch=chance.choice((1, 2, 3)),
        deadline=DEADLINE,
        concurrency=chance.choice((1, 2, 8)),
        is_serial_per_company=_is(chance, 0.2),
    )


def _happenings(chance: Random) -> tuple[Happening, ...]:
    objects = chance.choice((1, 1, 1, 2, 2, 3))
    happenings = [_approved(chance, number) for number in range(objects)]
    later = [_later(chance, objects) for _ in range(chance.choice((0, 0, 1, 1, 2, 3)))]
    if _is(chance, 0.1):
        later += [Happening(What.PROJECT_CLOSED), Happening(What.PROJECT_OPENED)]
    return (*happenings, *later)


def _later(chance: Random, objects: int) -> Happening:
    number = chance.randrange(objects)
    what = chance.choices((What.APPROVED, What.TAKEN_BACK, What.OFFERED_AGAIN, What.PEOPLE_HELP), (5, 4, 1, 1))[0]
    return _approved(chance, number) if what is What.APPROVED else Happening(what, f"R{number}")


def _approved(chance: Random, number: int) -> Happening:
    minor = _KEPT_OUT * (number + 1) + chance.randrange(100)
    return Happening(
        What.APPROVED,
        f"R{number}",
        (minor, 5_000) if _is(chance, 0.2) else (minor,),
        has_project=_is(chance, 0.3),
        is_readable=_is(chance, 0.97),
    )


def _is(chance: Random, likelihood: float) -> bool:
    return chance.random() < likelihood
