"""The work W(n), and the books that say what became of it."""

from typing import Any

import orjson

from bench.books import Books
from bench.peers import business
from bench.work import Fate, document, envelope, expected, fate_of, key_in, key_of, report, subject_of
from connectors.contract import Document
from connectors.events.translation import translation_of

COUNT = 1000


def call(number: int) -> list[dict[str, Any]]:
    """Return the documents of one call, as they go to the ERP."""
    documents: list[dict[str, Any]] = orjson.loads(business.erp_call(subject_of(number), report(key_of(number))))[
        "documents"
    ]
    return documents


def test_an_expense_has_about_1200_bytes() -> None:
    assert all(1_000 <= len(document(number)) <= 1_300 for number in range(COUNT))


def test_every_fiftieth_says_again_what_an_earlier_one_said() -> None:
    repeated = [number for number in range(COUNT) if key_of(number) != number]
    assert len(repeated) == COUNT / 50
    assert all(document(number) == document(key_of(number)) for number in repeated)
    assert len({subject_of(number) for number in range(COUNT)}) == COUNT
    assert all(key_in(subject_of(number)) == key_of(number) for number in range(COUNT))


def test_two_of_a_hundred_keys_are_away_once_and_one_is_refused() -> None:
    fates = [fate_of(number) for number in range(COUNT)]
    assert (fates.count(Fate.AWAY_ONCE), fates.count(Fate.REFUSED)) == (20, 10)
    assert all(fate_of(number) is Fate.BOOKED for number in range(COUNT) if number % 50 in {24, 49})


def test_every_expense_is_readable_and_stands_in_the_lists() -> None:
    for number in range(COUNT):
        assert isinstance(translation_of(envelope(number)), Document)
        assert business.enriched(business.read(document(number))).group_amount


def test_books_that_hold_everything_once_miss_nothing() -> None:
    books = Books()
    for key in sorted(expected(COUNT)):
        books.post(call(key))
    assert books.toll(COUNT) == {"lost": 0, "doubled": 0, "booked": len(expected(COUNT))}


def test_what_is_booked_twice_or_as_a_repetition_is_doubled_and_what_is_missing_is_lost() -> None:
    books = Books()
    for number in sorted(expected(COUNT) - {3}):
        books.post(call(number))
    books.post(call(5))
    books.post(call(49))
    assert books.toll(COUNT) == {"lost": 1, "doubled": 2, "booked": len(expected(COUNT)) + 1}


def test_an_away_key_is_put_off_once_and_a_refused_one_is_never_booked() -> None:
    books = Books()
    assert [books.is_away_for(call(7)) for _ in range(2)] == [True, False]
    (result,) = books.post(call(13))
    assert (result["status"], books.times.total()) == ("rejected", 0)
    assert expected(COUNT, has_fates=False) - expected(COUNT) == {
        number for number in range(COUNT) if number % 100 == 13
    }


def test_what_is_booked_is_found_by_its_reference_and_by_its_source() -> None:
    books = Books()
    (document_,) = call(1)
    books.post([document_])
    (found,) = books.find({"references": [document_["reference"], "unknown"]})
    assert (found["number"], found["total"]) == ("0000000001", report(1)["total"]["amount"])
    assert books.find({"source_documents": [subject_of(1)]}) == [found]
