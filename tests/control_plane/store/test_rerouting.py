"""Rules that have changed reach the exceptions that nobody has claimed, page by page, and leave the others alone."""

from dataclasses import replace

from control_plane.domain import exception_case as machine
from control_plane.domain.hand_over import OFFER_LASTS, Receiver, accept, hand_over
from control_plane.domain.routing import Routing
from control_plane.store import exception_cases, rerouting
from control_plane.store.rerouting import Rerouted
from control_plane.store.tables import ExceptionCaseRow
from tests.control_plane.store.desk import ANNA, Desk, trouble
from tests.control_plane.store.test_plans import plan_of

BERTA = 8
ELSEWHERE = Routing(2, ({"when": {"legal_entity": "DE01"}, "then": {"team": "treasury"}},))


def route(desk: Desk, rules: Routing = ELSEWHERE, limit: int = 10) -> list[Rerouted]:
    with desk.database.write() as session:
        is_outdated = rerouting.is_outdated(session, rules)
        found = rerouting.route_anew(session, rules, now=desk.now, limit=limit)
    assert is_outdated == bool(found)
    return found


def placed(row: ExceptionCaseRow) -> tuple[str, str, int | None]:
    return row.team, row.routed_by, row.routing_version


def test_what_somebody_has_claimed_stays_where_it_is(desk: Desk) -> None:
    claimed, worked, free = desk.open(*(trouble(number) for number in (1, 2, 3)))
    desk.claim(claimed)
    desk.claim(worked, work=True)
    assert [one.id for one in route(desk)] == [free.id]
    assert placed(desk.row(free.id)) == ("treasury", "rule 1 of version 2", 2)
    assert {placed(desk.row(one.id)) for one in (claimed, worked)} == {("finance_operations", "", 0)}


def test_what_is_given_back_goes_by_the_rules_of_now(desk: Desk) -> None:
    row = desk.claim(desk.open(trouble())[0])
    assert route(desk) == []
    desk.step(row.id, lambda case: machine.give_back(case, ANNA))
    assert [one.to.team for one in route(desk)] == ["treasury"]


def test_a_team_that_a_person_chose_keeps_it(desk: Desk) -> None:
    row = desk.claim(desk.open(trouble())[0])
    until = desk.now + OFFER_LASTS
    desk.step(row.id, lambda case: hand_over(case, ANNA, Receiver(team="erp_team"), until=until))
    desk.step(row.id, lambda case: accept(case, BERTA, teams={"erp_team"}, now=desk.now))
    desk.step(row.id, lambda case: machine.give_back(case, BERTA))
    assert route(desk) == []
    assert placed(desk.row(row.id)) == ("erp_team", "a hand-over", None)


def test_what_has_ended_is_left_alone(desk: Desk) -> None:
    desk.open(trouble())
    desk.resolve(t1="posted as 1")
    assert route(desk) == []


def test_rules_that_send_it_to_the_same_team_change_nothing_that_somebody_saw(desk: Desk) -> None:
    row = desk.open(trouble())[0]
    (found,) = route(desk, Routing(1))
    assert not found.has_moved
    after = desk.row(row.id)
    assert (after.revision, after.routing_version) == (row.revision, 1)
    claimed = machine.claim(exception_cases.case_of(row), ANNA, now=desk.now)
    with desk.database.write() as session:
        assert exception_cases.change(session, row, claimed, now=desk.now)


def test_who_saw_it_with_another_team_has_to_look_again(desk: Desk) -> None:
    row = desk.open(trouble())[0]
    route(desk)
    claimed = machine.claim(exception_cases.case_of(row), ANNA, now=desk.now)
    with desk.database.write() as session:
        assert not exception_cases.change(session, row, claimed, now=desk.now)


def test_without_a_rule_it_is_back_with_the_owner_in_the_catalog(desk: Desk) -> None:
    row = desk.open(trouble(team="treasury", routed_by="rule 1 of version 1", routing_version=1))[0]
    route(desk, Routing(2))
    assert placed(desk.row(row.id)) == ("finance_operations", "", 2)


def test_an_exception_of_a_connection_is_routed_too(desk: Desk) -> None:
    row = desk.open(trouble(None, code="credentials_refused", connection="erp"))[0]
    rules = Routing(1, ({"when": {"connection": "erp"}, "then": {"team": "treasury"}},))
    route(desk, rules)
    assert desk.row(row.id).team == "treasury"


def test_many_are_routed_in_pages_and_each_once(desk: Desk) -> None:
    rows = desk.open(*(trouble(number) for number in range(1, 8)))
    pages = [[one.id for one in route(desk, limit=3)] for _ in range(4)]
    assert [len(page) for page in pages] == [3, 3, 1, 0]
    assert [number for page in pages for number in page] == [row.id for row in rows]


def test_a_later_version_reaches_what_an_unfinished_one_left(desk: Desk) -> None:
    desk.open(*(trouble(number) for number in range(1, 5)))
    route(desk, limit=2)
    newest = replace(ELSEWHERE, version=3)
    assert len(route(desk, newest)) == 4
    assert route(desk) == []  # who still reads the earlier version brings nothing back


def test_what_is_old_is_looked_up_however_much_is_open(lite: Desk) -> None:
    with lite.database.read() as session:
        for asked in (rerouting._ANY_OUTDATED, rerouting._OUTDATED):
            steps = plan_of(session, asked)
            assert "ix_exception_case_unclaimed (routing_version<?)" in steps[0]
            assert not [step for step in steps if "TEMP B-TREE" in step]
