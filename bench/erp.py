"""The bench's ERP as its callers see it: how it is to behave, where it listens, what its books and calls say."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Final

from bench.processes import Child, running

_READY_WITHIN: Final = 30.0


@dataclass(frozen=True, slots=True)
class ErpOptions:
    """How the ERP behaves."""

    latency_seconds: float = 0.0
    has_fates: bool = True
    """Whether 2 % of the keys are away once and 1 % is refused."""
    limit_per_second: int = 0
    """Documents; what comes above it is answered 429. 0: without limit."""


@dataclass(frozen=True, slots=True)
class Call:
    """A posting call as it came: when, with how many documents, and how it was answered."""

    at: float
    documents: int
    status: int


@dataclass(frozen=True, slots=True)
class RunningErp:
    """The ERP's process: where it listens, and what it says of itself."""

    url: str
    child: Child

    def go_away(self) -> None:
        """Refuse connections from now on."""
        self.child.asked("away")

    def come_back(self) -> None:
        """Take connections again, at the same place."""
        self.child.asked("back")

    def toll(self, count: int) -> Mapping[str, int]:
        """Return what of W(count) its books miss and what they hold twice."""
        return self.child.asked(f"toll {count}")

    def calls(self) -> list[Call]:
        """Return all posting calls so far."""
        return [Call(*each) for each in self.child.asked("calls")["calls"]]


@contextmanager
def running_erp(options: ErpOptions) -> Iterator[RunningErp]:
    """Give an ERP with empty books."""
    with running("bench.erp_process", asdict(options)) as child:
        yield RunningErp(child.heard(_READY_WITHIN)["url"], child)
