"""What a bulk operation is planned with: its frozen set, what that is worth, and who must agree."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

MOST_ITEMS: Final = 10_000
"""In one operation: what is more is planned in parts, which count together."""
ADDS_UP_WITHIN: Final = timedelta(hours=24)
"""Plans of one person for one act and cause count together against the limit for so long."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is governed about bulk operations."""

    approve_above_count: int = 50
    approve_above_group_minor: int = 1_000_000
    failed_percent: int = 10
    """Of a step after the first one; above it the operation stops."""
    stops_on_same_failure: bool = True
    """One document that comes back as it was is enough."""


def limits_of(values: Iterable[Mapping[str, Any]]) -> Limits:  # the flows' governed JSON values `bulk`
    """Return the strictest limits of several flows; the defaults where no flow says anything."""
    given = [Limits(**value) for value in values] or [Limits()]
    return Limits(
        min(one.approve_above_count for one in given),
        min(one.approve_above_group_minor for one in given),
        min(one.failed_percent for one in given),
        any(one.stops_on_same_failure for one in given),
    )


@dataclass(frozen=True, slots=True)
class Selection:
    """How a set is chosen: by filters (a cause is one), or by a pasted list."""

    filters: Mapping[str, str] = field(default_factory=dict)
    identifiers: tuple[str, ...] = ()

    @property
    def json(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return {"filters": dict(self.filters), "identifiers": list(self.identifiers)}


def selection_of(kept: Mapping[str, Any]) -> Selection:  # JSON as `Selection.json` says it
    """Return a selection as it was kept."""
    return Selection(kept["filters"], tuple(kept["identifiers"]))


@dataclass(frozen=True, slots=True)
class Item:
    """One exception as it was when the set was frozen."""

    case_id: int
    transaction_id: int | None
    document: str
    """Its number, to be named."""
    legal_entity_id: str
    currency: str
    amount_minor: int
    group_minor: int | None
    fingerprint: str
    code: str
    fence: int
    """Of the document: it has changed when this is another one."""
    counterparty: str = ""
    """Whom the document pays."""
    order_key: str = ""
    is_head: bool = True
    """False: another document of its order key goes first."""
    target: str = ""
    flow: str = ""

    @property
    def frozen(self) -> "Frozen":
        """Return what of it must stay the same."""
        return Frozen(self.document, self.fence, self.fingerprint)


@dataclass(frozen=True, slots=True)
class Frozen:
    """An exception of a set, as far as it must still be the same when the operation starts."""

    document: str
    fence: int
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of a set since it was frozen, by documents."""

    came: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Return the difference in words; empty where there is none."""
        parts = ((self.came, "came"), (self.left, "left"), (self.changed, "changed"))
        told = [f"{len(names)} {verb} ({_listed(names)})" for names, verb in parts if names]
        return f"The set is no longer the one that was planned: {', '.join(told)}. Plan it anew." if told else ""


@dataclass(frozen=True, slots=True)
class Calls:
    """What a connection has to take, against what it can."""

    connection: str
    count: int
    calls_per_second: float | None
    """Now; None where nobody knows of a limit."""
    headroom: float | None
    """The share of the near future that is still free."""
    breaker: str

    @property
    def seconds(self) -> float | None:
        """Return how long the calls take at this pace; None where nobody can tell."""
        return self.count / self.calls_per_second if self.calls_per_second else None


@dataclass(frozen=True, slots=True)
class Worth:
    """How many documents, and what they are worth together without regard to their signs."""

    count: int = 0
    group_minor: int = 0
    is_known: bool = True
    """Whether each of them has an amount in the group's currency."""

    def __add__(self, other: "Worth") -> "Worth":
        """Return both together."""
        return Worth(self.count + other.count, self.group_minor + other.group_minor, self.is_known and other.is_known)


def hash_of(act: str, items: Iterable[Item]) -> str:
    """Return the set as one value: the same documents, as they were, under the same act."""
    facts = sorted([one.case_id, one.fence, one.currency, one.amount_minor, one.fingerprint] for one in items)
    return sha256(json.dumps([act, facts], separators=(",", ":")).encode()).hexdigest()


def difference(then: Mapping[int, Frozen], now: Mapping[int, Frozen]) -> Difference:
    """Return what came, left and changed between two sets, given by their exceptions."""
    return Difference(
        tuple(now[number].document for number in sorted(now.keys() - then.keys())),
        tuple(then[number].document for number in sorted(then.keys() - now.keys())),
        tuple(then[number].document for number in sorted(then.keys() & now.keys()) if then[number] != now[number]),
    )


def in_order(items: Collection[Item]) -> list[Item]:
    """Return the items, each after those that go before it in its order key; behind them who waits for others."""
    heads = {one.order_key for one in items if one.is_head}
    return sorted(items, key=lambda one: (_waits(one, heads), one.transaction_id or 0, one.case_id))


def behind_others(items: Collection[Item]) -> int:
    """Return how many wait for a document that is not among them."""
    heads = {one.order_key for one in items if one.is_head}
    return sum(_waits(one, heads) for one in items)


def worth_of(items: Iterable[Item]) -> Worth:
    """Return what the items are worth together."""
    return sum((_worth(one) for one in items), Worth())


def needs_approval(worth: Worth, limits: Limits) -> bool:
    """Return whether a second person has to agree; what nobody can value is as good as above the limit."""
    is_large = worth.group_minor > limits.approve_above_group_minor or not worth.is_known
    return is_large or worth.count > limits.approve_above_count


def _waits(item: Item, heads: Collection[str]) -> bool:
    return not item.is_head and item.order_key not in heads


def _worth(item: Item) -> Worth:
    return Worth(1, abs(item.group_minor or 0), item.group_minor is not None or not item.amount_minor)


def _listed(names: Sequence[str], most: int = 10) -> str:
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
