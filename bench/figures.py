"""Figures: a name, a value, a unit and what was promised; printed as one line each."""

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final  # JSON values

_IS_MET: Final[Mapping[str, Callable[[float, float], bool]]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "=": operator.eq,
}


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure is held against."""

    op: str
    value: float

    def is_met_by(self, value: float) -> bool:
        """Return whether a value keeps the promise; what is shown rounded is judged unrounded."""
        return _IS_MET[self.op](value, self.value)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value."""

    name: str
    value: float
    unit: str
    target: Target | None = None
    """None: nothing was promised, it is told for comparison."""

    @property
    def verdict(self) -> str:
        """Return whether the promise is kept; `-` where there is none."""
        if self.target is None:
            return "-"
        return "ok" if self.target.is_met_by(self.value) else "short"

    @property
    def line(self) -> str:
        """Return the figure as it is printed."""
        op, value = (self.target.op, shown(self.target.value)) if self.target else ("-", "-")
        return f"figure {self.name} {shown(self.value)} {self.unit} target {op} {value} {self.verdict}"

    @property
    def json(self) -> dict[str, Any]:
        """Return the figure as it is kept."""
        target = {"op": self.target.op, "value": self.target.value} if self.target else None
        return {"name": self.name, "value": self.value, "unit": self.unit, "target": target, "verdict": self.verdict}


def at_least(value: float) -> Target:
    """Return that this or more was promised."""
    return Target(">=", value)


def at_most(value: float) -> Target:
    """Return that this or less was promised."""
    return Target("<=", value)


NONE: Final = Target("=", 0)
"""That there be none."""


def shown(value: float) -> str:
    """Return a number as a person reads it: three digits that count, whole from a hundred on."""
    if value == int(value) or abs(value) >= 100:  # noqa: PLR2004  (see above)
        return f"{value:.0f}"
    return f"{value:.3g}"


def middle(values: Sequence[float]) -> float:
    """Return the median."""
    return float(median(values))


def ratio(value: float, to: float) -> float:
    """Return how many times the second the first is; nothing to compare with is 0."""
    return value / to if to else 0.0


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that so many percent of all do not exceed."""
    ordered = sorted(values)
    place = max(0, -(-len(ordered) * percent // 100) - 1)
    return ordered[int(place)]
