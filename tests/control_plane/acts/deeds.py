"""The deeds that are attacked: every act that moves money or rights, with what it is done to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from sqlalchemy import update
from sqlmodel import Session

from control_plane.domain.access import Grant, Role
from control_plane.domain.approval import Proposal, Subject
from control_plane.domain.transaction import Reason, State
from control_plane.store import approvals, connections, people
from control_plane.store.connections import Configured
from control_plane.store.statements import table_of
from control_plane.store.tables import ApprovalRow, ConnectionRow, ExceptionCaseRow, PersonRow, TransactionRow
from tests.control_plane.api.stand import Stand, txn

R = Role
ENTITY: Final = "DE01"
PAYEE: Final = "E-PAYEE"
BECAUSE: Final[dict[str, Any]] = {"reason": "It is right so"}


@dataclass(frozen=True, slots=True)
class Victim:
    """A document with its exception, and a proposal about it: what an attack is after."""

    case: ExceptionCaseRow
    document: TransactionRow
    approval: ApprovalRow
    connection: ConnectionRow
    other: TransactionRow
    """Another document, of somebody else."""


@dataclass(frozen=True, slots=True)
class Deed:
    """An act as it goes over the wire, and the roles that may do it: said once more here, not read from the code."""

    path: str
    roles: frozenset[Role]
    body: Mapping[str, Any] = field(default_factory=lambda: BECAUSE)
    state: tuple[State, Reason] = (State.FAILED, Reason.REJECTED)
    is_claimed: bool = True
    """The attacker has claimed the exception: nothing but duties stands in the way."""
    is_about_money: bool = True
    """Whom the document pays must not do it."""
    revision_of: Callable[[Victim], int] = lambda victim: victim.case.revision


def _revision_of_document(victim: Victim) -> int:
    return victim.document.revision


def _revision_of_approval(victim: Victim) -> int:
    return victim.approval.revision


def _revision_of_connection(victim: Victim) -> int:
    return victim.connection.revision


def _exception(act: str, *roles: Role, body: Mapping[str, Any] | None = None, **other: Any) -> Deed:
    return Deed(f"/v1/exceptions/{{exc}}/{act}", frozenset(roles), {**BECAUSE, **(body or {})}, **other)


_DECISION: Final = BECAUSE | {"content_sha256": "{sha}"}
_HELD: Final = (State.ON_HOLD, Reason.BUDGET)
_SUSPECT: Final = (State.ON_HOLD, Reason.DUPLICATE_SUSPECT)
_CLAIMERS: Final = (R.ANALYST, R.INTEGRATOR)
_EMPTY: Final[Mapping[str, Any]] = {}

DEEDS: Final[Mapping[str, Deed]] = {
    "claim": replace(_exception("claim", *_CLAIMERS, is_claimed=False), body=_EMPTY),
    "keep_open": replace(_exception("keep-open", *_CLAIMERS), body=_EMPTY),
    "give_back": replace(_exception("give-back", *_CLAIMERS), body=_EMPTY),
    "defer": _exception("defer", *_CLAIMERS, body={"wake_at": "{tomorrow}"}),
    "hand_over": _exception("hand-over", *_CLAIMERS, body={"team": "erp_team"}),
    "retry": _exception("retry", *_CLAIMERS),
    "return_to_source": _exception("return-to-source", R.ANALYST),
    "release": _exception("release", R.APPROVER, state=_HELD, is_claimed=False),
    "declare_duplicate": _exception(
        "declare-duplicate", R.APPROVER, state=_SUSPECT, is_claimed=False, body={"transaction_id": "{other}"}
    ),
    "propose_correction": _exception(
        "propose-correction",
        R.ANALYST,
        R.CONTROLLER,
        body={"changes": [{"path": "title", "before": "a", "after": "b"}], "reason_code": "typing_error"},
    ),
    "propose_hand_posting": _exception(
        "propose-hand-posting",
        R.ANALYST,
        R.CONTROLLER,
        body={"claimed": "posted", "numbers": ["4711"], "posting_date": "2026-03-02"},
    ),
    "replay": Deed(
        "/v1/transactions/{txn}/replay",
        frozenset(_CLAIMERS),
        BECAUSE | {"as_of": "now"},
        revision_of=_revision_of_document,
    ),
    "approve": Deed(
        "/v1/approvals/{apr}/approve",
        frozenset({R.APPROVER, R.CONTROLLER}),
        _DECISION,
        is_claimed=False,
        revision_of=_revision_of_approval,
    ),
    "refuse": Deed(
        "/v1/approvals/{apr}/refuse",
        frozenset({R.APPROVER, R.CONTROLLER}),
        _DECISION,
        is_claimed=False,
        revision_of=_revision_of_approval,
    ),
    "withdraw": Deed("/v1/approvals/{apr}/withdraw", frozenset(), is_claimed=False, revision_of=_revision_of_approval),
    "pause": Deed(
        "/v1/connections/concur/pause",
        frozenset({R.INTEGRATOR}),
        is_claimed=False,
        is_about_money=False,
        revision_of=_revision_of_connection,
    ),
    "pull": Deed(
        "/v1/connections/concur/pull",
        frozenset({R.INTEGRATOR}),
        {"stream": "expense_reports"},
        is_claimed=False,
        is_about_money=False,
        revision_of=_revision_of_connection,
    ),
    "break_glass": Deed(
        "/v1/break-glass",
        frozenset({R.ANALYST, R.APPROVER, R.CONTROLLER, R.INTEGRATOR}),
        {"role": "integrator", "legal_entity_id": ENTITY, "minutes": 5, "reason": "Everything stands still today"},
        is_claimed=False,
        is_about_money=False,
    ),
    "delegate_to_oneself": Deed(
        "/v1/delegations",
        frozenset(),
        BECAUSE | {"person": "maker", "to": "{me}", "starts_at": "{today}", "ends_at": "{tomorrow}"},
        is_claimed=False,
        is_about_money=False,
    ),
    "propose_access": Deed(
        "/v1/people/maker/propose-access",
        frozenset({R.ADMIN}),
        BECAUSE | {"grants": [{"role": "approver"}]},
        is_claimed=False,
        is_about_money=False,
    ),
    "propose_failure_rule": Deed(
        "/v1/failure-rules/propose",
        frozenset({R.CONTROLLER}),
        BECAUSE | {"name": "tax", "code": "rejected_by_target", "pattern": "(?P<problem>tax.*)"},
        is_claimed=False,
        is_about_money=False,
    ),
    "propose_routing": Deed(
        "/v1/routing-rules/propose",
        frozenset({R.CONTROLLER}),
        BECAUSE | {"rules": []},
        is_claimed=False,
        is_about_money=False,
    ),
    "propose_flow_value": Deed(
        "/v1/flows/expense_report/policy/propose",
        frozenset({R.CONTROLLER}),
        BECAUSE | {"key": "corrections", "value": {"alone_up_to_minor": 999_999_999}},
        is_claimed=False,
        is_about_money=False,
    ),
}
"""Every act by name."""


def victim(stand: Stand, deed: Deed) -> Victim:
    """Make a document in the state in which the act is possible, its exception, and a proposal about it."""
    state, reason = deed.state
    document = stand.document(state, reason, counterparty=PAYEE, intents_payload_id=1)
    row = stand.case(document)
    with stand.database.write() as session:
        connections.register(session, [Configured("concur", "concur", ENTITY)])
        maker = people.by_login(session, "maker") or person(stand, session, "maker", "E-MAKER")
        actor = people.actor(session, maker.id, now=stand.runtime.now())
        assert actor is not None
        number = approvals.add(
            session,
            stand.runtime.ids,
            Proposal(
                "attacked",
                Subject("exception", row.id),
                {"transaction": txn(document)},
                ENTITY,
                "EUR",
                document.amount_minor,
                document.amount_minor,
                beneficiary=PAYEE,
            ),
            actor,
            reason="Closed",
            now=stand.runtime.now(),
        )
        assert number is not None
    return seen(stand, row.id, number, stand.document(State.READY))


def seen(stand: Stand, case_id: int, approval_id: int, other: TransactionRow) -> Victim:
    """Return everything as it is now."""
    with stand.database.read() as session:
        approval, connection = approvals.row_of(session, approval_id), connections.one(session, "concur")
        assert approval is not None
        assert connection is not None
    row = stand.case_row(case_id)
    return Victim(row, stand.transaction_row(row.transaction_id), approval, connection, other)


def claim_for(stand: Stand, target: Victim, login: str) -> Victim:
    """Let the attacker be the one who works on the exception."""
    with stand.database.write() as session:
        attacker = people.by_login(session, login)
        assert attacker is not None
        table = table_of(ExceptionCaseRow)
        session.connection().execute(
            update(table)
            .where(table.c.id == target.case.id)
            .values(state="in_progress", claimed_by=attacker.id, revision=table.c.revision + 1)
        )
    return seen(stand, target.case.id, target.approval.id, target.other)


def person(stand: Stand, session: Session, login: str, employee_ref: str) -> PersonRow:
    """Make a person who may do what an analyst may."""
    number = people.add(
        session, stand.runtime.ids, people.Person(login, login.title(), employee_ref), now=stand.runtime.now()
    )
    people.set_grants(session, number, [Grant(R.ANALYST)])
    found = people.by_id(session, number)
    assert found is not None
    return found
