"""Who claims what, when and in which currency: the dice of the sample set."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final, TypeVar

from connectors.twins.currencies import smallest_unit
from connectors.twins.expense.sample_group import (
    CLAIMANTS,
    COST_CENTERS,
    EXPENSE_TYPES,
    INACTIVE_PROJECT,
    PROJECTS,
    Company,
    ExpenseType,
    company_of,
    cost_center,
    cost_center_of,
)

_DAYS: Final = 45
_TYPICAL: Final = {"JPY": (2_000, 90_000), "KWD": (5, 250)}
_USUAL: Final = (8, 420)

ChoiceT = TypeVar("ChoiceT")


class Dice:
    """Seeded choices."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)

    def pick(self, choices: Sequence[ChoiceT]) -> ChoiceT:
        """Return one of the choices."""
        return self._random.choice(choices)

    def shuffled(self, choices: Sequence[ChoiceT]) -> list[ChoiceT]:
        """Return the choices in another order."""
        return self._random.sample(choices, len(choices))

    def number(self, low: int, high: int) -> int:
        """Return a number between two, both included."""
        return self._random.randint(low, high)

    def hexadecimal(self, digits: int) -> str:
        """Return an identifier."""
        return f"{self._random.getrandbits(digits * 4):0{digits}X}"

    def amount(self, currency: str) -> Decimal:
        """Return an amount as people spend it, in whole units of the currency's smallest."""
        unit = smallest_unit(currency)
        low, high = _TYPICAL.get(currency, _USUAL)
        return unit * self._random.randint(int(low / unit), int(high / unit))


@dataclass(frozen=True, slots=True)
class Claim:
    """The frame of a report: the dice decide what is not given."""

    dice: Dice
    number: int
    employee: int
    currency: str
    day: date
    is_test: bool = False

    @property
    def company(self) -> Company:
        """Return the employee's legal entity."""
        return company_of(self.employee)

    @property
    def home(self) -> str:
        """Return the employee's cost center."""
        return cost_center_of(self.employee)

    @property
    def submitted_at(self) -> datetime:
        """Return when the report was handed in."""
        return datetime.combine(self.day, time(8 + self.number % 9, self.number % 60), UTC)

    @property
    def approved_at(self) -> datetime:
        """Return when the report was approved."""
        return self.submitted_at + timedelta(hours=3 + self.number % 20)

    def amount(self) -> Decimal:
        """Return an amount in the claim's currency."""
        return self.dice.amount(self.currency)

    def expense_type(self) -> ExpenseType:
        """Return what the money was spent on."""
        return self.dice.pick(EXPENSE_TYPES)

    def cost_center(self) -> str:
        """Return a cost center of the employee's legal entity."""
        return cost_center(self.company, self.dice.number(1, COST_CENTERS))

    def project(self) -> str:
        """Return an active project."""
        codes = [f"P-{number:02d}" for number in range(PROJECTS)]
        return self.dice.pick([code for code in codes if code != INACTIVE_PROJECT])

    def in_currency(self, currency: str) -> "Claim":
        """Return the same claim in another currency."""
        return replace(self, currency=currency)


def claim_of(dice: Dice, number: int, today: date) -> Claim:
    """Return the frame of the next claim, of the last weeks before a day."""
    employee = dice.pick(CLAIMANTS)
    day = today - timedelta(days=dice.number(1, _DAYS))
    return Claim(dice, number, employee, company_of(employee).currency, day)


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Return an amount in whole units of the currency's smallest."""
    return amount.quantize(smallest_unit(currency), ROUND_HALF_EVEN)


def in_shares(amount: Decimal, shares: Sequence[int], currency: str) -> list[Decimal]:
    """Return an amount in shares that sum to it; the last takes the difference."""
    parts = [rounded(amount * share / sum(shares), currency) for share in shares[:-1]]
    return [*parts, amount - sum(parts, Decimal(0))]
