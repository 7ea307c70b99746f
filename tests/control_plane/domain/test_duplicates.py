from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.canonical.coding import Coding
from connectors.canonical.expense import ExpenseJournal, ExpenseLine, ExpenseReport, ExpenseTax
from connectors.canonical.money import Money
from connectors.canonical.party import Approver, Employee, Payer
from control_plane.domain.duplicates import (
    Evidence,
    Likeness,
    content_hash,
    likenesses,
    mark_of,
    normalized,
    traces_of,
)
from tests.control_plane.domain.earlier import candidate_of

DAY = date(2026, 10, 12)
WINDOW = 7
SUSPECT = 70


def journal(minor: int, *taxes: ExpenseTax, account: str = "474120") -> ExpenseJournal:
    return ExpenseJournal(Payer.COMPANY, Payer.EMPLOYEE, minor, minor, minor, Coding(account), taxes)


def line(minor: int = 8990, merchant: str = "Hotel Elbe", receipt: str = "", kind: str = "LODNG") -> ExpenseLine:
    return ExpenseLine(1, "L1", kind, DAY, merchant=merchant, receipt_ref=receipt, journals=(journal(minor),))


def paper(*lines: ExpenseLine, source_id: str = "R-1", number: str = "RK-0815") -> ExpenseReport:
    lines = lines or (line(),)
    return ExpenseReport(
        source_system="concur",
        source_id=source_id,
        source_document_id=f"D-{source_id}",
        document_number=number,
        legal_entity_ref="1000",
        employee=Employee("E-003"),
        total=Money(sum(one.gross_minor for row in lines for one in row.journals), "EUR"),
        approved_at=None,
        document_date=DAY,
        lines=lines,
    )


FIRST = paper()
OTHER = replace(FIRST, source_id="R-2", source_document_id="D-2", document_number="RK-0900")


def moved(report: ExpenseReport, days: int) -> ExpenseReport:
    day = DAY + timedelta(days=days)
    lines = tuple(replace(one, transaction_date=day) for one in report.lines)
    return replace(report, document_date=day, lines=lines)


def compared(report: ExpenseReport, *earlier: ExpenseReport, per_diem: tuple[str, ...] = ()) -> list[Likeness]:
    candidates = [candidate_of(place, one) for place, one in enumerate(earlier, start=1)]
    return likenesses(traces_of(report, per_diem), candidates, window_days=WINDOW)


def likelihood(report: ExpenseReport, *earlier: ExpenseReport, per_diem: tuple[str, ...] = ()) -> int:
    return max((one.likelihood for one in compared(report, *earlier, per_diem=per_diem)), default=0)


SAME_CONTENT = [
    pytest.param(OTHER, id="another number"),
    pytest.param(replace(FIRST, source_system="mail", source_document_id="X"), id="another channel"),
    pytest.param(replace(FIRST, approvers=(Approver("E-001"),), title="Trip"), id="approval and title"),
    pytest.param(
        replace(FIRST, lines=(replace(FIRST.lines[0], line_ref="L9", line_number=9, receipt_ref="r9"),)),
        id="the ids of its lines",
    ),
    pytest.param(paper(replace(line(), journals=(journal(8990, account="1"),))), id="coding"),
    pytest.param(paper(line(merchant=" hotel-ELBE ")), id="how the merchant is written"),
]
OTHER_CONTENT = [
    pytest.param(replace(FIRST, employee=Employee("E-004")), id="another employee"),
    pytest.param(replace(FIRST, legal_entity_ref="2000"), id="another entity"),
    pytest.param(replace(FIRST, total=Money(8990, "USD")), id="another currency"),
    pytest.param(moved(FIRST, 1), id="another day"),
    pytest.param(paper(line(8991)), id="another amount"),
    pytest.param(paper(line(merchant="Hotel Spree")), id="another merchant"),
    pytest.param(paper(line(4000), line(4990)), id="split differently"),
    pytest.param(paper(replace(line(), journals=(journal(8990, ExpenseTax("V19", 100)),))), id="another tax"),
]


@pytest.mark.parametrize("other", SAME_CONTENT)
def test_ids_numbers_coding_and_spelling_do_not_change_the_content(other: ExpenseReport) -> None:
    assert content_hash(other) == content_hash(FIRST)


@pytest.mark.parametrize("other", OTHER_CONTENT)
def test_who_what_when_and_how_much_do(other: ExpenseReport) -> None:
    assert content_hash(other) != content_hash(FIRST)


def test_a_second_channel_may_send_the_lines_in_another_order() -> None:
    one, two = line(100, "Taxi"), line(200, "Rail")
    assert content_hash(paper(one, two)) == content_hash(paper(two, one))


@pytest.mark.parametrize(
    ("text", "normal"),
    [("RK-0815", "rk0815"), ("0000815", "815"), (" rk 0815/", "rk0815"), ("", ""), ("Straße 7", "strasse7")],
)
def test_numbers_and_names_are_compared_in_normal_form(text: str, normal: str) -> None:
    assert normalized(text) == normal


def test_the_same_content_under_another_id_is_exact() -> None:
    (found,) = compared(OTHER, FIRST)
    assert (found.is_exact, found.likelihood) == (True, 100)


def test_the_same_number_employee_and_amount_is_exact_whatever_else_differs() -> None:
    again = replace(moved(FIRST, 90), source_id="R-2", document_number="rk 0815", lines=(line(merchant="Elsewhere"),))
    (found,) = compared(again, FIRST)
    assert found.is_exact
    assert Evidence.SAME_NUMBER in found.evidence


def test_content_that_tells_nothing_but_an_amount_is_not_exact() -> None:
    thin = paper(line(merchant=""))
    (found,) = compared(replace(thin, source_id="R-2", document_number="RK-0900"), thin)
    assert not found.is_exact
    assert found.likelihood < SUSPECT


def test_two_receipts_of_the_same_content_are_two_expenses() -> None:
    (found,) = compared(paper(line(receipt="img-2"), source_id="R-2", number=""), paper(line(receipt="img-1")))
    assert not found.is_exact
    assert found.likelihood < SUSPECT


def test_a_document_without_any_number_does_not_share_it_with_another_one() -> None:
    (found,) = compared(replace(moved(OTHER, 1), document_number=""), replace(FIRST, document_number=""))
    assert Evidence.SAME_NUMBER not in found.evidence


SLIGHTLY_OTHER = [
    pytest.param(moved(OTHER, 1), id="the next day"),
    pytest.param(moved(OTHER, -WINDOW), id="a week before"),
    pytest.param(moved(OTHER, WINDOW), id="a week later"),
    pytest.param(replace(moved(OTHER, 2), document_number="RK-815-A"), id="a number with a suffix"),
    pytest.param(
        replace(moved(OTHER, 3), lines=(line(merchant="HOTEL ELBE"),)), id="a merchant written in another way"
    ),
    pytest.param(replace(OTHER, lines=(line(4000), line(4990))), id="the same total over other lines"),
    pytest.param(replace(moved(OTHER, 60), lines=(line(receipt="img-1"),)), id="the same receipt months later"),
    pytest.param(
        replace(moved(OTHER, 1), employee=Employee("E-004"), lines=(line(receipt="img-1"),)),
        id="the same receipt of a colleague",
    ),
]


@pytest.mark.parametrize("variant", SLIGHTLY_OTHER)
def test_a_planted_variant_is_a_suspect(variant: ExpenseReport) -> None:
    assert likelihood(variant, paper(line(receipt="img-1"))) >= SUSPECT


@settings(max_examples=200)
@given(
    st.integers(-WINDOW, WINDOW),
    st.sampled_from(["RK-0900", "", "rk 900", "X"]),
    st.sampled_from(["Hotel Elbe", "HOTEL  ELBE", "hotel-elbe"]),
    st.integers(1, 10**9),
)
def test_every_planted_variant_is_found(days: int, number: str, merchant: str, minor: int) -> None:
    variant = replace(moved(paper(line(minor, merchant)), days), source_id="R-2", document_number=number)
    assert likelihood(variant, paper(line(minor))) >= SUSPECT


INNOCENT = [
    pytest.param(replace(OTHER, total=Money(8991, "EUR")), id="another amount"),
    pytest.param(replace(OTHER, total=Money(8990, "USD")), id="another currency"),
    pytest.param(replace(moved(OTHER, WINDOW + 1), lines=(line(merchant="Elsewhere"),)), id="another place and time"),
    pytest.param(moved(OTHER, WINDOW + 1), id="too long ago"),
    pytest.param(
        replace(OTHER, employee=Employee("E-004"), lines=(line(merchant="Elsewhere"),)), id="a stranger elsewhere"
    ),
    pytest.param(replace(moved(OTHER, 1), document_date=None, lines=(line(),)), id="no date"),
]


@pytest.mark.parametrize("other", INNOCENT)
def test_what_has_nothing_in_common_is_left_alone(other: ExpenseReport) -> None:
    assert likelihood(other, FIRST) == 0


def test_other_versions_of_the_same_object_are_no_repetition() -> None:
    assert compared(replace(FIRST, source_document_id="D-2"), FIRST) == []


def series(step: int, length: int) -> list[ExpenseReport]:
    return [
        replace(moved(FIRST, -step * place), source_id=f"S-{place}", document_number=f"N-{place}")
        for place in range(1, length + 1)
    ]


def test_a_weekly_series_is_explained_and_demoted() -> None:
    (found, *_) = compared(OTHER, *series(7, 3))
    assert Evidence.RECURRING in found.evidence
    assert found.likelihood < SUSPECT


@pytest.mark.parametrize("earlier", [series(7, 1), series(2, 3)], ids=["one earlier document", "every other day"])
def test_what_is_no_series_is_not_excused(earlier: list[ExpenseReport]) -> None:
    assert likelihood(OTHER, *earlier) >= SUSPECT


def test_uneven_distances_are_no_series() -> None:
    earlier = [replace(moved(FIRST, -days), source_id=f"S{days}", document_number=f"N{days}") for days in (6, 40)]
    assert likelihood(OTHER, *earlier) >= SUSPECT


def test_a_document_without_a_date_continues_no_series() -> None:
    undated = replace(OTHER, document_date=None)
    assert all(Evidence.RECURRING not in one.evidence for one in compared(undated, *series(7, 3)))


def test_a_repeated_receipt_is_no_excuse_even_in_a_series() -> None:
    earlier = [replace(one, lines=(line(receipt="img-1"),)) for one in series(7, 3)]
    again = replace(OTHER, lines=(line(receipt="img-1"),))
    assert likelihood(again, *earlier) >= SUSPECT


def test_daily_allowances_repeat_by_nature() -> None:
    allowance = paper(line(2800, "", kind="DAILY"))
    again = replace(allowance, source_id="R-2", document_number="RK-0900")
    (found, *_) = compared(again, allowance, per_diem=("DAILY",))
    assert Evidence.PER_DIEM in found.evidence
    assert (found.is_exact, found.likelihood < SUSPECT) == (False, True)


def test_colleagues_who_split_a_bill_are_no_suspects() -> None:
    colleague = replace(OTHER, employee=Employee("E-004"))
    (found,) = compared(colleague, FIRST)
    assert Evidence.SPLIT_BILL in found.evidence
    assert found.likelihood < SUSPECT


def test_suspects_are_ranked_by_likelihood_times_amount() -> None:
    found = compared(
        moved(OTHER, 1), replace(FIRST, lines=(line(merchant="Elsewhere"),)), replace(FIRST, source_id="R-9")
    )
    assert [one.candidate.transaction_id for one in found] == [2, 1]
    assert [one.rank for one in found] == [one.likelihood * 8990 for one in found]


def test_a_candidate_keeps_what_later_documents_are_compared_with() -> None:
    kept = candidate_of(7, paper(line(receipt="img-1"), replace(line(), card_transaction_ref="card-9")))
    assert kept.transaction_id == 7
    assert kept.merchants == {mark_of("hotelelbe")}
    assert kept.receipts == {mark_of("card-9"), mark_of("img-1")}
    assert kept.content_hash == content_hash(paper(line(), line()))
