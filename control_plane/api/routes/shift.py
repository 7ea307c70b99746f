"""What one shift hands to the next, and letters to those who wait for a document."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from connectors.canonical.money import format_minor
from control_plane.api import answers
from control_plane.api.auth import Asks
from control_plane.api.lists import Filters, Text, number_of, texts
from control_plane.api.problem_json import not_found
from control_plane.api.schemas import Replies, ReplyView, ShiftPart, ShiftSummary
from control_plane.api.strict import StrictRoute
from control_plane.domain import replies
from control_plane.store import policies, transactions
from control_plane.store.queries import desk, shift
from control_plane.store.queries.desk import Shown
from control_plane.store.tables import TransactionRow

router: Final = APIRouter(prefix="/v1", tags=["exceptions"], route_class=StrictRoute)


class ShiftFilters(Filters):
    """Whose shift, and since when."""

    since: AwareDatetime
    team: Text = ""
    legal_entity_id: Text = ""
    flow: Text = ""


@router.get("/shift-summary")
def show_shift(asks: Asks, wanted: Annotated[ShiftFilters, Query()]) -> ShiftSummary:
    """Show what came, was taken, done and put aside since a moment, and what is left."""
    group, now = asks.group_currency, asks.now
    with asks.services.database.read() as session:
        parts = shift.summary(session, asks.scope(), texts(wanted), since=wanted.since, now=now)
        shown = [
            ShiftPart(
                name=part.name,
                totals=answers.totals(part.sums, group),
                first=[answers.exception_summary(one, group) for one in part.first],
            )
            for part in parts
        ]
    return ShiftSummary(since=wanted.since, as_of=now, parts=shown)


@router.get("/exceptions/{exception_id}/replies")
def show_replies(asks: Asks, exception_id: str) -> Replies:
    """Show the letters to the employee or the supplier with the document's values in them; nothing is sent."""
    case_id, now = number_of("exc", exception_id), asks.now
    with asks.services.database.read() as session:
        shown = desk.exception(session, asks.scope(), case_id)
        if shown is None:
            raise not_found()
        governed = policies.newest(session, policies.EVERY_FLOW, replies.KEY)
        templates = replies.templates_of({} if governed is None else governed.value)
        document = transactions.row_of(session, shown.row.transaction_id) if shown.row.transaction_id else None
        values = _values(shown, document, now)
    letters = [replies.render(name, template, values) for name, template in sorted(templates.items())]
    return Replies(
        items=[ReplyView(name=one.name, to=one.to.value, subject=one.subject, body=one.body) for one in letters]
    )


def _values(shown: Shown, document: TransactionRow | None, now: datetime) -> dict[str, str]:
    row = shown.row
    return {
        "document": shown.document_number or row.connection,
        "amount": f"{format_minor(row.amount_minor, row.currency)} {row.currency}",
        "entity": row.legal_entity_id,
        "source": "" if document is None else document.source_system,
        "counterparty": "" if document is None else document.counterparty,
        "code": row.code,
        "sentence": row.sentence,
        "remedy": row.remedy,
        "due": "" if row.due_at is None else f"{row.due_at:%Y-%m-%d}",
        "team": row.team,
        "today": f"{now:%Y-%m-%d}",
    }
