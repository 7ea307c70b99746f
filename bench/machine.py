"""The machine on which the figures were measured, as far as it matters for them."""

import os
import platform
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

_UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures depend on."""

    cpu: str
    cores: int
    memory_gb: float
    python: str
    sqlite: str
    postgresql: str
    load: float
    """The average over the minute before the start."""

    @classmethod
    def of_now(cls, postgresql: str) -> Self:
        """Return this machine."""
        return cls(
            cpu=_field("/proc/cpuinfo", "model name") or platform.processor() or _UNKNOWN,
            cores=len(os.sched_getaffinity(0)),
            memory_gb=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
            python=platform.python_version(),
            sqlite=sqlite3.sqlite_version,
            postgresql=postgresql,
            load=round(os.getloadavg()[0], 2),
        )

    @property
    def sentence(self) -> str:
        """Return it in words."""
        return (
            f"{self.cpu}, {self.cores} cores, {self.memory_gb:.0f} GB; Python {self.python}, SQLite {self.sqlite}, "
            f"PostgreSQL {self.postgresql}; load {self.load} at the start"
        )


def _field(file: str, name: str) -> str:
    lines = Path(file).read_text().splitlines() if Path(file).exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
