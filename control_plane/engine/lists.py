"""The ERP's lists in memory, read again only when one of them has changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlmodel import Session

from connectors.canonical.master_data import Domain, MasterRecord
from control_plane.store import master_data

LISTS: Final = frozenset(Domain)


@dataclass(slots=True)
class Lists:
    """The ERP's lists as this process last read them; read again when any of them has changed."""

    version: int = -1
    records: Mapping[master_data.Key, MasterRecord] = field(default_factory=dict)

    def at(self, session: Session) -> Mapping[master_data.Key, MasterRecord]:
        """Return all current records."""
        version = master_data.version(session)
        if version != self.version:
            self.records = master_data.current_of(session, LISTS)
            self.version = version
        return self.records
