"""The ERP's lists, our keys in them, and the flows' governed values."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import SQLModel

from control_plane.store.tables.columns import UNRESOLVED, id_column, json_value, partial_index


class MasterDataRow(SQLModel, table=True):
    """One version of one record of the ERP's lists."""

    __tablename__ = "master_data"
    __table_args__ = (
        partial_index("uq_master_data_current", "domain", "legal_entity_id", "code", where="is_current", unique=True),
        Index("ix_master_data_version", "domain", "recorded_at"),
    )
    id: int = id_column()
    """Time-ordered: the highest one that a check met is the transaction's `master_data_version`."""
    connection: str
    domain: str
    legal_entity_id: str = ""
    """Empty: valid for every legal entity."""
    code: str
    name: str
    active: bool
    valid_from: date | None = None
    valid_to: date | None = None
    attributes: dict[str, Any] = json_value()
    source_updated_at: datetime | None = None
    recorded_at: datetime
    version: int = 1
    is_current: bool = True


class BindingRow(SQLModel, table=True):
    """A source's key put under the ERP's key; without a row a key binds to itself."""

    __tablename__ = "binding"
    __table_args__ = (
        partial_index("uq_binding_current", "domain", "source_system", "source_key", where="is_current", unique=True),
    )
    id: int = id_column()
    domain: str
    source_system: str
    source_key: str
    erp_key: str
    legal_entity_id: str = UNRESOLVED
    version: int = 1
    is_current: bool = True
    recorded_at: datetime
    recorded_by: str


class PolicyRow(SQLModel, table=True):
    """One version of a flow's policy value; the newest approved one overrides the flow's default."""

    __tablename__ = "policy"
    __table_args__ = (
        UniqueConstraint("flow", "key", "version"),
        CheckConstraint("checker IS NULL OR checker <> maker", name="four_eyes"),
    )
    id: int = id_column()
    flow: str
    key: str
    version: int
    value: dict[str, Any] = json_value()
    maker: str
    checker: str | None = None
    recorded_at: datetime
    approved_at: datetime | None = None
