"""The target's own documents, each of which proves at most one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Table, tuple_, update
from sqlalchemy import select as core_select
from sqlmodel import Session, col, select

from connectors.contract import Posting
from control_plane.runtime import Ids
from control_plane.store.statements import insert_many, table_of
from control_plane.store.tables import PostingRow

_POSTING: Final[Table] = table_of(PostingRow)
_PROOF: Final = ("target", "company", "fiscal_year", "document_type", "number")


@dataclass(frozen=True, slots=True)
class Proof:
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
    if not transaction_ids:
        return []
    query = select(PostingRow).where(col(PostingRow.transaction_id).in_(transaction_ids)).order_by(col(PostingRow.id))
    return list(session.exec(query).all())


def by_reference(session: Session, references: Sequence[str]) -> list[PostingRow]:
    """Return the live postings under business references."""
    query = select(PostingRow).where(col(PostingRow.reference).in_(references), PostingRow.reverses == "")
    return list(session.exec(query).all())


def set_payment_status(session: Session, posting_ids: Sequence[int], status: str) -> None:
    """Note what became of the money that the postings owe."""
    session.connection().execute(update(_POSTING).where(_POSTING.c.id.in_(posting_ids)).values(payment_status=status))


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


def _key(posting: Posting) -> tuple[str, ...]:
    return tuple(getattr(posting, name) for name in _PROOF)


def _known(session: Session, wanted: Sequence[Posting]) -> dict[tuple[str, ...], int]:
    if not wanted:
        return {}
    columns = [_POSTING.c[name] for name in _PROOF]
    query = core_select(*columns, _POSTING.c.transaction_id).where(tuple_(*columns).in_({_key(one) for one in wanted}))
    return {tuple(row[:-1]): row.transaction_id for row in session.connection().execute(query)}


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
