"""What is big enough to matter: set per legal entity, compared on absolute amounts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from control_plane.domain.access import GROUP
from control_plane.domain.governed import Problem

KEY: Final = "materiality"
"""Under which it is governed, for the whole group: `{"*": 1000000, "DE01": 250000}` in minor units."""
DEFAULT_MINOR: Final = 1_000_000
ALWAYS: Final = frozenset({"duplicate_suspect", "found_twice", "payment_without_posting", "tax_refused"})
"""Tax and what may be fraud count whatever the amount."""


@dataclass(frozen=True, slots=True)
class Materiality:
    """From which amount on something matters, in the group's currency."""

    limits_minor: Mapping[str, int] = field(default_factory=dict)
    """By legal entity; `*` is every other one."""

    def is_material(self, legal_entity: str, group_minor: int | None, code: str) -> bool:
        """Return whether it matters; what has no amount in the group's currency does."""
        if group_minor is None or code in ALWAYS:
            return True
        limit = self.limits_minor.get(legal_entity, self.limits_minor.get(GROUP, DEFAULT_MINOR))
        return abs(group_minor) >= limit


def materiality_of(governed: Mapping[str, Any]) -> Materiality:  # governed JSON values by key
    """Return what is governed for the group."""
    return Materiality(governed.get(KEY, {}))


def problems_of(value: Mapping[str, Any]) -> list[Problem]:  # what somebody proposed
    """Return everything that is wrong with proposed limits, each where it stands."""
    sentence = "A limit is a whole number of minor units, at least 0."
    is_limit = {name: isinstance(limit, int) and not isinstance(limit, bool) for name, limit in value.items()}
    return [Problem(f"/{name}", sentence) for name, limit in value.items() if not is_limit[name] or limit < 0]
