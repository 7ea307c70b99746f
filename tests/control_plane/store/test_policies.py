import pytest

from control_plane.store import policies
from control_plane.store.database import Database
from control_plane.store.policies import FourEyesError, Governed, OutdatedProposalError, UnknownProposalError
from tests.stands.runtime import MORNING, CountingIds

FLOW = "expense_report"
RULES = [{"when": {"legal_entity": "DE01"}, "then": {"target": "erp"}}]


def propose(database: Database, ids: CountingIds, key: str, value: object, maker: str = "anna") -> int:
    with database.write() as session:
        return policies.propose(session, ids, FLOW, key, value, maker=maker, now=MORNING).id


def approve(database: Database, policy_id: int, checker: str = "berta") -> None:
    with database.write() as session:
        policies.approve(session, policy_id, checker=checker, now=MORNING)


def current(database: Database) -> Governed:
    with database.read() as session:
        return policies.current(session, FLOW)


def test_a_proposed_value_has_no_effect(database: Database, ids: CountingIds) -> None:
    number = propose(database, ids, "routing", RULES)

    assert current(database) == Governed({}, 0)
    with database.read() as session:
        assert [row.id for row in policies.proposals(session, FLOW)] == [number]


def test_an_approved_value_of_any_shape_takes_effect(database: Database, ids: CountingIds) -> None:
    for key, value in (("routing", RULES), ("budget", "hold"), ("limit", 5), ("away", None), ("sla", {"hours": 8})):
        approve(database, propose(database, ids, key, value))

    values = {"routing": RULES, "budget": "hold", "limit": 5, "away": None, "sla": {"hours": 8}}
    assert current(database) == Governed(values, 5)
    with database.read() as session:
        assert policies.proposals(session, FLOW) == []
        assert policies.current(session, "travel_booking") == Governed({}, 0)


def test_every_approval_makes_a_new_version_of_the_policy(database: Database, ids: CountingIds) -> None:
    approve(database, propose(database, ids, "budget", "hold"))
    approve(database, propose(database, ids, "budget", "warn"))

    assert current(database) == Governed({"budget": "warn"}, 2)


def test_nobody_approves_what_he_proposed(database: Database, ids: CountingIds) -> None:
    number = propose(database, ids, "budget", "hold", maker="anna")

    with pytest.raises(FourEyesError, match="anna"):
        approve(database, number, checker="anna")
    assert current(database).version == 0


def test_a_value_is_approved_once(database: Database, ids: CountingIds) -> None:
    number = propose(database, ids, "budget", "hold")
    approve(database, number)

    for unknown in (number, 4711):
        with pytest.raises(UnknownProposalError):
            approve(database, unknown)


def test_an_older_proposal_does_not_undo_a_later_approval(database: Database, ids: CountingIds) -> None:
    older, later = propose(database, ids, "budget", "hold"), propose(database, ids, "budget", "warn")
    approve(database, later)

    with pytest.raises(OutdatedProposalError, match="budget"):
        approve(database, older)
    assert current(database).values == {"budget": "warn"}
