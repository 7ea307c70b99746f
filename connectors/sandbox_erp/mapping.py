"""Our postings in the sandbox ERP's words, its answers in ours."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors.canonical.money import InexactAmountError, UnknownCurrencyError, format_minor, parse_minor
from connectors.contract import Intent, Outcome, OutcomeKind, Posting, PostingLine, Reversal
from connectors.failures import Failure
from connectors.sandbox_erp.refusals import failure_of_rejection, unclear
from connectors.sandbox_erp.wire import Accepted, Booking, Document, Duplicate, Found, Rejected, Result


def document_of(intent: Intent) -> dict[str, Any]:
    """Return the document that the ERP is to book."""
    return {
        "reference": intent.reference,
        "source_document": intent.source_document,
        "company": intent.company,
        "ledger": intent.ledger,
        "document_type": intent.document_type,
        "posting_date": intent.posting_date.isoformat(),
        "document_date": intent.document_date.isoformat(),
        "currency": intent.currency,
        "text": intent.text or None,
        "lines": [_line_of(line, intent.currency) for line in intent.lines],
    }


def _line_of(line: PostingLine, currency: str) -> dict[str, Any]:
    return {
        "account": line.account,
        "party": line.party or None,
        "cost_center": line.cost_center or None,
        "project": line.project or None,
        "tax_code": line.tax_code or None,
        "debit": format_minor(line.debit_minor, currency),
        "credit": format_minor(line.credit_minor, currency),
        "text": line.text or None,
    }


def reversal_of(reversal: Reversal) -> dict[str, Any]:
    """Return the wish to reverse a posting; the reversal stands in the books under a reference of its own."""
    return {
        "reference": reversal_reference(reversal.reference),
        "company": reversal.posting.company,
        "fiscal_year": int(reversal.posting.fiscal_year),
        "number": reversal.posting.number,
        "posting_date": reversal.posting_date.isoformat(),
        "text": reversal.reason or None,
    }


def outcomes_of_posting(intents: Sequence[Intent], results: Iterable[Result], target: str) -> list[Outcome]:
    """Return one outcome per intent, in order; what the ERP does not speak of exactly once is unknown."""
    by_reference = _once(results)
    return [_posted(intent, by_reference.get(intent.reference), target) for intent in intents]


def _posted(intent: Intent, result: Result | None, target: str) -> Outcome:
    match result:
        case Booking(status="posted"):
            posting = Posting(
                target=target,
                company=intent.company,
                fiscal_year=str(result.fiscal_year),
                document_type=intent.document_type,
                number=result.number,
                posting_date=result.posting_date,
                reference=intent.reference,
                currency=intent.currency,
                total_minor=intent.total_minor,
            )
            return Outcome(intent.reference, OutcomeKind.POSTED, posting)
        case Accepted():
            return Outcome(intent.reference, OutcomeKind.ACCEPTED)
        case Duplicate():
            return _unknown(intent.reference, Failure("already_booked", detail=f"duplicate of {result.number}"))
        case Rejected():
            return Outcome(intent.reference, OutcomeKind.REJECTED, failure=failure_of_rejection(result))
        case _:
            return _unknown(intent.reference, unclear(f"not told once what became of it: {result}"))


def reversal_reference(reference: str) -> str:
    """Return the reference under which a posting's reversal stands in the books."""
    return f"{reference}-R"


def outcomes_of_reversal(reversals: Sequence[Reversal], results: Iterable[Result], target: str) -> list[Outcome]:
    """Return one outcome per reversal, in order, with the reversing document."""
    by_reference = _once(results)
    return [_taken_back(each, by_reference.get(reversal_reference(each.reference)), target) for each in reversals]


def _taken_back(reversal: Reversal, result: Result | None, target: str) -> Outcome:
    match result:
        case Booking(status="reversed" | "already_reversed"):
            posting = replace(
                reversal.posting,
                target=target,
                fiscal_year=str(result.fiscal_year),
                number=result.number,
                posting_date=result.posting_date,
                reverses=reversal.posting.number,
                is_reversed=False,
            )
            return Outcome(reversal.reference, OutcomeKind.POSTED, posting)
        case Rejected():
            return Outcome(reversal.reference, OutcomeKind.REJECTED, failure=failure_of_rejection(result))
        case _:
            return _unknown(reversal.reference, unclear(f"not told once what became of it: {result}"))


def outcomes_of_question(references: Sequence[str], documents: Sequence[Document], target: str) -> list[Outcome]:
    """Return one outcome per reference, in order, from everything that the ERP holds under them."""
    return [
        _found(reference, [each for each in documents if each.reference == reference], target)
        for reference in references
    ]


def _found(reference: str, documents: Sequence[Document], target: str) -> Outcome:
    booked = [_posting_of(each, target) for each in documents if isinstance(each, Found)]
    live = [posting for posting in booked if not posting.is_reversed]
    if booked:
        return Outcome(reference, OutcomeKind.POSTED, (live or booked)[0], surplus=tuple(live[1:]))
    match documents:
        case []:
            return Outcome(reference, OutcomeKind.ABSENT)
        case [*_, Rejected() as rejected]:
            return Outcome(reference, OutcomeKind.REJECTED, failure=failure_of_rejection(rejected))
        case _:
            return _unknown(reference, Failure("still_undecided"))


def postings_by_source(
    source_documents: Sequence[str], documents: Sequence[Document], target: str
) -> Mapping[str, tuple[Posting, ...]] | Failure:
    """Return the postings under each business object; one still undecided leaves the answer open."""
    if any(isinstance(each, Accepted) for each in documents):
        return Failure("still_undecided")
    booked = [each for each in documents if isinstance(each, Found)]
    return {
        source: tuple(_posting_of(each, target) for each in booked if each.source_document == source)
        for source in source_documents
    }


def _posting_of(document: Found, target: str) -> Posting:
    return Posting(
        target=target,
        company=document.company,
        fiscal_year=str(document.fiscal_year),
        document_type=document.document_type,
        number=document.number,
        posting_date=document.posting_date,
        reference=document.reference,
        currency=document.currency,
        total_minor=_minor(document.total, document.currency),
        is_reversed=document.status == "reversed",
    )


def _minor(amount: str, currency: str) -> int | None:
    try:
        return parse_minor(amount, currency)
    except (UnknownCurrencyError, InexactAmountError):
        return None


def _once(results: Iterable[Result]) -> dict[str, Result]:
    told: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        told[result.reference or ""].append(result)
    return {reference: same[0] for reference, same in told.items() if len(same) == 1}


def _unknown(reference: str, failure: Failure) -> Outcome:
    return Outcome(reference, OutcomeKind.UNKNOWN, failure=failure)
