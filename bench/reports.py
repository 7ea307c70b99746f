"""What a process that did W(n) says of itself, and what the ERP's books say of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.figures import ratio


@dataclass(frozen=True, slots=True)
class Report:
    """One process's own account, from the first accepted byte to the last final state."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    done: int = 0
    """Expenses that came to their end."""
    states: Mapping[str, int] = field(default_factory=dict)
    stages: Mapping[str, float] = field(default_factory=dict)
    """CPU seconds of ours by kind of work."""
    ended_at: float = 0.0
    """On the machine's monotonic clock."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of W(count)."""

    count: int
    report: Report
    lost: int
    doubled: int

    @property
    def per_second(self) -> float:
        """Return finished expenses per second."""
        return ratio(self.report.done, self.report.seconds)

    @property
    def cpu_us(self) -> float:
        """Return microseconds of CPU time per expense."""
        return 1e6 * self.report.cpu_seconds / self.count
