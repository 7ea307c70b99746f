"""Letters to those who wait for a document: shown to be copied, never sent."""

from datetime import datetime
from typing import Final

from fastapi import APIRouter

from connectors.canonical.money import format_minor
from control_plane.api.auth import Asks
from control_plane.api.lists import number_of
from control_plane.api.problem_json import not_found
from control_plane.api.schemas import Replies, ReplyView
from control_plane.api.strict import StrictRoute
from control_plane.domain import replies
from control_plane.store import policies, transactions
from control_plane.store.queries import desk
from control_plane.store.queries.desk import Shown
from control_plane.store.tables import TransactionRow

router: Final = APIRouter(prefix="/v1", tags=["exceptions"], route_class=StrictRoute)


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
