"""Learn: the ERP's lists and our keys in them as they are now; what waited for a change is woken with it."""

from collections.abc import Sequence

from connectors.canonical.master_data import MasterRecord
from control_plane.engine.parts import Unit
from control_plane.store import holds, master_data
from control_plane.store.master_data import Binding


def learn(unit: Unit, connection: str, records: Sequence[MasterRecord]) -> int:
    """Record master data and wake the documents that waited for what has changed; return how many records changed."""
    if not records:
        return 0
    changed = master_data.record(unit.session, connection, records, now=unit.now, ids=unit.ids)
    keys = [(domain.value, entity, code) for domain, entity, code in changed]
    holds.wake(unit.session, keys, now=unit.now)
    return len(changed)


def bind(unit: Unit, binding: Binding, *, by: str) -> bool:
    """Put a source's key under an ERP's key and wake the documents that waited for it; return whether it is new."""
    key = (binding.domain, binding.source_system, binding.source_key)
    standing = master_data.every_binding(unit.session).get(key, binding.source_key)
    if not master_data.bind(unit.session, binding, by=by, now=unit.now, ids=unit.ids):
        return False
    holds.wake(unit.session, [(binding.domain.value, "", standing)], now=unit.now)
    return True
