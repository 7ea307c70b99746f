"""The attacks on duties: every act that moves money or rights, and everybody who must not do it."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import update

from control_plane.domain.access import Grant, Role
from control_plane.domain.api_key import ENTROPY_BYTES
from control_plane.domain.approval import Proposal, Subject
from control_plane.domain.identity import public_id
from control_plane.domain.transaction import Reason, State
from control_plane.domain.working_hours import Period
from control_plane.store import approvals, connections, people, presence
from control_plane.store.connections import Configured
from control_plane.store.statements import table_of
from control_plane.store.tables import (
    ApprovalRow,
    ConnectionRow,
    ExceptionCaseRow,
    PersonRow,
    TransactionRow,
)
from tests.control_plane.api.stand import Stand, exc, txn

R = Role
ENTITY: Final = "DE01"
OTHER_ENTITY: Final = "FR02"
PAYEE: Final = "E-PAYEE"
BECAUSE: Final[dict[str, Any]] = {"reason": "It is right so"}
DAY: Final = timedelta(days=1)


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


@dataclass(frozen=True, slots=True)
class Attacker:
    """Somebody who must not do it: with which key and headers, and which answers say so."""

    key: str
    answers: frozenset[int]
    headers: Mapping[str, str | None] = field(default_factory=dict)
    """None: without this header."""
    body: Mapping[str, Any] = field(default_factory=dict)
    is_recorded: bool = False
    """The audit tells of the try."""


def _answers(*codes: int) -> frozenset[int]:
    return frozenset(codes)


def victim(stand: Stand, deed: Deed) -> Victim:
    """Make a document in the state in which the act is possible, its exception, and a proposal about it."""
    state, reason = deed.state
    document = stand.document(state, reason, counterparty=PAYEE, intents_payload_id=1)
    row = stand.case(document)
    with stand.database.write() as session:
        connections.register(session, [Configured("concur", "concur", ENTITY)])
        maker = people.by_login(session, "maker") or _person(stand, session, "maker", "E-MAKER")
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
        person = people.by_login(session, login)
        assert person is not None
        table = table_of(ExceptionCaseRow)
        session.connection().execute(
            update(table)
            .where(table.c.id == target.case.id)
            .values(state="in_progress", claimed_by=person.id, revision=table.c.revision + 1)
        )
    return seen(stand, target.case.id, target.approval.id, target.other)


def _person(stand: Stand, session: Any, login: str, employee_ref: str) -> PersonRow:
    number = people.add(
        session, stand.runtime.ids, people.Person(login, login.title(), employee_ref), now=stand.runtime.now()
    )
    people.set_grants(session, number, [Grant(R.ANALYST)])
    found = people.by_id(session, number)
    assert found is not None
    return found


def by_role(stand: Stand, deed: Deed, login: str) -> dict[str, Attacker]:
    """Return one attacker for every role that may not do it, and one for nobody at all."""
    wrong = [role for role in Role if role not in deed.roles]
    attackers = {
        f"role {role.value}": Attacker(stand.key(role, login=f"{login}-{role.value}"), _answers(403, 404))
        for role in wrong
    }
    attackers["nobody"] = Attacker("", _answers(401), headers={"authorization": None})
    attackers["a key of nobody's"] = Attacker("tie_prod_00000000_" + "x" * 43, _answers(401))
    return attackers


def by_circumstance(stand: Stand, deed: Deed, login: str) -> dict[str, Attacker]:
    """Return those who have the right role, and something that stands against them."""
    if not deed.roles:
        return {}
    role = min(deed.roles)
    key = stand.key

    def named(name: str) -> str:
        return f"{login}-{name}"

    attackers = {
        "elsewhere": Attacker(key(Grant(role, OTHER_ENTITY), login=named("elsewhere")), _answers(403, 404)),
        "shut out": Attacker(_shut_out(stand, role, named("out")), _answers(401), is_recorded=True),
        "with an expired key": Attacker(_expired(stand, role, named("late")), _answers(401), is_recorded=True),
    }
    if "{" in deed.path or "connections" in deed.path:
        attackers |= {
            "on a stale view": Attacker(
                key(role, login=named("stale")), _answers(409, 412), headers={"if-match": '"99"'}
            ),
            "without a view": Attacker(key(role, login=named("blind")), _answers(428), headers={"if-match": None}),
        }
    if deed.is_about_money:
        attackers |= {
            "who is paid": Attacker(
                key(role, login=named("paid"), employee_ref=PAYEE), _answers(403), is_recorded=True
            ),
            "who reports to who is paid": Attacker(
                _below(stand, role, named("below")), _answers(403), is_recorded=True
            ),
            "who stands in for who is paid": Attacker(
                _standing_in(stand, role, named("deputy"), PAYEE), _answers(403), is_recorded=True
            ),
        }
    return attackers


def on_decisions(stand: Stand, deed: Deed, login: str) -> dict[str, Attacker]:
    """Return those who may decide what others propose, and must not decide this."""
    if "{sha}" not in str(deed.body):
        return {}
    every = [role for role in Role if role is not Role.MACHINE]
    machine = stand.key(Role.APPROVER, login=f"{login}-robot")
    with stand.database.write() as session:
        maker = people.by_login(session, "maker") or _person(stand, session, "maker", "E-MAKER")
        people.set_grants(session, maker.id, [Grant(role) for role in every])
        now, chance = stand.runtime.now(), (secrets.token_bytes(ENTROPY_BYTES) for _ in range(2))
        own = [people.issue_key(session, stand.runtime.ids, maker.id, entropy=one, now=now) for one in chance]
        robot = people.by_login(session, f"{login}-robot")
        assert robot is not None
        robot.is_machine = True
        session.add(robot)
    return {
        "its maker, an administrator": Attacker(own[0], _answers(403), is_recorded=True),
        "its maker with a second key": Attacker(own[1], _answers(403), is_recorded=True),
        "its maker by another name": Attacker(
            stand.key(*every, login=f"{login}-alias", employee_ref="E-MAKER"), _answers(403), is_recorded=True
        ),
        "who stands in for its maker": Attacker(
            _standing_in(stand, Role.APPROVER, f"{login}-for-maker", "E-MAKER", person="maker"),
            _answers(403),
            is_recorded=True,
        ),
        "a machine": Attacker(machine, _answers(403), is_recorded=True),
        "above the limit": Attacker(
            stand.key(Grant(Role.APPROVER, ENTITY, 1), login=f"{login}-small"), _answers(403), is_recorded=True
        ),
        "who read something else": Attacker(
            stand.key(Role.APPROVER, login=f"{login}-other"),
            _answers(403),
            body={"content_sha256": "0" * 64},
            is_recorded=True,
        ),
    }


def _shut_out(stand: Stand, role: Role, login: str) -> str:
    key = stand.key(role, login=login)
    with stand.database.write() as session:
        person = people.by_login(session, login)
        assert person is not None
        people.deactivate(session, person.id)
    return key


def _expired(stand: Stand, role: Role, login: str) -> str:
    return stand.key(role, login=login, lasts=timedelta(microseconds=-1))


def _below(stand: Stand, role: Role, login: str) -> str:
    """Return the key of somebody two steps below who is paid."""
    key = stand.key(role, login=login)
    with stand.database.write() as session:
        boss = _person(stand, session, f"{login}-boss", PAYEE)
        middle = _person(stand, session, f"{login}-middle", "")
        middle.reports_to = boss.id
        person = people.by_login(session, login)
        assert person is not None
        person.reports_to = middle.id
        session.add_all([middle, person])
    return key


def _standing_in(stand: Stand, role: Role, login: str, employee_ref: str, *, person: str = "") -> str:
    key = stand.key(role, login=login)
    now = stand.runtime.now()
    with stand.database.write() as session:
        away = people.by_login(session, person) if person else _person(stand, session, f"{login}-away", employee_ref)
        deputy = people.by_login(session, login)
        assert away is not None
        assert deputy is not None
        presence.add_delegation(
            session,
            stand.runtime.ids,
            away.id,
            deputy.id,
            Period(now - DAY, now + DAY),
            reason="On leave",
            by=away.login,
            now=now,
        )
    return key


def filled(deed: Deed, target: Victim, attacker: Attacker, *, login: str, now: datetime) -> tuple[str, dict[str, Any]]:
    """Return path and body with what stands for the victim's ids."""
    names = {
        "{me}": login,
        "{today}": now.isoformat(),
        "{exc}": exc(target.case),
        "{txn}": txn(target.document),
        "{other}": txn(target.other),
        "{apr}": public_id("apr", target.approval.id),
        "{sha}": target.approval.content_sha256,
        "{tomorrow}": (now + DAY).isoformat(),
    }
    body = {name: names.get(value, value) if isinstance(value, str) else value for name, value in deed.body.items()}
    path = deed.path
    for name, value in names.items():
        path = path.replace(name, value)
    return path, body | dict(attacker.body)
