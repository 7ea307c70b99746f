from hashlib import sha256

from connectors.failures import Failure
from control_plane.domain.cause import cause_of


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
