"""The groups of figures by name; a new one is one line here."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from bench import drain, exceptions, intake, kill, leases, throughput, workers
from bench.figures import Figure
from bench.places import Places
from bench.plan import Plan

Part = Callable[[Plan, Places], Iterator[Figure]]
"""Measures one thing and yields its figures as they come."""

GROUPS: Final[Mapping[str, Mapping[str, Part]]] = {
    "engine": {
        "throughput": throughput.measure,
        "intake": intake.measure,
        "leases": leases.measure,
        "workers": workers.measure,
        "kill": kill.measure,
        "drain": drain.measure,
    },
    "exceptions": {
        "desk": exceptions.measure,
    },
}
"""By group, its parts in the order in which they run."""

AT_SCALE: Final[Mapping[str, Mapping[str, Part]]] = {
    "engine": {
        "leases": leases.measure,
    },
}
"""What is measured with `--scale`: the same, with as much data as takes long to fill."""
