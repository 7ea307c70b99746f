"""What a step asks for, gets to know and says: Needs, Known, Verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from connectors.canonical.expense import ExpenseReport
from connectors.canonical.master_data import Domain, MasterRecord
from connectors.canonical.money import Money
from connectors.contract import Intent
from connectors.failures import Failure
from control_plane.domain.transaction import Reason

UNRESOLVED: Final = "unresolved"
"""The legal entity of what could not be placed yet."""


@dataclass(frozen=True, slots=True)
class Needs:
    """The facts that a step wants; the engine fetches them once per batch."""

    master_data: frozenset[Domain] = frozenset()
    twins: bool = False
    """Documents of the same content or of a likely duplicate's evidence."""
    spent: bool = False
    """What has been received so far against each budget."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An earlier document that a later one may repeat."""

    transaction_id: int
    source_id: str
    document_number: str
    employee_ref: str
    amount_minor: int
    currency: str
    document_date: date | None
    content_hash: str
    """Of the business content without the source's ids."""
    merchants: frozenset[str] = frozenset()
    """Marks: hashes of the names in normal form."""
    receipts: frozenset[str] = frozenset()
    """Marks of receipts and card transactions."""


@dataclass(frozen=True, slots=True)
class Known:
    """The facts of one batch, frozen at one moment."""

    now: datetime
    policy: Mapping[str, Any]  # governed JSON values by key, as store.policies holds them
    records: Mapping[tuple[Domain, str, str], MasterRecord] = field(default_factory=dict)
    """Current master data by (domain, legal entity or "", code)."""
    bindings: Mapping[tuple[Domain, str, str], str] = field(default_factory=dict)
    """ERP key by (domain, source system, source key); a source key that is not listed binds to itself."""
    candidates: tuple[Candidate, ...] = ()
    spent_minor: Mapping[str, int] = field(default_factory=dict)
    """Received so far per budget key, in the budget's currency."""
    rates: Mapping[tuple[str, date], str] = field(default_factory=dict)
    """Reference rates by (currency, day) as the ECB publishes them, units for one euro: plausibility only."""
    group_rates: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """Approved rates to the group currency by (currency, period `YYYY-MM`): units of it for one of `currency`."""

    def record(self, domain: Domain, legal_entity: str, code: str) -> MasterRecord | None:
        """Return the current record as the legal entity sees it: its own first, else the one valid for all."""
        return self.records.get((domain, legal_entity, code)) or self.records.get((domain, "", code))

    def erp_key(self, domain: Domain, source_system: str, source_key: str) -> str:
        """Return the ERP's key for a source's key; without a binding a key binds to itself."""
        return self.bindings.get((domain, source_system, source_key), source_key)


@dataclass(frozen=True, slots=True)
class Awaited:
    """What must change in the ERP's lists before a held document may go on."""

    domain: Domain
    legal_entity: str
    code: str


class Case(NamedTuple):
    """The document on its way through the steps, with what the steps have decided so far."""

    transaction_id: int
    version: int
    reference: str
    report: ExpenseReport
    legal_entity: str = UNRESOLVED
    posting_date: date | None = None
    group_minor: int | None = None
    overrides: frozenset[Reason] = frozenset()
    """Holds that an approver has lifted for this document."""
    budget_uses: Mapping[str, Money] = {}
    """What it uses of each limited budget, in the budget's currency."""
    received: ExpenseReport | None = None
    """The report under the source's own keys, before `bind`; set by the flow's driver."""

    @property
    def is_placed(self) -> bool:
        """Return whether the case's legal entity is known to the ERP."""
        return self.legal_entity != UNRESOLVED


class Verdict(NamedTuple):
    """What a step says: the case as it goes on, and everything that stands against it."""

    case: Case
    failures: tuple[Failure, ...] = ()
    hold: Reason | None = None
    """Given with failures that may go by themselves or by an approver; without it failures fail the document."""
    awaited: tuple[Awaited, ...] = ()
    warnings: tuple[Failure, ...] = ()
    duplicate_of: int | None = None
    cancel: Reason | None = None
    """The document ends here for this reason (a test document)."""
    intents: tuple[Intent, ...] = ()
    target: str = ""
    """The connection that the intents go to."""
    facts: Mapping[str, str] = {}
    """What was decided and by which rule, for the lineage."""
