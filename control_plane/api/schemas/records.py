"""What is on record beside the documents: the ERP's lists, and who did what."""

from datetime import date, datetime
from typing import Any

from control_plane.api.schemas.common import Answer, Totals


class MasterDataView(Answer):
    """One record of the ERP's lists as it stood."""

    domain: str
    legal_entity_id: str
    code: str
    name: str
    active: bool
    valid_from: date | None
    valid_to: date | None
    attributes: dict[str, Any]  # the list's own facts
    version: int
    recorded_at: datetime
    waiting: Totals
    """Held documents that wait for this record."""


class AuditEntry(Answer):
    """Who did what and why."""

    seq: int
    occurred_at: datetime
    actor: str
    action: str
    object_type: str
    object_id: str
    legal_entity_id: str
    before: dict[str, Any]  # JSON values
    after: dict[str, Any]  # JSON values
    reason: str
    request_id: str
