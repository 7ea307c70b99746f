"""The one typed client of our own API: for the screen, the command line and the proof."""

from collections.abc import Sequence

from control_plane.api.client_desk import DeskClient
from control_plane.api.client_duties import DutiesClient
from control_plane.api.client_rules import RulesClient
from control_plane.api.schemas import (
    Alerts,
    AuditEntry,
    Because,
    ConnectionDetail,
    Connections,
    Flows,
    HealthAnswer,
    LedgerAnswer,
    LedgerStates,
    Lookup,
    LookupAnswer,
    MasterDataView,
    Me,
    Page,
    PayloadView,
    PostingView,
    Pull,
    ReplayAsOf,
    RunView,
    SignedIn,
    SlaAnswer,
    Timeline,
    TransactionDetail,
    TransactionSummary,
)
from control_plane.api.wire import ApiError, FilterValue, path
from control_plane.domain.replay import AsOf

__all__ = ["ApiClient", "ApiError", "FilterValue"]


class ApiClient(DeskClient, DutiesClient, RulesClient):
    """A connection to the API under one key. Every method raises ApiError when it is refused."""

    # --- who asks

    def me(self) -> Me:
        """Return who asks, and what they may do."""
        return self.get(Me, path("me"))

    def sign_in(self, code: str) -> SignedIn:
        """Return the short-lived key that a one-time code stands for."""
        return self.send(SignedIn, path("sign-in-codes", code))

    # --- transactions

    def transactions(self, *, cursor: str = "", limit: int = 50, **filters: FilterValue) -> Page[TransactionSummary]:
        """Return a page of transactions, newest first.

        Filters: `q` (any identifier: source id, document number, counterparty, business reference, ERP number, our
        id, amount), `flow`, `legal_entity_id`, `connection`, `target`, `currency`, `cohort`, `place`, `state`,
        `reason`, `sla_status`, `is_open`.
        """
        return self.get(Page[TransactionSummary], path("transactions"), cursor=cursor, limit=limit, **filters)

    def lookup(self, identifiers: Sequence[str]) -> LookupAnswer:
        """Return what each identifier of a pasted list (at most 200) names."""
        return self.send(LookupAnswer, path("transactions", "lookup"), Lookup(identifiers=list(identifiers)))

    def transaction(self, transaction_id: str) -> TransactionDetail:
        """Return all that is known of one transaction but its story."""
        return self.get(TransactionDetail, path("transactions", transaction_id))

    def replay(self, transaction_id: str, *, revision: int, as_of: AsOf, reason: str) -> TransactionDetail:
        """Deliver a failed document again, by the mapping and master data of then or of now."""
        body = ReplayAsOf(reason=reason, as_of=as_of)
        return self.act(TransactionDetail, path("transactions", transaction_id, "replay"), revision, body)

    def retry_now(self, transaction_id: str, *, revision: int, reason: str) -> TransactionDetail:
        """Send a document now that waits for its next attempt."""
        return self.act(
            TransactionDetail, path("transactions", transaction_id, "retry-now"), revision, Because(reason=reason)
        )

    def lineage(self, transaction_id: str) -> Timeline:
        """Return everything that happened to it, oldest first."""
        return self.get(Timeline, path("transactions", transaction_id, "lineage"))

    def attempts(self, transaction_id: str) -> Timeline:
        """Return the calls to the target only, oldest first."""
        return self.get(Timeline, path("transactions", transaction_id, "attempts"))

    def postings(self, transaction_id: str) -> Page[PostingView]:
        """Return its documents in the target's books."""
        return self.get(Page[PostingView], path("transactions", transaction_id, "postings"))

    def payload(self, transaction_id: str) -> PayloadView:
        """Return the document as it came; the read is on record."""
        return self.get(PayloadView, path("transactions", transaction_id, "payload"))

    # --- money and service levels

    def ledger(self, **filters: FilterValue) -> LedgerAnswer:
        """Return the money ledger by place.

        Filters: `flow`, `legal_entity_id`, `currency`, `cohort`; `by_cohort` gives one line per cohort, `day` the
        ledger at the end of that day.
        """
        return self.get(LedgerAnswer, path("ledger"), **filters)

    def ledger_states(self, **filters: FilterValue) -> LedgerStates:
        """Return what the places consist of, by state and reason. Filters as for `ledger`, and `place`."""
        return self.get(LedgerStates, path("ledger", "states"), **filters)

    def slas(self, **filters: FilterValue) -> SlaAnswer:
        """Return SLA status per flow and legal entity, breaches first. Filters: `flow`, `legal_entity_id`."""
        return self.get(SlaAnswer, path("slas"), **filters)

    # --- connections

    def connections(self) -> Connections:
        """Return all connections, unhealthy ones first."""
        return self.get(Connections, path("connections"))

    def connection(self, name: str) -> ConnectionDetail:
        """Return one connection with its last runs and what the asker may do."""
        return self.get(ConnectionDetail, path("connections", name))

    def pause(self, name: str, *, revision: int, reason: str) -> ConnectionDetail:
        """Stop pulling from and sending to a connection."""
        return self.act(ConnectionDetail, path("connections", name, "pause"), revision, Because(reason=reason))

    def resume(self, name: str, *, revision: int, reason: str) -> ConnectionDetail:
        """Let a paused connection go on."""
        return self.act(ConnectionDetail, path("connections", name, "resume"), revision, Because(reason=reason))

    def pull(self, name: str, *, revision: int, stream: str) -> ConnectionDetail:
        """Pull a stream now."""
        return self.act(ConnectionDetail, path("connections", name, "pull"), revision, Pull(stream=stream))

    def runs(self, *, cursor: str = "", limit: int = 50, **filters: FilterValue) -> Page[RunView]:
        """Return a page of sync runs, newest first. Filters: `connection`, `stream`, `state`."""
        return self.get(Page[RunView], path("runs"), cursor=cursor, limit=limit, **filters)

    # --- the rest

    def alerts(self) -> Alerts:
        """Return what is wrong now, grouped."""
        return self.get(Alerts, path("alerts"))

    def flows(self) -> Flows:
        """Return all flows with their steps, targets and policy."""
        return self.get(Flows, path("flows"))

    def master_data(
        self, domain: str, *, cursor: str = "", limit: int = 50, **filters: FilterValue
    ) -> Page[MasterDataView]:
        """Return a page of one list of the ERP. Filters: `legal_entity_id`, `active`, `q`, `as_of`."""
        return self.get(Page[MasterDataView], path("master-data", domain), cursor=cursor, limit=limit, **filters)

    def audit(self, *, cursor: str = "", limit: int = 50, **filters: FilterValue) -> Page[AuditEntry]:
        """Return a page of acts, newest first. Filters: `actor`, `action`, `object_type`, `object_id`."""
        return self.get(Page[AuditEntry], path("audit"), cursor=cursor, limit=limit, **filters)

    def health(self) -> HealthAnswer:
        """Return how the product does, part by part."""
        return self.get(HealthAnswer, path("health"))
