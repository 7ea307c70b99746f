"""Where the work is done: a fresh database beside an ERP with empty books."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Literal

from bench.databases import Postgres, fresh_sqlite
from bench.erp import ErpOptions, RunningErp, running_erp

Kind = Literal["sqlite", "postgresql"]


@dataclass(frozen=True, slots=True)
class Places:
    """Gives places to work in."""

    server: Postgres

    def fresh(self, kind: Kind) -> AbstractContextManager[str]:
        """Give the URL of a migrated database of its own."""
        ways: dict[Kind, Callable[[], AbstractContextManager[str]]] = {
            "sqlite": fresh_sqlite,
            "postgresql": self.server.fresh,
        }
        return ways[kind]()

    @contextmanager
    def with_erp(self, kind: Kind, options: ErpOptions | None = None) -> Iterator[tuple[str, RunningErp]]:
        """Give a migrated database of its own and an ERP."""
        with self.fresh(kind) as url, running_erp(options or ErpOptions()) as erp:
            yield url, erp

    @contextmanager
    def for_peer(self) -> Iterator[tuple[str, RunningErp]]:
        """Give a PostgreSQL database without tables and an ERP."""
        with self.server.empty() as url, running_erp(ErpOptions()) as erp:
            yield url, erp
