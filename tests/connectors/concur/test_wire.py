from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.concur.listing import DriftedListingError, Listing, MalformedListingError, listing_of
from connectors.concur.wire import DocType, DocumentKey, UnreadableDocumentError, read_document, storable
from connectors.twins.expense.exact import exact_bytes

STORABLE = st.characters(exclude_categories=["Cs"])
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcé\n", max_size=4), inner, max_size=4),
    max_leaves=12,
)


def test_fractions_are_exact_to_the_last_digit() -> None:
    document = read_document(b'{"amount": 0.1000000000000000055, "zero": 0E-8, "whole": 55}')
    assert document == {"amount": Decimal("0.1000000000000000055"), "zero": Decimal("0E-8"), "whole": 55}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "it is not JSON (Expecting value, line 1, column 1)"),
        (b"[]", "it is not a JSON object"),
        (b"\xff", "it is not UTF-8"),
        (b'{"a": NaN}', "NaN is not a number"),
        (b'{"a": -Infinity}', "-Infinity is not a number"),
        (b'{"a": {"total": 1, "total": 2}}', "total stands in it twice"),
        (b'{"a": "\\u0000"}', "it holds characters that no database stores"),
        (b'{"a": ["\\ud83d"]}', "it holds characters that no database stores"),
        (b'{"\\u0000": 1}', "it holds characters that no database stores"),
        (b'{"a": ' + b"[" * 100_000, "it is nested too deeply"),
        (b'{"a": 1' + b"0" * 5000 + b"}", "it holds a number that is too long"),
        (b'{"a": 1E99999999999999999999}', "it holds a number that is too long"),
    ],
)
def test_what_cannot_be_read_without_guessing_is_refused_with_a_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(UnreadableDocumentError) as refused:
        read_document(payload)
    assert str(refused.value) == reason


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    with suppress(UnreadableDocumentError):
        assert isinstance(read_document(payload), dict)


@pytest.mark.parametrize("key", [DocumentKey(DocType.EXPENSE, "d1"), DocumentKey(DocType.CASH_ADVANCE, "d1")])
def test_a_key_is_read_as_it_was_written(key: DocumentKey) -> None:
    assert DocumentKey.parse(str(key)) == key


def test_the_key_of_an_expense_report_is_the_id_alone() -> None:
    assert str(DocumentKey(DocType.EXPENSE, "d1")) == "d1"
    assert DocumentKey.parse("other/d1") == DocumentKey(DocType.EXPENSE, "other/d1")


@pytest.mark.parametrize("value", [None, True, "", "  ", "a\x00b", "\ud83d", "x" * 129, ["d1"], {"id": "d1"}])
def test_what_cannot_be_an_id_is_none(value: object) -> None:
    assert storable(value) == ""


# --------------------------------------------------------------------------------------------------- listings


def test_items_are_cut_out_byte_by_byte() -> None:
    body = b'\n{ "page" : {"number":0}, "content" : [ {"a": 1.10, "a": 2 } , "\xc3\xa9" ,\t[ ] ] , "links" : [] }\n'
    listing = listing_of(body, "content")
    assert [item.payload for item in listing.items] == [b'{"a": 1.10, "a": 2 }', b'"\xc3\xa9"', b"[ ]"]
    assert listing.beside == {"page": {"number": "0"}, "links": []}


@given(st.lists(JSON, max_size=5), st.dictionaries(st.sampled_from(["page", "links", "x"]), JSON))
def test_every_item_is_found_whatever_it_holds(items: list[object], beside: dict[str, object]) -> None:
    listing = listing_of(exact_bytes({**beside, "content": items}), "content")
    assert [item.payload for item in listing.items] == [exact_bytes(item) for item in items]
    assert set(listing.beside) == set(beside)


@given(JSON, st.data())
def test_an_answer_that_was_cut_off_is_never_taken_for_whole(item: object, data: st.DataObject) -> None:
    body = exact_bytes({"content": [item], "links": []})
    cut = data.draw(st.integers(0, len(body) - 1))
    with pytest.raises(MalformedListingError):
        listing_of(body[:cut], "content")


@given(st.binary(max_size=200))
def test_any_answer_is_a_listing_or_none(body: bytes) -> None:
    with suppress(MalformedListingError, DriftedListingError):
        assert isinstance(listing_of(body, "content"), Listing)


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'{"content": []', b'{"content": []} {}', b'{"content" []}'])
def test_what_is_no_object_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedListingError):
        listing_of(body, "content")


@pytest.mark.parametrize("body", [b"{}", b'{"content": null}', b'{"content": {"a": 1}}', b'{"documents": []}'])
def test_a_list_that_is_missing_is_drift(body: bytes) -> None:
    with pytest.raises(DriftedListingError):
        listing_of(body, "content")
