"""Failure rules in their approved versions, and the answers that none of them knows yet."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Table
from sqlmodel import Session, col, func, select

from control_plane.domain.failure_rule import Answer, FailureRule
from control_plane.runtime import Ids
from control_plane.store.database import advisory_lock
from control_plane.store.statements import table_of, upsert
from control_plane.store.tables import FailureRuleRow, UnknownAnswerRow

_UNKNOWN: Final[Table] = table_of(UnknownAnswerRow)
_NUMBER: Final = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Hands:
    """Whose four eyes saw a rule."""

    maker_id: int
    maker: str
    checker_id: int
    checker: str


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer that nobody knew, for a document."""

    answer: Answer
    transaction_id: int


def current(session: Session) -> list[FailureRule]:
    """Return the rules in force, by name: the first one that knows an answer names it."""
    return [rule_of(row) for row in newest(session) if row.is_active]


def newest(session: Session) -> list[FailureRuleRow]:
    """Return the newest version of every rule, by name, the retired ones among them."""
    versions = select(FailureRuleRow.name, func.max(FailureRuleRow.version)).group_by(FailureRuleRow.name)
    last = dict(session.exec(versions).all())
    rows = session.exec(select(FailureRuleRow).order_by(col(FailureRuleRow.name))).all()
    return [row for row in rows if row.version == last[row.name]]


def versions(session: Session, name: str) -> list[FailureRuleRow]:
    """Return every version of a rule, the newest one first."""
    query = select(FailureRuleRow).where(FailureRuleRow.name == name)
    return list(session.exec(query.order_by(col(FailureRuleRow.version).desc())).all())


def add(
    session: Session, ids: Ids, rule: FailureRule, hands: Hands, *, is_active: bool, now: datetime
) -> FailureRuleRow:
    """Let a new version of a rule take effect."""
    advisory_lock(session, ["failure_rules"])
    last = session.exec(select(func.max(FailureRuleRow.version)).where(FailureRuleRow.name == rule.name)).one()
    row = FailureRuleRow(
        id=ids.draw(),
        name=rule.name,
        version=(last or 0) + 1,
        is_active=is_active,
        connection=rule.connection,
        answer_code=rule.answer_code,
        pattern=rule.pattern,
        code=rule.code,
        values=dict(rule.values),
        maker_id=hands.maker_id,
        maker=hands.maker,
        checker_id=hands.checker_id,
        checker=hands.checker,
        approved_at=now,
    )
    session.add(row)
    session.flush()
    return row


def rule_of(row: FailureRuleRow) -> FailureRule:
    """Return a version as it is applied."""
    return FailureRule(
        name=row.name,
        code=row.code,
        connection=row.connection,
        answer_code=row.answer_code,
        pattern=row.pattern,
        values=row.values,
        version=row.version,
    )


def hear(session: Session, ids: Ids, heard: Sequence[Heard], *, now: datetime) -> None:
    """Keep answers that nobody knew, once for each code and text whose numbers do not count."""
    for one in sorted(heard, key=lambda one: (one.answer.connection, one.answer.code, shape(one.answer.text))):
        row = UnknownAnswerRow(
            id=ids.draw(),
            connection=one.answer.connection,
            answer_code=one.answer.code,
            text_sha256=shape(one.answer.text),
            text=one.answer.text,
            field_path=one.answer.field_path,
            transaction_id=one.transaction_id,
            first_at=now,
            last_at=now,
        )
        insert = upsert(session, UnknownAnswerRow).values(row.model_dump())
        said_again = {
            "text": insert.excluded.text,
            "transaction_id": insert.excluded.transaction_id,
            "count": _UNKNOWN.c.count + 1,
            "last_at": insert.excluded.last_at,
        }
        keys = ["connection", "answer_code", "text_sha256"]
        session.connection().execute(insert.on_conflict_do_update(index_elements=keys, set_=said_again))


def unknown(session: Session, *, limit: int) -> list[UnknownAnswerRow]:
    """Return the answers that no rule knew when they came, the last one first."""
    query = select(UnknownAnswerRow).order_by(col(UnknownAnswerRow.last_at).desc(), col(UnknownAnswerRow.id).desc())
    return list(session.exec(query.limit(limit)).all())


def answer_of(row: UnknownAnswerRow) -> Answer:
    """Return a kept answer as the rules read it."""
    return Answer(row.connection, row.answer_code, row.text, row.field_path)


def shape(text: str) -> str:
    """Return what two texts have in common that differ in their numbers only."""
    return hashlib.sha256(_NUMBER.sub("#", text).encode()).hexdigest()
