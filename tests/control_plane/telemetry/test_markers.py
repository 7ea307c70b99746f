"""What must never be told is planted everywhere a document or a system could carry it."""

from decimal import Decimal
from typing import Any

from control_plane.telemetry.redaction import keep_secret
from tests.control_plane.telemetry.told import Lines, Spans
from tests.stands.claims import claim
from tests.stands.world import GRACE, World

NAME, IBAN = "Zerlinde Markerova", "DE89370400440532013000"
SECRETS = ("sandbox-secret", "sandbox-key")


def _planted(report: str, **more: Any) -> dict[str, Any]:
    envelope = claim(report)
    words = envelope["document"]
    words["employee"] |= {"employeeFirstName": NAME, "employeeLastName": NAME} | more
    words["report"]["reportName"] = f"{NAME} {IBAN}\n\x1b[31m"
    words["expenseEntry"][0]["entryVendorDescription"] = f"{IBAN} of {NAME}"
    return envelope


async def test_no_secret_no_name_and_no_account_reaches_a_line_or_a_span(w: World, spans: Spans, lines: Lines) -> None:
    keep_secret(SECRETS)
    unreadable = _planted("R4")
    unreadable["document"]["report"]["totalApprovedAmount"] = Decimal("1.234567")
    await w.approve(_planted("R1"), _planted("R2", employeeId=NAME), _planted("R3"), unreadable)
    await w.faults(
        "erp",
        [
            {"kind": "html", "moment": "after", "path": "/v1/documents$", "count": 1},
            {"kind": "status", "status": 503, "path": "/v1/documents$", "count": 1},
        ],
    )
    await w.pull("concur", "expense_reports")
    await w.settle_over(GRACE, turns=4)

    assert {"posted", "on_hold", "failed"} <= {row.state for row in await w.transactions()}
    told = [*lines.texts, *(span.to_json() for span in spans.ours())]
    assert len(spans.ours()) > 10
    assert [text for text in told for marker in (NAME, NAME.split()[1], IBAN, *SECRETS) if marker in text] == []
