from collections.abc import Mapping
from typing import Any

import pytest

from control_plane.proof.books import Approved, Booked, approved_of, booked_of


def _version(**told: object) -> dict[str, object]:
    return {
        "id": "doc1",
        "approved_amount": "119.00",
        "journal_amount": "119.00",
        "currency": "EUR",
        "acknowledged_at": "2026-11-16T09:00:00Z",
        **told,
    }


def _read(told: Mapping[str, str | None] | None = None, *, doc_type: str = "expense") -> Approved:
    document = {"doc_type": doc_type, "business_id": "report1", "versions": [_version(**(told or {}))]}
    (found,) = approved_of({"documents": [document]})
    return found


def _line(account: str, debit: str = "0.00", credit: str = "0.00") -> dict[str, str]:
    return {"account": account, "debit": debit, "credit": credit}


def _document(**told: Any) -> dict[str, Any]:
    return {
        "kind": "posting",
        "reference": "EXR-1000-concur-report1-1",
        "source_document": "report1",
        "currency": "EUR",
        "reversal": None,
        "lines": [_line("474120", "100.00"), _line("154000", "19.00"), _line("331000", credit="119.00")],
        **told,
    }


def test_an_approved_version_is_named_as_we_name_it() -> None:
    assert _read() == Approved("doc1", "report1", is_advance=False, currency="EUR", amount_minor=11900, is_ours=True)
    assert _read(doc_type="cashadvance").document_id == "cashadvance/doc1"


def test_what_was_never_acknowledged_is_not_ours() -> None:
    assert not _read({"acknowledged_at": None}).is_ours


def test_where_the_total_is_open_the_journals_are_the_amount() -> None:
    assert _read({"approved_amount": None, "journal_amount": "-50"}).amount_minor == -5000


@pytest.mark.parametrize(
    "told",
    [
        {"currency": "XQZ"},
        {"currency": None},
        {"approved_amount": "185.4704"},
        {"approved_amount": None, "journal_amount": None},
        {"approved_amount": "NaN"},
    ],
)
def test_an_amount_that_its_currency_cannot_hold_is_none(told: dict[str, str | None]) -> None:
    assert _read(told).amount_minor is None


def test_a_posting_counts_with_its_costs_and_its_tax() -> None:
    assert list(booked_of({"documents": [_document()]})) == [
        Booked("EXR-1000-concur-report1-1", "report1", "EUR", 11900, 0, is_reversed=False)
    ]


def test_an_advance_counts_on_its_own_account() -> None:
    (found,) = booked_of({"documents": [_document(lines=[_line("182000", "80.00"), _line("331000", credit="80.00")])]})

    assert (found.cost_minor, found.advance_minor) == (0, 8000)


def test_a_reversal_stands_with_what_it_reverses() -> None:
    reversed_one = _document(reversal={"number": "0000000018"})

    found = list(booked_of({"documents": [reversed_one, _document(kind="reversal")]}))

    assert [one.is_reversed for one in found] == [True]
