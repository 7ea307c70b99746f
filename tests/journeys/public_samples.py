"""Concur's public samples, read by other means than the product's: what the ERP's books must show of them."""

import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from control_plane.proof.configuration import CONTROL_ACCOUNTS

FIRST_OPEN_DAY: Final = date(2017, 1, 1)
"""The ERP's periods begin here; some samples are older."""
INPUT_TAX: Final = CONTROL_ACCOUNTS["input_tax"]
ADVANCE: Final = CONTROL_ACCOUNTS["cash_advance"]
OWED_TO: Final = {
    "EMPL": CONTROL_ACCOUNTS["employee"],
    "CBCP": CONTROL_ACCOUNTS["company_billed_card"],
    "IBCP": CONTROL_ACCOUNTS["individually_billed_card"],
    "COPD": CONTROL_ACCOUNTS["company_paid"],
}
"""The account of whom the company pays, by the platform's code."""
OWED_BY: Final = {**OWED_TO, "EMPL": CONTROL_ACCOUNTS["employee_receivable"]}
"""The account of who pays the company."""
OF_EMPLOYEES: Final = {OWED_TO["EMPL"], OWED_BY["EMPL"], ADVANCE}
"""Accounts on which the ERP wants to know whose money it is."""


@dataclass(frozen=True, slots=True)
class Movement:
    """What one line moves, debit less credit, and where it stands."""

    amount: Decimal
    account: str
    cost_center: str = ""
    tax_code: str = ""
    party: str = ""


ACCOUNT: Final = attrgetter("account")
CODING: Final = attrgetter("account", "cost_center", "tax_code", "party")


@dataclass(frozen=True, slots=True)
class Sample:
    """One of the vendor's examples, read from its JSON by other means than the product's."""

    example: str
    envelope: Mapping[str, Any]  # JSON

    @property
    def content(self) -> Any:  # JSON
        return self.envelope["document"]

    @property
    def source_id(self) -> str:
        return str(self.content["report"]["reportId"])

    @property
    def employee(self) -> str:
        return str(self.content["employee"]["employeeId"])

    @property
    def entity(self) -> str:
        return str(self.content["employee"].get("employeeOrgUnit2Code") or self.envelope["companyId"])

    @property
    def other_entities(self) -> set[str]:
        return {allocation.get("allocationCustom2Code") or self.entity for _, allocation in self.parts} - {self.entity}

    @property
    def currency(self) -> str:
        return str(self.content["report"]["employeeCurrencyAlphaCode"])

    @property
    def approved(self) -> Decimal | None:
        total = self.content["report"].get("totalApprovedAmount")
        return None if total is None else Decimal(total)

    @property
    def document_date(self) -> date:
        return date.fromisoformat(self.content["report"]["reportUserDefinedDate"][:10])

    @property
    def posting_date(self) -> date:
        return max(self.document_date, FIRST_OPEN_DAY)

    @property
    def parts(self) -> list[tuple[Any, Any]]:  # JSON
        """The allocations, each with its entry."""
        return [(entry, allocation) for entry in self.content["expenseEntry"] for allocation in entry["allocation"]]

    @property
    def journals(self) -> list[tuple[Any, Any, Any]]:  # JSON
        """The journals, each with its entry and its allocation."""
        return [(*part, journal) for part in self.parts for journal in part[1]["journal"]]

    @property
    def total(self) -> Decimal:
        return Decimal(sum(journal["amountGross"] for _, _, journal in self.journals))

    @property
    def ways(self) -> set[tuple[str, str]]:
        """Who pays whom; a settled advance is paid by the company and borne by the employee."""
        settled = {("COMP", "ADVANCE"), ("EMPL", "COMP")} if self.content["cashAdvanceApplication"] else set()
        return {(journal["journalPayer"], journal["journalPayee"]) for _, _, journal in self.journals} | settled

    def movements(self) -> Iterator[Movement]:
        """Yield what the books must show."""
        for entry, allocation, journal in self.journals:
            yield self._cost(entry, allocation, journal)
            yield self._on(_side(journal), -journal["amountGross"])
        for _, allocation in self.parts:
            for tax in allocation["tax"]:
                yield Movement(Decimal(tax["amountReclaim"]), INPUT_TAX, tax_code=tax["taxReclaimCode"])
        for settled in self.content["cashAdvanceApplication"]:
            yield from self._settlement(settled)

    def _cost(self, entry: Any, allocation: Any, journal: Any) -> Movement:  # JSON
        center = "" if entry["entryIsPersonal"] == "Y" else allocation.get("allocationCustom4Code") or ""
        return Movement(Decimal(journal["amountNetOfReclaim"]), _account(entry, journal), center)

    def _settlement(self, settled: Any) -> Iterator[Movement]:  # JSON
        amount, clearing = settled["cashAdvanceApplicationAmount"], settled["cashAdvanceClearingAccountCode"]
        yield self._on(ADVANCE, amount)
        yield self._on(OWED_TO["EMPL"], -amount)
        yield from (Movement(Decimal(each), clearing) for each in (amount, -amount))

    def _on(self, account: str, amount: Decimal) -> Movement:
        return Movement(Decimal(amount), account, party=self.employee if account in OF_EMPLOYEES else "")


def _side(journal: Any) -> str:  # JSON
    payer, payee = journal["journalPayer"], journal["journalPayee"]
    return OWED_BY[payer] if payee == "COMP" else OWED_TO[payee]


def _account(entry: Any, journal: Any) -> str:  # JSON
    return str(journal.get("journalAccountCode") or entry["clearingAccountCode"])


def balances(movements: Iterable[Movement], key: Callable[[Movement], Any]) -> dict[Any, Decimal]:  # one or several
    """Return the sums; what was moved there and back stays with zero."""
    sums: defaultdict[Any, Decimal] = defaultdict(Decimal)
    for movement in movements:
        sums[key(movement)] += movement.amount
    return dict(sums)


def _read() -> Iterator[Sample]:
    folder = os.environ.get("TIEOUT_REFERENCE_DATA")
    for path in sorted(Path(folder).glob("concur_samples/*.json")) if folder else ():
        (envelope,) = json.loads(path.read_text(), parse_float=Decimal)["fIDocuments"]
        yield Sample(path.stem.rpartition("-")[2], envelope | {"docStatus": "READY"})


SAMPLES: Final = {sample.example: sample for sample in _read()}
