"""Reports as the earlier documents that later ones are compared with."""

from connectors.canonical.expense import ExpenseReport
from control_plane.domain.duplicates import content_hash, merchants_of, receipts_of
from control_plane.domain.verdict import Candidate


def candidate_of(transaction_id: int, report: ExpenseReport) -> Candidate:
    """Return a report as the earlier document that later ones are compared with."""
    return Candidate(
        transaction_id=transaction_id,
        source_id=report.source_id,
        document_number=report.document_number,
        employee_ref=report.employee.employee_ref,
        amount_minor=report.total.minor,
        currency=report.total.currency,
        document_date=report.document_date,
        content_hash=content_hash(report),
        merchants=merchants_of(report),
        receipts=receipts_of(report),
    )
