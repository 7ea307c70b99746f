"""What targets answered that no catalog lists, and the rules that name it."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from control_plane.store.tables.columns import BIG, id_column, json_value, no_ref, ref


class FailureRuleRow(SQLModel, table=True):
    """One approved version of a rule that gives an unknown answer a code of the catalog; the newest one holds."""

    __tablename__ = "failure_rule"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        CheckConstraint("checker_id <> maker_id", name="four_eyes"),
    )
    id: int = id_column()
    name: str
    version: int
    is_active: bool
    """False: the rule is retired with this version."""
    connection: str = ""
    """Empty: whoever answers."""
    answer_code: str = ""
    """The code in the target's own words; empty: any."""
    pattern: str = ""
    """Searched in the answer's text; its named groups become values. Empty: any text."""
    code: str
    values: dict[str, Any] = json_value()
    maker_id: int = ref()
    maker: str
    checker_id: int = ref()
    checker: str
    approved_at: datetime


class UnknownAnswerRow(SQLModel, table=True):
    """An answer that no rule knew, once for each code and text, with how often it came."""

    __tablename__ = "unknown_answer"
    __table_args__ = (UniqueConstraint("connection", "answer_code", "text_sha256"),)
    id: int = id_column()
    connection: str
    answer_code: str
    text_sha256: str
    """Of the text without its numbers, which differ from document to document."""
    text: str
    """As it came last, redacted."""
    field_path: str = ""
    transaction_id: int | None = no_ref()
    """The last document that was answered so."""
    count: int = Field(default=1, sa_type=BIG)
    first_at: datetime
    last_at: datetime
