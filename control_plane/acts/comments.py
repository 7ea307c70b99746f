"""What people say to each other about a document: written once, never changed, named persons are told."""

from dataclasses import dataclass
from typing import Final

from control_plane.acts.door import Hand, UnknownObjectError, act_line, pass_door, record
from control_plane.domain.access import Act, may
from control_plane.domain.identity import public_id
from control_plane.domain.mentions import mentioned_in
from control_plane.store import comments, exception_cases, lineage, people, transactions
from control_plane.store.comments import Place
from control_plane.store.tables import TransactionRow

NAME: Final = "comment"


@dataclass(frozen=True, slots=True)
class Written:
    """A comment that was kept."""

    comment_id: int
    unknown: tuple[str, ...]
    """Who was named and cannot be told: nobody has the login, or they may not read there."""


def on_exception(hand: Hand, case_id: int, text: str) -> Written:
    """Comment on an exception; it stands with the document, where there is one.

    Raises:
        UnknownObjectError: it does not exist, or is out of reach.
        NotAllowedError: the actor's roles do not allow comments.
    """
    row = exception_cases.row_of(hand.unit.session, case_id)
    if row is None:
        raise UnknownObjectError(str(case_id))
    if row.transaction_id is not None:
        return on_transaction(hand, row.transaction_id, text, exception_id=case_id)
    return _write(hand, Place(exception_id=case_id, legal_entity=row.legal_entity_id), text, None)


def on_transaction(hand: Hand, transaction_id: int, text: str, *, exception_id: int | None = None) -> Written:
    """Comment on a document; every later version of it shows the comment.

    Raises:
        UnknownObjectError: it does not exist, or is out of reach.
        NotAllowedError: the actor's roles do not allow comments.
    """
    document = transactions.row_of(hand.unit.session, transaction_id)
    if document is None:
        raise UnknownObjectError(str(transaction_id))
    place = Place(document.order_key, document.id, exception_id, document.legal_entity_id)
    return _write(hand, place, text, document)


def _write(hand: Hand, place: Place, text: str, document: TransactionRow | None) -> Written:
    pass_door(hand, Act.COMMENT, place.legal_entity)
    named = {login: _reader(hand, login, place.legal_entity) for login in mentioned_in(text)}
    told = {person_id for person_id in named.values() if person_id is not None}
    session, ids, now = hand.unit.session, hand.unit.ids, hand.unit.now
    number = comments.write(session, ids, place, text, author=hand.actor, mentioned=told, now=now)
    _record(hand, place, number, [login for login, person_id in named.items() if person_id is not None])
    if document is not None:
        who_and_where = {"comment": public_id("com", number)}  # never the words
        lineage.tell(session, [act_line(hand, document, NAME, who_and_where)], ids)
    return Written(number, tuple(login for login, person_id in named.items() if person_id is None))


def _reader(hand: Hand, login: str, legal_entity: str) -> int | None:
    row = people.by_login(hand.unit.session, login)
    person = None if row is None else people.actor(hand.unit.session, row.id, now=hand.unit.now)
    return None if person is None or not may(person, Act.READ, legal_entity) else person.person_id


def _record(hand: Hand, place: Place, number: int, mentions: list[str]) -> None:
    object_type, object_id = "exception", public_id("exc", place.exception_id or 0)
    if place.transaction_id is not None:
        object_type, object_id = "transaction", public_id("txn", place.transaction_id)
    record(
        hand,
        name=f"{NAME}.write",
        object_type=object_type,
        object_id=object_id,
        legal_entity=place.legal_entity,
        after={"comment": public_id("com", number), "mentions": mentions},
    )
