"""What happened, for those who read it as events."""

from collections.abc import Collection
from typing import Final

from sqlalchemy import Table
from sqlmodel import Session

from control_plane.domain.access import Scope
from control_plane.store import lineage
from control_plane.store.lineage import Kind, Place, Unread
from control_plane.store.queries.sums import within
from control_plane.store.statements import table_of
from control_plane.store.tables import LineageRow

_LINEAGE: Final[Table] = table_of(LineageRow)


def happened(session: Session, scope: Scope, after: Place, *, kinds: Collection[Kind], limit: int) -> Unread:
    """Return what happened in a scope after a place in the story, and where to go on."""
    which = within(scope, _LINEAGE.c.legal_entity_id)
    return lineage.after(session, after, kinds=kinds, which=which, limit=limit)
