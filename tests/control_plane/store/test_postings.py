from dataclasses import replace
from datetime import date
from typing import Any

from connectors.contract import Posting
from control_plane.store import postings
from control_plane.store.database import Database
from control_plane.store.postings import Proof
from tests.stands.runtime import MORNING, CountingIds

POSTING = Posting(
    target="erp",
    company="1000",
    fiscal_year="2026",
    document_type="EX",
    number="17",
    posting_date=date(2026, 3, 16),
    reference="EXR-1",
    currency="EUR",
    total_minor=10_000,
)


def proof(transaction_id: int = 1, **changes: Any) -> Proof:
    return Proof(transaction_id, "DE01", replace(POSTING, **changes))


def add(database: Database, ids: CountingIds, *proofs: Proof) -> None:
    with database.write() as session:
        postings.add(session, ids, proofs, now=MORNING)


def reversal(number: str = "17", transaction_id: int = 1) -> Proof:
    return proof(transaction_id, number=f"R{number}", reverses=number)


def test_a_posting_is_kept_as_the_target_named_it(database: Database, ids: CountingIds) -> None:
    add(database, ids, proof(), proof(2, number="18", reference="EXR-2", total_minor=None))

    with database.read() as session:
        first, second = postings.rows_of(session, [1, 2, 3])
        assert postings.rows_of(session, []) == []
    assert postings.posting_of(first) == POSTING
    assert (second.transaction_id, second.total_minor, second.legal_entity_id) == (2, 0, "DE01")


def test_a_posting_that_is_there_already_is_left_as_it_is(database: Database, ids: CountingIds) -> None:
    add(database, ids, proof())
    add(database, ids, proof(total_minor=1), proof(number="18", reference="EXR-1/paid"))
    add(database, ids)

    with database.read() as session:
        found = postings.rows_of(session, [1])
    assert [(row.number, row.total_minor) for row in found] == [("17", 10_000), ("18", 10_000)]


def test_a_posting_proves_one_transaction(database: Database, ids: CountingIds) -> None:
    add(database, ids, proof())

    with database.read() as session:
        assert postings.proofs_of_others(session, [proof(), proof(2), proof(3, company="2000")]) == {2}
        assert postings.proofs_of_others(session, []) == frozenset()


def test_of_two_that_claim_one_posting_at_once_the_first_has_it(database: Database) -> None:
    with database.read() as session:
        assert postings.proofs_of_others(session, [proof(5), proof(4), proof(5)]) == {4}


def test_what_was_taken_back_stands_no_more(database: Database, ids: CountingIds) -> None:
    add(database, ids, proof(), proof(number="18", reference="EXR-1/paid"), proof(2, number="19", reference="EXR-2"))
    add(database, ids, reversal())

    with database.read() as session:
        standing = postings.standing(session, [1, 2, 3])
        assert postings.references_of(session, [1, 2]) == {1: {"EXR-1/paid"}, 2: {"EXR-2"}}
        assert postings.numbers_of(session, [1, 2]) == {1: "18", 2: "19"}
    assert {number: [row.number for row in rows] for number, rows in standing.items()} == {1: ["18"], 2: ["19"]}


def test_what_stands_nowhere_is_not_listed(database: Database, ids: CountingIds) -> None:
    add(database, ids, proof(), reversal())

    with database.read() as session:
        assert postings.standing(session, [1]) == {}
        assert postings.references_of(session, [1]) == {}


def test_a_posting_is_found_by_its_reference(database: Database, ids: CountingIds) -> None:
    add(database, ids, proof(), reversal(), proof(2, number="18", reference="EXR-2"))

    with database.read() as session:
        found = postings.by_reference(session, ["EXR-1", "EXR-9"])
    assert [(row.reference, row.number) for row in found] == [("EXR-1", "17")]


def test_the_payment_is_noted_on_the_posting(database: Database, ids: CountingIds) -> None:
    add(database, ids, proof(), proof(2, number="18", reference="EXR-2"))
    with database.write() as session:
        (row,) = postings.by_reference(session, ["EXR-1"])
        postings.set_payment_status(session, [row.id], "paid")
        postings.set_payment_status(session, [], "open")

    with database.read() as session:
        assert [row.payment_status for row in postings.rows_of(session, [1, 2])] == ["paid", ""]
