from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.canonical.expense import ExpenseJournal, ExpenseReport, ExpenseTax
from connectors.canonical.party import Payer
from connectors.contract import Intent
from control_plane.flows.posting import groups_of
from control_plane.flows.steps.bind import bind
from control_plane.flows.steps.route import route
from tests.control_plane.flows.factories import CONTROL, TRIP, case, journal, known, line, report

OTHERS = [payer for payer in Payer if payer is not Payer.COMPANY]
SIDES: list[tuple[Payer, Payer]] = [(Payer.COMPANY, payee) for payee in OTHERS]
SIDES += [(payer, Payer.COMPANY) for payer in OTHERS]
SIDES += [(Payer.CASH_ADVANCE, Payer.EMPLOYEE), (Payer.EMPLOYEE, Payer.CASH_ADVANCE)]
MINOR = st.integers(-(10**9), 10**9)


@st.composite
def journals(draw: st.DrawFn) -> ExpenseJournal:
    payer, payee = draw(st.sampled_from(SIDES))
    taxes = draw(st.lists(st.builds(ExpenseTax, st.just("V19"), MINOR, st.sampled_from([0, 5, -5])), max_size=2))
    account = draw(st.sampled_from(["474120", "474130", ""]))
    return journal(draw(MINOR), payee, payer, taxes=tuple(taxes), account_ref=account)


@st.composite
def reports(draw: st.DrawFn) -> ExpenseReport:
    rows = draw(st.lists(st.lists(journals(), min_size=1, max_size=3), min_size=1, max_size=4))
    kinds = st.sampled_from(["LODNG", "CASH_ADVANCE"])
    return report(
        *(
            line(*row, line_number=place, expense_type=draw(kinds), is_personal=draw(st.booleans()))
            for place, row in enumerate(rows, start=1)
        ),
    )


def posted(paper: ExpenseReport) -> tuple[Intent, ...]:
    facts = known(policy={"accounts": {"default": "474100"}})
    bound = bind(case(paper, posting_date=TRIP), facts)
    verdict = route(bound.case, facts)
    assert (bound.failures, verdict.failures) == ((), ())
    return verdict.intents


@settings(max_examples=30)
@given(reports())
def test_every_document_balances_and_every_line_has_one_side(paper: ExpenseReport) -> None:
    for intent in posted(paper):
        assert sum(one.debit_minor for one in intent.lines) == sum(one.credit_minor for one in intent.lines)
        assert all(min(one.debit_minor, one.credit_minor) == 0 for one in intent.lines)
        assert all(one.debit_minor >= 0 <= one.credit_minor for one in intent.lines)


@settings(max_examples=30)
@given(reports())
def test_references_are_unique_and_depend_on_payer_and_payee_only(paper: ExpenseReport) -> None:
    references = [intent.reference for intent in posted(paper)]
    assert len(set(references)) == len(references) <= len(groups_of(paper))


@settings(max_examples=30)
@given(reports())
def test_reclaimed_tax_stands_in_tax_lines_and_nowhere_else(paper: ExpenseReport) -> None:
    intents = posted(paper)
    tax_lines = [one for intent in intents for one in intent.lines if one.account == CONTROL["input_tax"]]
    assert all(one.tax_code for one in tax_lines)
    assert not any(one.tax_code for intent in intents for one in intent.lines if one.account != CONTROL["input_tax"])


@settings(max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(SIDES[:5]), MINOR), min_size=1, max_size=8))
def test_the_parts_together_are_worth_the_report(parts: list[tuple[tuple[Payer, Payer], int]]) -> None:
    paper = report(*(line(journal(minor, payee, payer)) for (payer, payee), minor in parts))
    lines = [one for intent in posted(paper) for one in intent.lines]
    costs = sum(one.debit_minor - one.credit_minor for one in lines if one.account == "474120")
    owed = sum(one.credit_minor - one.debit_minor for one in lines if one.account in CONTROL.values())
    assert costs == owed == paper.total.minor
