"""What endpoints were told of alerts, and what they are still to be told."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, exists, select, update
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from control_plane.runtime import Ids
from control_plane.store.statements import table_of, upsert
from control_plane.store.tables import WebhookDeliveryRow

_DELIVERY: Final[Table] = table_of(WebhookDeliveryRow)
_RESOLVED: Final = "#resolved"


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing that an endpoint is to be told."""

    endpoint: str
    alert_key: str
    body: bytes


def raised_key(alert: str, *, now: datetime) -> str:
    """Return the key under which an alert that begins now is told."""
    return f"{alert}@{now.isoformat()}"


def resolved_key(key: str) -> str:
    """Return the key under which the end of a told alert is told."""
    return f"{key}{_RESOLVED}"


def standing(session: Session, endpoint: str) -> dict[str, str]:
    """Return the alerts that an endpoint was told of and not yet told the end of: alert to key."""
    end = _DELIVERY.alias("end")
    is_ended = exists().where(end.c.endpoint == endpoint, end.c.alert_key == _DELIVERY.c.alert_key + _RESOLVED)
    query = select(_DELIVERY.c.alert_key).where(
        _DELIVERY.c.endpoint == endpoint, ~_DELIVERY.c.alert_key.endswith(_RESOLVED), ~is_ended
    )
    return {key.rpartition("@")[0]: key for key in session.connection().execute(query).scalars()}


def add(session: Session, ids: Ids, tellings: Sequence[Telling], *, now: datetime) -> None:
    """Queue what is to be told; what is queued already stays once."""
    for telling in tellings:
        row = WebhookDeliveryRow(
            id=ids.draw(),
            endpoint=telling.endpoint,
            alert_key=telling.alert_key,
            body=telling.body,
            created_at=now,
            next_attempt_at=now,
        )
        insert = upsert(session, WebhookDeliveryRow).values(row.model_dump()).on_conflict_do_nothing()
        session.connection().execute(insert)


def has_due(session: Session, *, now: datetime) -> bool:
    """Return whether anything is to be told now."""
    return session.exec(_due(now).limit(1)).first() is not None


def take(session: Session, *, now: datetime, until: datetime, limit: int) -> list[WebhookDeliveryRow]:
    """Return what is to be told now; nobody else takes it before `until`."""
    rows = session.exec(_due(now).limit(limit).with_for_update(skip_locked=True)).all()
    taken = [row.model_copy(update={"attempt_count": row.attempt_count + 1}) for row in rows]
    for row in taken:
        _set(session, row, next_attempt_at=until, attempt_count=row.attempt_count)
    return taken


def delivered(session: Session, row: WebhookDeliveryRow, *, now: datetime) -> None:
    """Note that the endpoint knows."""
    _set(session, row, delivered_at=now, last_failure="")


def failed(session: Session, row: WebhookDeliveryRow, why: str, *, again_at: datetime | None, now: datetime) -> None:
    """Note that the endpoint did not take it; without a next moment it is given up."""
    when = {"given_up_at": now} if again_at is None else {"next_attempt_at": again_at}
    _set(session, row, last_failure=why[:500], **when)


def _due(now: datetime) -> Any:  # SQLModel's select of rows
    return (
        select_rows(WebhookDeliveryRow)
        .where(
            col(WebhookDeliveryRow.delivered_at).is_(None),
            col(WebhookDeliveryRow.given_up_at).is_(None),
            col(WebhookDeliveryRow.next_attempt_at) <= now,
        )
        .order_by(col(WebhookDeliveryRow.next_attempt_at))
    )


def _set(session: Session, row: WebhookDeliveryRow, **values: Any) -> None:  # column values
    session.connection().execute(update(_DELIVERY).where(_DELIVERY.c.id == row.id).values(**values))
