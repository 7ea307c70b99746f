"""The ERP's lists in memory, read again only when one of them has changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from sqlmodel import Session

from connectors.canonical.master_data import REFERENCE_RATES, Domain, MasterRecord
from control_plane.store import master_data

LISTS: Final = frozenset(Domain)


@dataclass(slots=True)
class Lists:
    """The ERP's lists as this process last read them; read again when any of them has changed."""

    version: int = -1
    records: Mapping[master_data.Key, MasterRecord] = field(default_factory=dict)
    rates: Mapping[tuple[str, date], str] = field(default_factory=dict)
    """Reference rates by (currency, day): units for one euro."""

    def at(self, session: Session) -> Mapping[master_data.Key, MasterRecord]:
        """Return all current records."""
        version = master_data.version(session)
        if version != self.version:
            self.records = master_data.current_of(session, LISTS)
            self.rates = reference_rates(self.records.values())
            self.version = version
        return self.records


def reference_rates(records: Iterable[MasterRecord]) -> Mapping[tuple[str, date], str]:
    """Return the reference rates among the records, by (currency, day)."""
    return {
        (currency, one.valid_from): rate
        for one in records
        if one.domain is Domain.RATE and one.code.startswith(REFERENCE_RATES) and one.active and one.valid_from
        for currency, rate in one.attributes.items()
    }
