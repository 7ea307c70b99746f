"""What is read again is corrected again; where the correction meets another text, a person is asked."""

from connectors.contract import Document, Recall, Unreadable
from connectors.failures import Failure
from control_plane.domain.correction import Change
from control_plane.engine.understand import as_corrected
from tests.control_plane.flows.factories import report
from tests.stands.runtime import MORNING

TITLED = Document("expense_report.approved.v1", report(title="Trip"), "1")


def test_a_document_says_what_it_was_corrected_to() -> None:
    said = as_corrected(TITLED, [Change("title", "Trip", "Tour"), Change("title", "Tour", "Trip to Porto")])
    assert isinstance(said, Document)
    assert said.content.title == "Trip to Porto"  # type: ignore[union-attr]  # a report


def test_a_correction_that_meets_another_text_is_a_persons_business() -> None:
    said = as_corrected(TITLED, [Change("title", "Travel", "Tour")])
    assert isinstance(said, Unreadable)
    assert [failure.code for failure in said.failures] == ["correction_outdated"]
    assert said.source_id == TITLED.content.source_id  # type: ignore[union-attr]  # a report


def test_what_is_no_report_stays_as_it_is() -> None:
    unreadable = Unreadable((Failure("unreadable_document"),))
    recall = Document("expense_report.recalled.v1", Recall("concur", "R1", "", MORNING), "1")
    assert as_corrected(unreadable, [Change("title", "a", "b")]) is unreadable
    assert as_corrected(recall, [Change("title", "a", "b")]) is recall
