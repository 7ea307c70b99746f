"""What people say about a document or an exception, and who is named in it."""

from collections.abc import Callable
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel
from sqlmodel import Session

from control_plane.acts import comments as acts
from control_plane.acts.comments import Written
from control_plane.acts.door import Hand
from control_plane.api import answers
from control_plane.api.acting import Acting, Begins
from control_plane.api.auth import Asking, Asks
from control_plane.api.lists import Listing, Pager, number_of
from control_plane.api.problem_json import not_found
from control_plane.api.schemas import Comments, CommentText, CommentView, CommentWritten
from control_plane.api.strict import StrictRoute
from control_plane.domain.access import Act, may
from control_plane.domain.identity import public_id
from control_plane.domain.mentions import mentioned_in
from control_plane.store import comments, exception_cases, transactions
from control_plane.store.comments import Place
from control_plane.store.tables import CommentRow

router: Final = APIRouter(prefix="/v1", tags=["exceptions"], route_class=StrictRoute)

MOST_MENTIONS: Final = 200


@router.get("/exceptions/{exception_id}/comments")
def list_comments_on_exception(
    asks: Asks, request: Request, response: Response, exception_id: str, page: Annotated[Listing, Query()]
) -> Comments:
    """List what was said about an exception and about all versions of its document, newest first."""
    case_id = number_of("exc", exception_id)
    return _listed(asks, Pager(asks, request, page), response, lambda session: _place_of_case(session, case_id))


@router.get("/transactions/{transaction_id}/comments")
def list_comments_on_transaction(
    asks: Asks, request: Request, response: Response, transaction_id: str, page: Annotated[Listing, Query()]
) -> Comments:
    """List what was said about all versions of a document, newest first."""
    number = number_of("txn", transaction_id)
    return _listed(asks, Pager(asks, request, page), response, lambda session: _place_of_document(session, number))


@router.post("/exceptions/{exception_id}/comments", response_model=CommentWritten)
def comment_on_exception(begins: Begins, exception_id: str, said: CommentText) -> Response:
    """Say something about an exception; it stands with the document, whatever becomes of it."""
    case_id = number_of("exc", exception_id)
    return _write(begins, lambda hand: acts.on_exception(hand, case_id, said.text))


@router.post("/transactions/{transaction_id}/comments", response_model=CommentWritten)
def comment_on_transaction(begins: Begins, transaction_id: str, said: CommentText) -> Response:
    """Say something about a document."""
    number = number_of("txn", transaction_id)
    return _write(begins, lambda hand: acts.on_transaction(hand, number, said.text))


@router.get("/mentions")
def list_mentions(asks: Asks) -> Comments:
    """List the comments that name you and that you have not read, newest first."""
    with asks.services.database.read() as session:
        rows = comments.unread(session, asks.actor.person_id, limit=MOST_MENTIONS)
        return Comments(items=[_view(row) for row in rows if may(asks.actor, Act.READ, row.legal_entity_id)])


@router.post("/mentions/{comment_id}/read", response_model=Comments)
def read_mention(asks: Asks, comment_id: str) -> Comments:
    """Say that you have read a comment that names you; answers with those that are left."""
    number = number_of("com", comment_id)
    with asks.services.database.write() as session:
        if not comments.note_read(session, asks.actor.person_id, number, now=asks.now):
            raise not_found()
    return list_mentions(asks)


def _listed(asks: Asking, pager: Pager, response: Response, place_of: Callable[[Session], Place | None]) -> Comments:
    with asks.services.database.read() as session:
        place = place_of(session)
        if place is None or not may(asks.actor, Act.READ, place.legal_entity):
            raise not_found()
        rows = comments.at(session, place, before=pager.before, limit=pager.asked)
        shown, cursor = pager.cut(rows, lambda row: [row.id], response)
        return Comments(items=[_view(row) for row in shown], next_cursor=cursor)


def _write(begins: Acting, deed: Callable[[Hand], Written]) -> Response:
    written: list[Written] = []

    def done(hand: Hand, _revision: int) -> None:
        written.append(deed(hand))

    def shown(session: Session) -> tuple[BaseModel, int]:
        row = comments.one(session, written[0].comment_id)
        return CommentWritten(unknown_mentions=list(written[0].unknown), **_view(row).model_dump()), 1

    return begins.perform(done, shown)


def _place_of_case(session: Session, case_id: int) -> Place | None:
    row = exception_cases.row_of(session, case_id)
    if row is None or row.transaction_id is None:
        return None if row is None else Place(exception_id=case_id, legal_entity=row.legal_entity_id)
    return _place_of_document(session, row.transaction_id)


def _place_of_document(session: Session, transaction_id: int) -> Place | None:
    row = transactions.row_of(session, transaction_id)
    return None if row is None else Place(row.order_key, row.id, legal_entity=row.legal_entity_id)


def _view(row: CommentRow) -> CommentView:
    return CommentView(
        id=public_id("com", row.id),
        transaction_id=None if row.transaction_id is None else public_id("txn", row.transaction_id),
        exception_id=answers.exception_id(row.exception_id),
        author=row.author,
        text=row.text,
        written_at=row.written_at,
        mentions=list(mentioned_in(row.text)),
    )
