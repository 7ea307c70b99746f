"""The one typed client of our own API: for the screen, the command line and the proof."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from control_plane.api.schemas import (
    Alerts,
    AuditEntry,
    Because,
    Causes,
    ConnectionDetail,
    Connections,
    DuplicateOf,
    ExceptionDetail,
    ExceptionFigures,
    ExceptionSummary,
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
    Problem,
    Pull,
    ReplayAsOf,
    RunView,
    SignedIn,
    SlaAnswer,
    Timeline,
    TransactionDetail,
    TransactionSummary,
)
from control_plane.domain.replay import AsOf

A = TypeVar("A", bound=BaseModel)

FilterValue = str | int | bool | date | datetime | None
"""A filter that is None or empty is left out."""

_UNREACHABLE: Final = Problem(
    title="Tieout cannot be reached", status=HTTPStatus.SERVICE_UNAVAILABLE, code="unreachable", request_id=""
)


class ApiError(Exception):
    """The API refused; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail or problem.title)
        self.problem = problem


class ApiClient:
    """A connection to the API under one key. Every method raises ApiError when it is refused."""

    def __init__(
        self,
        base_url: str,
        key: str = "",
        *,
        timeout_seconds: float = 10,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(
            base_url=base_url, headers=headers, timeout=timeout_seconds, transport=transport, trust_env=False
        )

    def __enter__(self) -> Self:
        """Return the client."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        """Close its connections."""
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    # --- who asks

    def me(self) -> Me:
        """Return who asks, and what they may do."""
        return self._get(Me, _path("me"))

    def sign_in(self, code: str) -> SignedIn:
        """Return the short-lived key that a one-time code stands for."""
        return self._send(SignedIn, _path("sign-in-codes", code))

    # --- transactions

    def transactions(self, *, cursor: str = "", limit: int = 50, **filters: FilterValue) -> Page[TransactionSummary]:
        """Return a page of transactions, newest first.

        Filters: `q` (any identifier: source id, document number, counterparty, business reference, ERP number, our
        id, amount), `flow`, `legal_entity_id`, `connection`, `target`, `currency`, `cohort`, `place`, `state`,
        `reason`, `sla_status`, `is_open`.
        """
        return self._get(Page[TransactionSummary], _path("transactions"), cursor=cursor, limit=limit, **filters)

    def lookup(self, identifiers: Sequence[str]) -> LookupAnswer:
        """Return what each identifier of a pasted list (at most 200) names."""
        return self._send(LookupAnswer, _path("transactions", "lookup"), Lookup(identifiers=list(identifiers)))

    def transaction(self, transaction_id: str) -> TransactionDetail:
        """Return all that is known of one transaction but its story."""
        return self._get(TransactionDetail, _path("transactions", transaction_id))

    def replay(self, transaction_id: str, *, revision: int, as_of: AsOf, reason: str) -> TransactionDetail:
        """Deliver a failed document again, by the mapping and master data of then or of now."""
        body = ReplayAsOf(reason=reason, as_of=as_of)
        return self._act(TransactionDetail, _path("transactions", transaction_id, "replay"), revision, body)

    def lineage(self, transaction_id: str) -> Timeline:
        """Return everything that happened to it, oldest first."""
        return self._get(Timeline, _path("transactions", transaction_id, "lineage"))

    def attempts(self, transaction_id: str) -> Timeline:
        """Return the calls to the target only, oldest first."""
        return self._get(Timeline, _path("transactions", transaction_id, "attempts"))

    def postings(self, transaction_id: str) -> Page[PostingView]:
        """Return its documents in the target's books."""
        return self._get(Page[PostingView], _path("transactions", transaction_id, "postings"))

    def payload(self, transaction_id: str) -> PayloadView:
        """Return the document as it came; the read is on record."""
        return self._get(PayloadView, _path("transactions", transaction_id, "payload"))

    # --- exceptions

    def exceptions(self, *, cursor: str = "", limit: int = 50, **filters: FilterValue) -> Page[ExceptionSummary]:
        """Return a page of exceptions, those due first on top.

        Filters: `mine`, `is_claimed`, `is_open` (default true), `team`, `state`, `flow`, `legal_entity_id`, `code`,
        `fingerprint`, `connection`, `q` (an identifier of the document).
        """
        return self._get(Page[ExceptionSummary], _path("exceptions"), cursor=cursor, limit=limit, **filters)

    def exception_figures(self, **filters: FilterValue) -> ExceptionFigures:
        """Return the three numbers above the exceptions. Filters: `team`, `legal_entity_id`, `flow`."""
        return self._get(ExceptionFigures, _path("exceptions", "figures"), **filters)

    def exception(self, exception_id: str) -> ExceptionDetail:
        """Return one exception with its document and what the asker may do now."""
        return self._get(ExceptionDetail, _path("exceptions", exception_id))

    def causes(self, **filters: FilterValue) -> Causes:
        """Return what open exceptions have in common. Filters: `team`, `legal_entity_id`, `flow`, `code`."""
        return self._get(Causes, _path("causes"), **filters)

    def claim(self, exception_id: str, *, revision: int) -> ExceptionDetail:
        """Take an exception; fifty who try at once get one winner."""
        return self._act(ExceptionDetail, _path("exceptions", exception_id, "claim"), revision)

    def give_back(self, exception_id: str, *, revision: int) -> ExceptionDetail:
        """Let go of a claimed exception."""
        return self._act(ExceptionDetail, _path("exceptions", exception_id, "give-back"), revision)

    def retry(self, exception_id: str, *, revision: int, reason: str) -> ExceptionDetail:
        """Let the document go on; only evidence resolves the exception."""
        path = _path("exceptions", exception_id, "retry")
        return self._act(ExceptionDetail, path, revision, Because(reason=reason))

    def return_to_source(self, exception_id: str, *, revision: int, reason: str) -> ExceptionDetail:
        """Give the document back to the system that it came from."""
        path = _path("exceptions", exception_id, "return-to-source")
        return self._act(ExceptionDetail, path, revision, Because(reason=reason))

    def release(self, exception_id: str, *, revision: int, reason: str) -> ExceptionDetail:
        """Lift a hold, as an approver."""
        path = _path("exceptions", exception_id, "release")
        return self._act(ExceptionDetail, path, revision, Because(reason=reason))

    def declare_duplicate(
        self, exception_id: str, *, revision: int, reason: str, transaction_id: str
    ) -> ExceptionDetail:
        """Declare the document the repetition of another one, as an approver."""
        body = DuplicateOf(reason=reason, transaction_id=transaction_id)
        return self._act(ExceptionDetail, _path("exceptions", exception_id, "declare-duplicate"), revision, body)

    # --- money and service levels

    def ledger(self, **filters: FilterValue) -> LedgerAnswer:
        """Return the money ledger by place.

        Filters: `flow`, `legal_entity_id`, `currency`, `cohort`; `by_cohort` gives one line per cohort, `day` the
        ledger at the end of that day.
        """
        return self._get(LedgerAnswer, _path("ledger"), **filters)

    def ledger_states(self, **filters: FilterValue) -> LedgerStates:
        """Return what the places consist of, by state and reason. Filters as for `ledger`, and `place`."""
        return self._get(LedgerStates, _path("ledger", "states"), **filters)

    def slas(self, **filters: FilterValue) -> SlaAnswer:
        """Return SLA status per flow and legal entity, breaches first. Filters: `flow`, `legal_entity_id`."""
        return self._get(SlaAnswer, _path("slas"), **filters)

    # --- connections

    def connections(self) -> Connections:
        """Return all connections, unhealthy ones first."""
        return self._get(Connections, _path("connections"))

    def connection(self, name: str) -> ConnectionDetail:
        """Return one connection with its last runs and what the asker may do."""
        return self._get(ConnectionDetail, _path("connections", name))

    def pause(self, name: str, *, revision: int, reason: str) -> ConnectionDetail:
        """Stop pulling from and sending to a connection."""
        return self._act(ConnectionDetail, _path("connections", name, "pause"), revision, Because(reason=reason))

    def resume(self, name: str, *, revision: int, reason: str) -> ConnectionDetail:
        """Let a paused connection go on."""
        return self._act(ConnectionDetail, _path("connections", name, "resume"), revision, Because(reason=reason))

    def pull(self, name: str, *, revision: int, stream: str) -> ConnectionDetail:
        """Pull a stream now."""
        return self._act(ConnectionDetail, _path("connections", name, "pull"), revision, Pull(stream=stream))

    def runs(self, *, cursor: str = "", limit: int = 50, **filters: FilterValue) -> Page[RunView]:
        """Return a page of sync runs, newest first. Filters: `connection`, `stream`, `state`."""
        return self._get(Page[RunView], _path("runs"), cursor=cursor, limit=limit, **filters)

    # --- the rest

    def alerts(self) -> Alerts:
        """Return what is wrong now, grouped."""
        return self._get(Alerts, _path("alerts"))

    def flows(self) -> Flows:
        """Return all flows with their steps, targets and policy."""
        return self._get(Flows, _path("flows"))

    def master_data(
        self, domain: str, *, cursor: str = "", limit: int = 50, **filters: FilterValue
    ) -> Page[MasterDataView]:
        """Return a page of one list of the ERP. Filters: `legal_entity_id`, `active`, `q`, `as_of`."""
        return self._get(Page[MasterDataView], _path("master-data", domain), cursor=cursor, limit=limit, **filters)

    def audit(self, *, cursor: str = "", limit: int = 50, **filters: FilterValue) -> Page[AuditEntry]:
        """Return a page of acts, newest first. Filters: `actor`, `action`, `object_type`, `object_id`."""
        return self._get(Page[AuditEntry], _path("audit"), cursor=cursor, limit=limit, **filters)

    def health(self) -> HealthAnswer:
        """Return how the product does, part by part."""
        return self._get(HealthAnswer, _path("health"))

    # --- the wire

    def _get(self, model: type[A], path: str, **filters: FilterValue) -> A:
        return self._ask(model, self._http.build_request("GET", path, params=dict(_written(filters))))

    def _act(self, model: type[A], path: str, revision: int, body: BaseModel | None = None) -> A:
        return self._send(model, path, body, {"if-match": f'"{revision}"'})

    def _send(
        self, model: type[A], path: str, body: BaseModel | None = None, headers: Mapping[str, str] | None = None
    ) -> A:
        content = b"{}" if body is None else body.model_dump_json().encode()
        headers = {"content-type": "application/json", **(headers or {})}
        return self._ask(model, self._http.build_request("POST", path, content=content, headers=headers))

    def _ask(self, model: type[A], request: httpx.Request) -> A:
        try:
            response = self._http.send(request)
        except httpx.TransportError as error:
            raise ApiError(_UNREACHABLE) from error
        if response.is_success:
            return model.model_validate_json(response.content)
        raise ApiError(_problem_of(response))


def _path(*parts: str) -> str:
    return "/".join(("/v1", *(quote(part, safe="") for part in parts)))


def _written(filters: Mapping[str, FilterValue]) -> Iterator[tuple[str, str]]:
    for name, value in filters.items():
        match value:
            case None | "":
                continue
            case bool():
                yield name, str(value).lower()
            case date():
                yield name, value.isoformat()
            case _:
                yield name, str(value)


def _problem_of(response: httpx.Response) -> Problem:
    try:
        return Problem.model_validate_json(response.content)
    except ValidationError:
        title = f"Tieout answered {response.status_code}"
        return Problem(title=title, status=response.status_code, code="unreadable_answer", request_id="")
