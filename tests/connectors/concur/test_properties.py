"""Whatever amounts a document has: they are kept to the last unit, no float touches them, shares sum up."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connectors.canonical.money import format_minor
from connectors.concur.answers import ACKNOWLEDGEMENT, PAYMENT, POSTING, receipt_of
from connectors.concur.fields import Fields
from connectors.concur.handover import STREAMS, Cursor
from connectors.concur.taxes import taxes_of
from connectors.concur.translation import translation_of
from connectors.contract import Document, ReceiptStatus, Unreadable
from connectors.twins.expense.exact import exact_bytes
from tests.connectors.concur.documents import (
    Words,
    a_journal,
    a_tax,
    an_allocation,
    an_entry,
    an_expense,
    envelope_with,
    report_of,
)

CURRENCIES = st.sampled_from(["EUR", "JPY", "KWD", "CLF", "USD"])
MINOR = st.integers(-(10**12), 10**12)
SIDES = st.sampled_from([("COMP", "EMPL"), ("COMP", "CBCP"), ("EMPL", "COMP"), ("COPD", "COMP"), ("COMP", "IBCP")])


def amount(minor: int, currency: str) -> Decimal:
    return Decimal(format_minor(minor, currency))


@given(CURRENCIES, st.lists(st.tuples(MINOR, MINOR, MINOR, SIDES), min_size=1, max_size=6))
def test_every_journal_keeps_every_amount(currency: str, journals: list[tuple[int, int, int, tuple[str, str]]]) -> None:
    words = [
        a_journal(
            amount(gross, currency),
            *sides,
            amountNetOfReclaim=amount(reclaim, currency),
            amountNetOfTax=amount(net, currency),
        )
        for gross, reclaim, net, sides in journals
    ]
    document = an_expense(
        an_entry(an_allocation(*words), approved=0), total=None, report={"employeeCurrencyAlphaCode": currency}
    )
    report = report_of(document)
    read = [(each.gross_minor, each.net_of_reclaim_minor, each.net_of_tax_minor) for each in report.journals]
    assert read == [(gross, reclaim, net) for gross, reclaim, net, _ in journals]
    assert report.total.minor == sum(gross for gross, *_ in journals)


@given(CURRENCIES, MINOR, st.integers(1, 9))
def test_an_amount_with_one_decimal_too_many_is_refused_and_never_rounded(
    currency: str, minor: int, crumb: int
) -> None:
    stated = amount(minor, currency)
    exponent = stated.as_tuple().exponent
    assert isinstance(exponent, int)
    crumbled = stated + Decimal(crumb).scaleb(exponent - 1)
    document = an_expense(total=crumbled, report={"employeeCurrencyAlphaCode": currency})
    said = translation_of(envelope_with(exact_bytes(document)), Fields())
    assert isinstance(said, Unreadable)
    assert ("inexact_amount", str(crumbled)) in {(each.code, each.values.get("value")) for each in said.failures}


@given(st.decimals(allow_nan=False, allow_infinity=False), st.decimals(allow_nan=False, allow_infinity=False))
def test_no_float_ever_touches_a_document(total: Decimal, rate: Decimal) -> None:
    said = translation_of(
        envelope_with(exact_bytes(an_expense(an_entry(entryExchangeRate=rate), total=total))), Fields()
    )
    if isinstance(said, Document):
        assert not [value for value in leaves(asdict(said)) if isinstance(value, float)]


def leaves(value: object) -> list[object]:
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    if isinstance(value, list | tuple):
        return [leaf for inner in value for leaf in leaves(inner)]
    return [value]


@st.composite
def taxed_allocations(draw: st.DrawFn) -> Words:
    """Return an allocation whose taxes and journals agree: what the journals hold of tax is what the taxes say."""
    shares = draw(st.lists(st.lists(st.integers(0, 10_000), min_size=3, max_size=3), min_size=1, max_size=4))
    sign = draw(st.sampled_from([1, -1]))
    count = draw(st.integers(1, 3))
    columns = [sign * sum(row[place] for row in shares) for place in range(count)]
    guids = [f"T{place}" for place in range(count)]
    journals = []
    for row in shares:
        tax = sign * sum(row[:count])
        gross = tax + sign * draw(st.integers(0, 10**6))
        net = amount(gross - tax, "EUR")
        journals.append(a_journal(amount(gross, "EUR"), amountNetOfReclaim=net, amountNetOfTax=net, taxGuid=guids))
    taxes = [
        a_tax(amount(column, "EUR"), amount(column, "EUR"), guid, code=guid)
        for column, guid in zip(columns, guids, strict=True)
    ]
    return an_allocation(*journals, taxes=taxes)


@given(taxed_allocations())
def test_shared_taxes_sum_to_each_tax_and_to_each_journal(allocation: Words) -> None:
    shared = taxes_of(allocation, "EUR", Fields())
    for place, tax in enumerate(allocation["tax"]):
        assert sum(of_journal[place].amount_minor for of_journal in shared) == tax["amountTax"] * 100
        assert sum(of_journal[place].reclaimable_minor for of_journal in shared) == tax["amountReclaim"] * 100
    for journal, of_journal in zip(allocation["journal"], shared, strict=True):
        held = (journal["amountGross"] - journal["amountNetOfTax"]) * 100
        assert sum(tax.amount_minor for tax in of_journal) == held


@given(st.lists(MINOR, min_size=1, max_size=4), st.lists(st.tuples(MINOR, MINOR), max_size=3))
def test_a_tax_is_never_lost_whatever_the_journals_say(grosses: list[int], taxes: list[tuple[int, int]]) -> None:
    words = [a_tax(amount(whole, "EUR"), amount(part, "EUR"), None) for whole, part in taxes]
    allocation = an_allocation(*[a_journal(amount(gross, "EUR")) for gross in grosses], taxes=words)
    shared = taxes_of(allocation, "EUR", Fields())
    told = [
        (
            sum(of_journal[place].amount_minor for of_journal in shared),
            sum(of_journal[place].reclaimable_minor for of_journal in shared),
        )
        for place in range(len(taxes))
    ]
    assert told == taxes


@given(
    st.sampled_from([ACKNOWLEDGEMENT, POSTING, PAYMENT]),
    st.none() | st.dictionaries(st.sampled_from(["code", "acknowledgeResult"]), st.none() | st.integers() | st.text()),
)
def test_any_answer_is_a_receipt_and_only_a_known_one_is_done(question: Any, item: Words | None) -> None:
    receipt = receipt_of("d1", item, question)
    is_known = item is not None and (item.get("code") in question.by_code or item.get("acknowledgeResult") == "SUCCESS")
    assert is_known or receipt.status is not ReceiptStatus.DONE
    assert (receipt.failure is None) is (receipt.status in {ReceiptStatus.DONE, ReceiptStatus.RECALLED})


@given(st.sampled_from(list(STREAMS.values())), st.text())
def test_any_text_is_a_cursor_or_the_beginning(stream: Any, text: str) -> None:
    cursor = Cursor.parse(text, stream)
    assert cursor.queue < len(stream.queues)
    assert Cursor.parse(str(cursor), stream) == cursor
