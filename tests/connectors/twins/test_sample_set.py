"""The sample set has every case, adds up, is the same for the same seed, and fits the sandbox ERP."""

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from connectors.twins.erp.master_data import Seed, items, manager_of
from connectors.twins.expense.reading import facts_of
from connectors.twins.expense.sample_group import CLAIMANTS, approver_of
from connectors.twins.expense.sample_set import CASES, Sample, as_json, sample_set, trickle
from tests.connectors.twins.in_process import TRANSACTIONS, Twin

BROKEN = {"wrong_total", "schema_violation"}
SAMPLES = sample_set()
CODES = {(item.domain, item.code): item for item in items(Seed())}


def journals(document: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for entry in document.get("expenseEntry", []):
        for allocation in entry["allocation"]:
            for journal in allocation["journal"]:
                yield allocation, journal


def whole(*but: str) -> list[Sample]:
    return [sample for sample in SAMPLES if sample.case not in {"schema_violation", *but}]


def test_the_set_is_large_and_has_every_case() -> None:
    cases = Counter(sample.case for sample in SAMPLES)

    assert len(SAMPLES) >= 500
    assert len(cases) == len(CASES) + 2
    assert sum(sample.is_recalled for sample in SAMPLES) == 4


def test_the_same_seed_makes_the_same_set() -> None:
    assert as_json(sample_set()) == as_json(SAMPLES)
    assert as_json(sample_set(seed=7)) != as_json(SAMPLES)


def test_no_two_documents_share_an_id_or_a_report() -> None:
    assert len({sample.id for sample in SAMPLES}) == len(SAMPLES)
    reports = [facts_of(sample.envelope["document"]).business_id for sample in SAMPLES]
    advances = sum(sample.case == "advance_issued" for sample in SAMPLES)
    assert len(set(reports)) == len(SAMPLES)
    assert advances == 12


def test_journals_sum_to_the_approved_total() -> None:
    for sample in whole(*BROKEN):
        facts = facts_of(sample.envelope["document"])
        assert Decimal(facts.approved_amount or "x") == Decimal(facts.journal_amount or "x"), sample.case


def test_gross_is_net_plus_tax_in_every_journal() -> None:
    for sample in whole():
        for allocation, journal in journals(sample.envelope["document"]):
            named = [tax for tax in allocation["tax"] if tax["taxGuid"] in journal["taxGuid"]]
            assert journal["amountGross"] == journal["amountNetOfTax"] + sum(tax["amountTax"] for tax in named)
            assert journal["amountGross"] == journal["amountNetOfReclaim"] + sum(tax["amountReclaim"] for tax in named)


def test_an_advance_is_settled_and_returned_to_the_last_cent() -> None:
    advances = {
        sample.envelope["document"]["cashAdvanceData"]["cashAdvanceId"]: sample.envelope["document"]["cashAdvanceData"]
        for sample in SAMPLES
        if sample.case == "advance_issued"
    }
    settling = [sample for sample in SAMPLES if sample.case.startswith(("advance_settled", "advance_returned"))]
    for sample in settling:
        document = sample.envelope["document"]
        applied = document["cashAdvanceApplication"]
        advance = advances[applied[0]["cashAdvanceId"]]
        assert -sum(each["cashAdvanceApplicationAmount"] for each in applied) == advance["requestAmount"]
        returned = document["report"]["cashAdvanceReturnsAmount"]
        assert (returned > 0) == (sample.case == "advance_returned")


def test_every_code_but_the_broken_ones_is_known_to_the_erp() -> None:
    for sample in whole("unknown_employee"):
        document = sample.envelope["document"]
        employee = document.get("employee") or document["employeeData"]
        assert CODES["employee", employee["employeeId"]].company == employee["employeeOrgUnit2Code"]
        for allocation, journal in journals(document):
            assert CODES["gl_account", journal["journalAccountCode"]].active
            assert (
                CODES["cost_center", allocation["allocationCustom4Code"]].company == allocation["allocationCustom2Code"]
            )
            project = allocation["allocationCustom5Code"]
            assert project is None or CODES["project", project].active == (sample.case != "inactive_project")
            assert all(("tax_code", tax["taxCode"]) in CODES for tax in allocation["tax"])


def test_an_approver_stands_above_and_may_approve_the_amount() -> None:
    for employee in CLAIMANTS:
        approver, level = approver_of(employee, Decimal(100), "EUR" if employee % 3 == 0 else "XXX")
        assert CODES["approval_hierarchy", approver].attributes["level"] == level
        assert int(approver[2:]) % 3 == employee % 3
        if employee % 3 == 0:
            assert approver == f"E-{manager_of(employee):03d}"


def test_new_documents_trickle_in_without_end() -> None:
    some = list(itertools.islice(trickle(), 300))

    assert len({sample.id for sample in some}) == 300
    assert not {sample.id for sample in some} & {sample.id for sample in SAMPLES}


async def test_the_twin_takes_the_whole_set(expense: Twin) -> None:
    answer = await expense.client.post("/twin/documents", content=as_json(SAMPLES))

    assert Counter(result["result"] for result in answer.json()["results"]) == {"done": len(SAMPLES)}
    page = await expense.get(TRANSACTIONS.format("expense"), limit=1000)
    advances = await expense.get(TRANSACTIONS.format("cashadvance"), limit=1000)
    assert page["page"]["totalElements"] + advances["page"]["totalElements"] == len(SAMPLES)
    assert json.loads(as_json(SAMPLES[:1]))["fIDocuments"][0]["id"] == SAMPLES[0].id
