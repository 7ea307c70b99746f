"""The attackers of duties: for every deed everybody who must not do it, and what they send."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from control_plane.domain.access import Grant, Role
from control_plane.domain.api_key import ENTROPY_BYTES
from control_plane.domain.identity import public_id
from control_plane.domain.working_hours import Period
from control_plane.store import people, presence
from tests.control_plane.acts.deeds import ENTITY, PAYEE, Deed, Victim, person
from tests.control_plane.api.stand import Stand, exc, txn

OTHER_ENTITY: Final = "FR02"
DAY: Final = timedelta(days=1)


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
        maker = people.by_login(session, "maker") or person(stand, session, "maker", "E-MAKER")
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
            _standing_in(stand, Role.APPROVER, f"{login}-for-maker", "E-MAKER", of="maker"),
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
        out = people.by_login(session, login)
        assert out is not None
        people.deactivate(session, out.id)
    return key


def _expired(stand: Stand, role: Role, login: str) -> str:
    return stand.key(role, login=login, lasts=timedelta(microseconds=-1))


def _below(stand: Stand, role: Role, login: str) -> str:
    """Return the key of somebody two steps below who is paid."""
    key = stand.key(role, login=login)
    with stand.database.write() as session:
        boss = person(stand, session, f"{login}-boss", PAYEE)
        middle = person(stand, session, f"{login}-middle", "")
        middle.reports_to = boss.id
        below = people.by_login(session, login)
        assert below is not None
        below.reports_to = middle.id
        session.add_all([middle, below])
    return key


def _standing_in(stand: Stand, role: Role, login: str, employee_ref: str, *, of: str = "") -> str:
    key = stand.key(role, login=login)
    now = stand.runtime.now()
    with stand.database.write() as session:
        away = people.by_login(session, of) if of else person(stand, session, f"{login}-away", employee_ref)
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
