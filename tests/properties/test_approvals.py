"""Random people decide on random views of random proposals: nobody their own, nothing twice, nothing unread."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from sqlmodel import Session, col, select

from control_plane.acts import approvals as acts
from control_plane.acts.approvals import Consequence
from control_plane.acts.door import ChangedMeanwhileError, Hand, NotAllowedError, NotPossibleError, UnknownObjectError
from control_plane.domain.access import Actor, Grant, Role
from control_plane.domain.approval import ApprovalState, Proposal, Subject
from control_plane.engine.parts import Unit
from control_plane.store import approvals, people
from control_plane.store.database import Database, open_database
from control_plane.store.people import Person
from control_plane.store.tables import ApprovalRow, PersonRow
from tests.stands.databases import SqliteStand
from tests.stands.runtime import StandRuntime

STEPS = 150
SEEDS = 12
FOLLOWS = {"approved": "approved", "refused": "let go", "withdrawn": "let go"}
ENTITIES = ("DE01", "FR02")
EMPLOYEES = ("", "E1", "E2", "E3")
REFUSALS = (ChangedMeanwhileError, NotAllowedError, NotPossibleError, UnknownObjectError)


@dataclass(slots=True)
class Office:
    """People who propose and decide at random, each on what they last saw."""

    database: Database
    runtime: StandRuntime
    dice: Random
    people: list[int]
    views: list[ApprovalRow]
    followed: list[tuple[int, str]]

    def step(self) -> None:
        """Let somebody do something; most of it is refused."""
        often = [self.propose] * 2 + [self.decide] * 3
        deed = self.dice.choice([*often, self.withdraw, self.look, self.look])
        try:
            with self.database.write() as session:
                deed(session)
        except REFUSALS:
            return

    def hand(self, session: Session) -> Hand:
        unit = Unit(session, self.runtime.now(), self.runtime.ids, {})
        actor = people.actor(session, self.dice.choice(self.people), now=unit.now)
        if actor is None:
            raise NotAllowedError("shut out")
        return Hand(unit, actor, b"key", reason="It is right so")

    def propose(self, session: Session) -> None:
        worth = self.dice.choice([None, 0, 500, 5_000])
        proposal = Proposal(
            "example",
            Subject("exception", self.dice.randrange(6)),
            {"value": self.dice.randrange(3)},
            self.dice.choice(ENTITIES),
            "EUR",
            worth or 0,
            worth,
            beneficiary=self.dice.choice(EMPLOYEES),
            barred=frozenset(self.dice.sample(self.people, self.dice.randrange(2))),
        )
        free = self.dice.choice([None, 600])
        acts.submit(self.hand(session), proposal, free_up_to_minor=free)

    def decide(self, session: Session) -> None:
        seen = self.dice.choice(self.views)
        sha256 = seen.content_sha256 if self.dice.random() < 0.9 else "0" * 64
        deed: Callable[..., None] = self.dice.choice([acts.approve, acts.refuse])
        deed(
            self.hand(session),
            seen.id,
            revision=seen.revision,
            content_sha256=sha256,
            consequences=self.consequences,
        )

    def withdraw(self, session: Session) -> None:
        seen = self.dice.choice(self.views)
        acts.withdraw(self.hand(session), seen.id, revision=seen.revision, consequences=self.consequences)

    def look(self, session: Session) -> None:
        fresh = list(session.exec(select(ApprovalRow).order_by(col(ApprovalRow.id))).all())
        session.expunge_all()
        self.views = fresh or self.views

    @property
    def consequences(self) -> dict[str, Consequence]:
        return {
            "example": Consequence(
                lambda _hand, row: self.followed.append((row.id, "approved")),
                lambda _hand, row: self.followed.append((row.id, "let go")),
            )
        }


def office(database: Database, runtime: StandRuntime, seed: int) -> Office:
    """Return an office with people of all sorts: second logins, superiors, machines, limits, some shut out."""
    dice = Random(seed)
    numbers: list[int] = []
    with database.write() as session:
        for index in range(8):
            person = Person(
                f"p{index}",
                f"P{index}",
                dice.choice(EMPLOYEES),
                reports_to=dice.choice([None, *numbers]),
                is_machine=dice.random() < 0.1,
            )
            number = people.add(session, runtime.ids, person, now=runtime.now())
            roles = [Role.ANALYST, Role.APPROVER, Role.CONTROLLER, Role.ADMIN]
            grants = [
                Grant(role, dice.choice([*ENTITIES, "*"]), dice.choice([None, 1_000]))
                for role in dice.sample(roles, dice.randrange(1, 4))
            ]
            people.set_grants(session, number, grants)
            numbers.append(number)
        people.deactivate(session, dice.choice(numbers))
    nothing = ApprovalRow(
        id=1,
        kind="",
        subject_type="",
        subject_id=0,
        state="open",
        content_sha256="",
        maker_id=0,
        maker="",
        proposed_at=runtime.now(),
    )
    return Office(database, runtime, dice, numbers, [nothing], [])


def stands_against(session: Session, row: ApprovalRow) -> str:
    """Return what is wrong about a decision, from the people's rows alone."""
    maker, checker = session.get_one(PersonRow, row.maker_id), session.get_one(PersonRow, row.checker_id)
    above = set[str]()
    superior, seen = checker.reports_to, set[int]()
    while superior is not None and superior not in seen:
        seen.add(superior)
        boss = session.get_one(PersonRow, superior)
        above.add(boss.employee_ref)
        superior = boss.reports_to
    wrongs = {
        "its own maker": checker.id == maker.id,
        "its maker's second login": bool(maker.employee_ref) and maker.employee_ref == checker.employee_ref,
        "a machine": checker.is_machine,
        "shut out": not checker.is_active,
        "barred": checker.id in row.barred,
        "paid by it": bool(row.beneficiary) and row.beneficiary in {checker.employee_ref, *above},
        "of another entity, or above the limit": not may_decide(session, checker.id, row),
    }
    return next((wrong for wrong, is_so in wrongs.items() if is_so), "")


def may_decide(session: Session, person_id: int, row: ApprovalRow) -> bool:
    """Return whether a grant allows it, looked at one by one."""
    actor = people.actor(session, person_id, now=row.proposed_at)
    assert actor is not None
    worth = 0 if row.amount_minor == 0 else row.group_minor
    return any(_allows(actor, grant, row.legal_entity_id, worth) for grant in actor.grants)


def _allows(_actor: Actor, grant: Grant, entity: str, worth: int | None) -> bool:
    is_there = grant.role in {Role.APPROVER, Role.CONTROLLER} and grant.legal_entity in {entity, "*"}
    return is_there and (grant.limit_minor is None or (worth is not None and worth <= grant.limit_minor))


def test_never_a_self_approval_and_never_two_decisions(sqlite_stand: SqliteStand, runtime: StandRuntime) -> None:
    decided = 0
    for seed in range(SEEDS):
        with sqlite_stand.fresh() as url:
            opened = open_database(url)
            decided += history(office(opened, runtime, seed))
            opened.dispose()
    assert decided >= SEEDS, "histories without decisions prove nothing"


def history(one: Office) -> int:
    """Let an office live, hold everything against its end, and return how many decisions there were."""
    for _ in range(STEPS):
        one.step()
        one.runtime.advance(timedelta(minutes=one.dice.randrange(60)))
    with one.database.read() as session:
        rows = list(session.exec(select(ApprovalRow)).all())
        decided = [row for row in rows if row.checker_id is not None]
        assert {row.id: wrong for row in decided if (wrong := stands_against(session, row))} == {}
    followed = {row.id: FOLLOWS[row.state] for row in rows if row.state in FOLLOWS}
    assert sorted(one.followed) == sorted(followed.items())
    open_subjects = [row.subject_id for row in rows if row.state == ApprovalState.OPEN]
    assert len(open_subjects) == len(set(open_subjects))
    assert all(approvals.digest(row.content) == row.content_sha256 for row in rows)
    return len(decided)
