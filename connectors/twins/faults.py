"""The fault script: which request meets which fault, decided by a seed and nothing else."""

import random
import re
from collections.abc import Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class Kind(StrEnum):
    """What goes wrong."""

    SWALLOW = "swallow"  # the answer never comes
    RESET = "reset"  # RST
    CLOSE = "close"  # FIN, without an answer
    TRUNCATE = "truncate"  # half of the body, then FIN
    GARBAGE = "garbage"  # 200 with bytes that are no JSON
    HTML = "html"  # 200 with a page for people
    STATUS = "status"  # an error page of a gateway
    DRIP = "drip"  # the answer, byte by byte
    LATENCY = "latency"  # a wait, then the answer
    DUPLICATE = "duplicate"  # the request arrives twice
    TOO_MANY = "too_many"  # 429
    CONFLICT = "conflict"  # done, but told as 409
    REFUSE = "refuse"  # RST before the request was read


class Moment(StrEnum):
    """When it goes wrong: before the request was carried out, or after."""

    BEFORE = "before"
    AFTER = "after"


class Rule(BaseModel):
    """One fault: where it may strike, how often, and with what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    moment: Moment = Moment.AFTER
    probability: float = Field(default=1.0, ge=0, le=1)
    count: int | None = Field(default=None, ge=0)
    """How often at most; None is without limit."""

    skip: int = Field(default=0, ge=0)
    """How many matching requests pass first."""

    method: str | None = None
    path: str = ""
    """A regular expression that the path must contain."""

    status: int = Field(default=502, ge=100, le=599)
    seconds: float = Field(default=30.0, ge=0)
    """How long a swallowed answer is held, how long a wait is; for `drip` the pause between two bytes."""

    retry_after: str | None = None
    """The Retry-After header as sent; `http-date` writes a moment one second ahead."""

    def matches(self, method: str, path: str) -> bool:
        """Return whether a request is one that this fault is meant for."""
        return self.method in (None, method) and re.search(self.path, path) is not None


class FaultScript:
    """The rules in force, their dice, and how often each has struck."""

    def __init__(self, rules: Sequence[Rule] = (), *, seed: int = 0) -> None:
        self.replace(rules, seed=seed)

    def replace(self, rules: Sequence[Rule], *, seed: int = 0) -> None:
        """Begin a new script."""
        self.rules = tuple(rules)
        self.seed = seed
        self.struck = [0] * len(self.rules)
        self._passed = [0] * len(self.rules)
        self._dice = [random.Random(f"{seed}/{index}") for index in range(len(self.rules))]

    def next_fault(self, method: str, path: str) -> Rule | None:
        """Return the fault of this request, the first whose dice fall, and count it."""
        for index, rule in enumerate(self.rules):
            if rule.matches(method, path) and self._falls(index, rule):
                self.struck[index] += 1
                return rule
        return None

    def _falls(self, index: int, rule: Rule) -> bool:
        self._passed[index] += 1
        if self._passed[index] <= rule.skip or self.struck[index] == rule.count:
            return False
        return self._dice[index].random() < rule.probability
