"""The target's own documents, each of which proves at most one transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import Table, bindparam, select, update
from sqlmodel import Session

from connectors.contract import Posting
from control_plane.runtime import Ids
from control_plane.store.prepared import Prepared, Row, among, given
from control_plane.store.statements import insert_many, table_of
from control_plane.store.tables import PostingRow

_POSTING: Final[Table] = table_of(PostingRow)
_PROOF: Final = ("target", "company", "fiscal_year", "document_type", "number")
_key: Final = attrgetter(*_PROOF)


class Proof(NamedTuple):
    """A posting with the transaction that it proves."""

    transaction_id: int
    legal_entity_id: str
    posting: Posting


def add(session: Session, ids: Ids, proofs: Sequence[Proof], *, now: datetime) -> None:
    """Store postings; one that this transaction has already is left as it is."""
    known = _known(session, [proof.posting for proof in proofs])
    fresh = [proof for proof in proofs if _key(proof.posting) not in known]
    numbers = ids.draw_many(len(fresh))
    insert_many(session, PostingRow, [_row(n, proof, now) for n, proof in zip(numbers, fresh, strict=True)])


def proofs_of_others(session: Session, proofs: Sequence[Proof]) -> frozenset[int]:
    """Return the transactions whose postings prove another transaction already, on record or before them here."""
    owners = _known(session, [proof.posting for proof in proofs])
    return frozenset(
        proof.transaction_id
        for proof in proofs
        if owners.setdefault(_key(proof.posting), proof.transaction_id) != proof.transaction_id
    )


def standing(session: Session, transaction_ids: Sequence[int]) -> Mapping[int, tuple[PostingRow, ...]]:
    """Return the postings that stand in the target's books, none of those taken back, by transaction."""
    rows = rows_of(session, transaction_ids)
    taken_back = {(row.transaction_id, row.reverses) for row in rows if row.reverses}
    found: dict[int, tuple[PostingRow, ...]] = {}
    for row in rows:
        if not row.reverses and (row.transaction_id, row.number) not in taken_back:
            found[row.transaction_id] = (*found.get(row.transaction_id, ()), row)
    return found


def references_of(session: Session, transaction_ids: Sequence[int]) -> Mapping[int, frozenset[str]]:
    """Return the references that are booked and not reversed, by transaction."""
    booked = standing(session, transaction_ids)
    return {number: frozenset(row.reference for row in rows) for number, rows in booked.items()}


def numbers_of(session: Session, transaction_ids: Sequence[int]) -> Mapping[int, str]:
    """Return the target's numbers of what stands in its books, as a person reads them, by transaction."""
    booked = standing(session, transaction_ids)
    return {number: ", ".join(row.number for row in rows) for number, rows in booked.items()}


def rows_of(session: Session, transaction_ids: Sequence[int]) -> list[PostingRow]:
    """Return the postings of the transactions, reversals among them, oldest first."""
    return _rows(_OF_TRANSACTIONS.rows(session, ids=transaction_ids)) if transaction_ids else []


def by_reference(session: Session, references: Sequence[str]) -> list[PostingRow]:
    """Return the live postings under business references."""
    return _rows(_BY_REFERENCE.rows(session, references=references)) if references else []


def set_payment_status(session: Session, posting_ids: Sequence[int], status: str) -> None:
    """Note what became of the money that the postings owe."""
    if posting_ids:
        _PAY.run(session, ids=posting_ids, status=status)


def posting_of(row: PostingRow) -> Posting:
    """Return the row as the target's document."""
    return Posting(
        target=row.target,
        company=row.company,
        fiscal_year=row.fiscal_year,
        document_type=row.document_type,
        number=row.number,
        posting_date=row.posting_date,
        reference=row.reference,
        currency=row.currency,
        total_minor=row.total_minor,
        reverses=row.reverses,
    )


def _known(session: Session, wanted: Sequence[Posting]) -> dict[tuple[str, ...], int]:
    if not wanted:
        return {}
    return {tuple(key): owner for *key, owner in _KNOWN.rows(session, keys=list({_key(one) for one in wanted}))}


def _rows(found: Sequence[Row]) -> list[PostingRow]:
    return [PostingRow.model_construct(**dict(zip(_POSTING.c.keys(), row, strict=True))) for row in found]


def _knowing() -> Prepared:
    key = given("keys", {name: _POSTING.c[name].type for name in _PROOF})
    columns = [_POSTING.c[name] for name in _PROOF]
    is_known = [_POSTING.c[name] == key.c[name] for name in _PROOF]
    return Prepared(select(*columns, _POSTING.c.transaction_id).where(*is_known))


_KNOWN: Final = _knowing()
_OF_TRANSACTIONS: Final = Prepared(
    select(_POSTING).where(among(_POSTING.c.transaction_id, "ids")).order_by(_POSTING.c.id)
)
_BY_REFERENCE: Final = Prepared(
    select(_POSTING).where(among(_POSTING.c.reference, "references"), _POSTING.c.reverses == "")
)
_PAY: Final = Prepared(update(_POSTING).where(among(_POSTING.c.id, "ids")).values(payment_status=bindparam("status")))


def _row(number: int, proof: Proof, now: datetime) -> dict[str, Any]:  # column values
    posting = proof.posting
    return {
        "id": number,
        "transaction_id": proof.transaction_id,
        "legal_entity_id": proof.legal_entity_id,
        **{name: getattr(posting, name) for name in _PROOF},
        "reference": posting.reference,
        "posting_date": posting.posting_date,
        "currency": posting.currency,
        "total_minor": posting.total_minor or 0,
        "reverses": posting.reverses,
        "payment_status": "",
        "recorded_at": now,
    }
