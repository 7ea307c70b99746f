"""Nobody does what their role, their scope or their own money forbids: every act by everybody, over real HTTP."""

import httpx
import pytest
from sqlmodel import select

from connectors.twins.running import running_in_thread
from control_plane.acts.approvals import Consequence
from control_plane.acts.decided import CONSEQUENCES
from control_plane.domain.access import Role
from control_plane.store.database import Database
from control_plane.store.tables import AuditRow
from tests.control_plane.acts.attackers import Attacker, by_circumstance, by_role, filled, on_decisions
from tests.control_plane.acts.deeds import DEEDS, Deed, Victim, claim_for, seen, victim
from tests.control_plane.api.stand import Stand
from tests.stands.runtime import StandRuntime

LEAST_ATTACKS = 300


@pytest.fixture
def lite(sqlite_database: Database, runtime: StandRuntime) -> Stand:
    return Stand(sqlite_database, runtime)


@pytest.fixture(autouse=True)
def attacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONSEQUENCES, "attacked", Consequence(lambda _hand, _row: None, lambda _hand, _row: None))


def attackers_of(stand: Stand, deed: Deed, login: str) -> dict[str, Attacker]:
    return by_role(stand, deed, login) | by_circumstance(stand, deed, login) | on_decisions(stand, deed, login)


def told_of(stand: Stand) -> int:
    with stand.database.read() as session:
        return len(session.exec(select(AuditRow.seq).where(AuditRow.action == "act.refused")).all())


def marks(target: Victim) -> tuple[object, ...]:
    return (
        target.case.revision,
        target.case.state,
        target.document.revision,
        target.document.state,
        target.document.overrides,
        target.approval.state,
        target.connection.revision,
    )


def login_of(stand: Stand, key: str) -> str:
    from control_plane.store import people  # noqa: PLC0415

    with stand.database.read() as session:
        found = people.authenticate(session, key, now=stand.runtime.now())
        shut = people.shut_out(session, key)
    return found.actor.login if found else (shut.login if shut else "")


def attack(stand: Stand, client: httpx.Client, deed: Deed, attacker: Attacker) -> tuple[int, str]:
    """Try it, and return the answer with what is wrong about it; empty: it was refused and nothing has changed."""
    target, login = victim(stand, deed), login_of(stand, attacker.key)
    if deed.is_claimed and login:
        target = claim_for(stand, target, login)
    before, recorded = marks(target), told_of(stand)
    path, body = filled(deed, target, attacker, login=login, now=stand.runtime.now())
    headers = {"if-match": f'"{deed.revision_of(target)}"', "authorization": f"Bearer {attacker.key}"}
    sent = {name: value for name, value in (headers | dict(attacker.headers)).items() if value is not None}
    answer = client.post(path, headers=sent, json=body or None)
    after = marks(seen(stand, target.case.id, target.approval.id, target.other))
    if answer.status_code not in attacker.answers:
        return answer.status_code, f"{answer.status_code} {answer.text[:200]}"
    if after != before:
        return answer.status_code, f"{before} became {after}"
    must_tell = attacker.is_recorded or answer.status_code == httpx.codes.FORBIDDEN
    return answer.status_code, "nothing on record" if must_tell and told_of(stand) == recorded else ""


@pytest.mark.parametrize("name", sorted(DEEDS))
def test_nobody_gets_by(lite: Stand, name: str) -> None:
    deed = DEEDS[name]
    with running_in_thread(lite.app()) as server, httpx.Client(base_url=server.url) as client:
        attackers = attackers_of(lite, deed, name)
        found = {who: attack(lite, client, deed, attacker)[1] for who, attacker in attackers.items()}
    assert {who: wrong for who, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("name", ["approve", "release", "retry"])
def test_nobody_gets_by_on_either_database(database: Database, runtime: StandRuntime, name: str) -> None:
    stand, deed = Stand(database, runtime), DEEDS[name]
    with running_in_thread(stand.app()) as server, httpx.Client(base_url=server.url) as client:
        attackers = attackers_of(stand, deed, name)
        found = {who: attack(stand, client, deed, attacker)[1] for who, attacker in attackers.items()}
    assert {who: wrong for who, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("name", sorted(set(DEEDS) - {"withdraw", "propose_correction", "delegate_to_oneself"}))
def test_who_may_gets_through(lite: Stand, name: str) -> None:
    """An attack proves something only where the same request by the right person succeeds."""
    deed = DEEDS[name]
    role = min(deed.roles)
    friend = Attacker(lite.key(role, login="friend", employee_ref="E-FRIEND"), frozenset({200}))
    with running_in_thread(lite.app()) as server, httpx.Client(base_url=server.url) as client:
        status, _ = attack(lite, client, deed, friend)
    assert status in ({200, 409} if name == "pull" else {200})


def test_as_many_attacks_as_we_say(lite: Stand) -> None:
    counted = sum(len(attackers_of(lite, deed, f"count-{name}")) for name, deed in DEEDS.items())
    assert counted >= LEAST_ATTACKS, counted
    assert {role for deed in DEEDS.values() for role in deed.roles} < set(Role)
