from hashlib import sha256

import pytest

from connectors.failures import Failure, unknown_answer
from control_plane.domain.cause import Record, cause_of, record_of


def fingerprint(code: str, path: str = "", step: str = "bind", **values: str) -> str:
    return cause_of("expense_report", step, Failure(code, values, path)).fingerprint


def test_the_values_of_the_single_case_do_not_count() -> None:
    one = fingerprint("inactive_master_data", "lines.3.project", value="P-13")
    assert one == fingerprint("inactive_master_data", "lines.12.project", value="P-14")


def test_step_code_and_field_count() -> None:
    causes = {
        fingerprint("inactive_master_data", "lines.1.project"),
        fingerprint("inactive_master_data", "lines.1.account"),
        fingerprint("missing_binding", "lines.1.project"),
        fingerprint("inactive_master_data", "lines.1.project", step="deliver"),
    }
    assert len(causes) == 4


def test_a_code_is_normalized() -> None:
    assert cause_of("expense_report", "deliver", Failure(" Ledger-Locked! ")).code == "ledger_locked"


def test_a_cause_is_shown_in_clear_with_its_kind() -> None:
    cause = cause_of("expense_report", "bind", Failure("missing_binding", field_path="lines.7.tax_code"))
    assert cause.clear == "expense_report | bind | rejected | missing_binding | lines.*.tax_code"


def test_a_fingerprint_says_how_it_was_made_and_stays_the_same() -> None:
    clear = "expense_report | bind | rejected | missing_binding | lines.*.tax_code"
    assert fingerprint("missing_binding", "lines.7.tax_code") == f"v1:{sha256(clear.encode()).hexdigest()}"


def test_the_places_in_the_targets_own_words_are_left_out_too() -> None:
    first = cause_of("expense_report", "post", Failure("inactive_master_data", field_path="lines[0].project"))
    later = cause_of("expense_report", "post", Failure("inactive_master_data", field_path="lines[17].project"))
    assert first.fingerprint == later.fingerprint
    assert first.field_path == "lines[*].project"


@pytest.mark.parametrize(
    ("failure", "record"),
    [
        (Failure("inactive_master_data", {"value": "P-5"}, "lines.2.project"), Record("project", "P-5")),
        (Failure("missing_binding", {"value": "4711"}, "lines.1.account"), Record("gl_account", "4711")),
        (
            Failure("missing_binding", {"value": "E-9", "domain": "employee"}, "lines[0].party"),
            Record("employee", "E-9"),
        ),
        (Failure("closed_period", {"value": "2026-03"}, "posting_date"), Record("period", "2026-03")),
        (Failure("unmapped_legal_entity", {"value": "0021"}, "legal_entity"), Record("legal_entity", "0021")),
        (unknown_answer("TX-17", "No tax key"), Record("answer", "TX-17")),
        (Failure("missing_binding", {"value": "x"}, "lines.1.color"), Record()),
        (Failure("inactive_master_data", {}, "lines.1.project"), Record()),
        (Failure("total_mismatch", {"value": "P-5"}, "lines.1.project"), Record()),
    ],
)
def test_the_record_that_a_document_waits_for_is_read_from_its_failure(failure: Failure, record: Record) -> None:
    assert record_of(failure) == record


def test_an_endless_key_is_cut_to_what_an_index_holds() -> None:
    assert len(record_of(Failure("missing_binding", {"value": "P" * 5000}, "lines.1.project")).code) == 200
