"""Learn: the ERP's lists as they are now; what waited for a change is woken with it."""

from collections.abc import Sequence

from connectors.canonical.master_data import MasterRecord
from control_plane.engine.parts import Unit
from control_plane.store import holds, master_data


def learn(unit: Unit, connection: str, records: Sequence[MasterRecord]) -> int:
    """Record master data and wake the documents that waited for what has changed; return how many records changed."""
    if not records:
        return 0
    changed = master_data.record(unit.session, connection, records, now=unit.now, ids=unit.ids)
    keys = [(domain.value, entity, code) for domain, entity, code in changed]
    holds.wake(unit.session, keys, now=unit.now)
    return len(changed)
