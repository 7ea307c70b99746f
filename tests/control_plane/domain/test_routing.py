from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from control_plane.domain.governed import Problem
from control_plane.domain.routing import MOST_RULES, Routed, Routing, problems_of, routing_of

MONDAY = datetime(2026, 10, 12, 15, tzinfo=UTC)


def rule(team: str = "erp_team", **when: Any) -> dict[str, Any]:
    return {"when": when, "then": {"team": team}}


VALUE = {
    "rules": [
        rule("treasury", legal_entity="DE01", counterparty="E4711"),
        rule("erp_team", code={"prefix": "rejected_"}),
        rule("saas_administrators", flow=["expense_report", "cash_advance"]),
    ],
    "teams": {"treasury": {"members": ["tina"], "time_zone": "Europe/Berlin", "country": "DE"}},
}
ROUTING = routing_of(VALUE, 4)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"legal_entity": "DE01", "counterparty": "E4711"}, Routed("treasury", "rule 1 of version 4")),
        ({"code": "rejected_by_target", "flow": "expense_report"}, Routed("erp_team", "rule 2 of version 4")),
        ({"code": "closed_period", "flow": "cash_advance"}, Routed("saas_administrators", "rule 3 of version 4")),
        ({"code": "closed_period", "flow": "invoice"}, Routed()),
    ],
)
def test_the_first_rule_that_matches_names_the_team(facts: dict[str, str], expected: Routed) -> None:
    assert ROUTING.routed(facts) == expected


def test_without_rules_the_catalogs_owner_has_it() -> None:
    assert Routing().routed({"code": "closed_period"}) == Routed()


def test_a_team_without_members_is_everybody_and_one_with_members_only_these() -> None:
    assert "treasury" in ROUTING.teams_of("tina")
    assert "treasury" not in ROUTING.teams_of("anna")
    assert "erp_team" in ROUTING.teams_of("anna")


def test_a_team_has_time_only_while_it_works() -> None:
    four = timedelta(hours=4)
    assert ROUTING.deadline("treasury", MONDAY, four) == datetime(2026, 10, 13, 11, tzinfo=UTC)  # closes at 15:00 UTC
    assert ROUTING.deadline("erp_team", MONDAY, four) == MONDAY + four


def test_a_good_routing_has_no_problems() -> None:
    assert problems_of(VALUE) == []
    assert problems_of({}) == []


@pytest.mark.parametrize(
    ("value", "pointer", "sentence"),
    [
        ({"rule": []}, "/rule", "There is no rule."),
        ({"rules": {}}, "", "A routing has a list of `rules` and a table of `teams`."),
        ({"rules": [1]}, "/rules/0", "A rule is"),
        ({"rules": [{"if": {}, "then": {"team": "erp_team"}}]}, "/rules/0", "A rule is"),
        ({"rules": [rule(legal_entty="DE01")]}, "/rules/0/when/legal_entty", "did you mean legal_entity."),
        ({"rules": [rule(code=7)]}, "/rules/0/when/code", "A condition is"),
        ({"rules": [rule(code=[])]}, "/rules/0/when/code", "A condition is"),
        ({"rules": [rule(code={"regex": "(a+)+$"})]}, "/rules/0/when/code", "A condition is"),
        ({"rules": [rule("no_team")]}, "/rules/0/then", "A rule sends to one team"),
        ({"rules": [{"when": {}}]}, "/rules/0/then", "A rule sends to one team"),
        ({"rules": [rule()] * (MOST_RULES + 1)}, "/rules", "too many"),
        ({"teams": {"treasury": 1}}, "/teams/treasury", "A team is"),
        ({"teams": {"treasury": {"member": []}}}, "/teams/treasury/member", "did you mean members."),
        ({"teams": {"treasury": {"members": "tina"}}}, "/teams/treasury/members", "Members are"),
        ({"teams": {"treasury": {"time_zone": "Mars/Base"}}}, "/teams/treasury", "Mars/Base is no time zone"),
        ({"teams": {"treasury": {"opens": "9 o'clock"}}}, "/teams/treasury", "cannot be read"),
        ({"teams": {"treasury": {"opens": "18:00", "closes": "09:00"}}}, "/teams/treasury", "does not close"),
    ],
)
def test_what_is_wrong_is_named_where_it_stands(value: dict[str, Any], pointer: str, sentence: str) -> None:
    found = problems_of(value)
    assert [one.pointer for one in found if one.is_fatal] == [pointer]
    assert sentence in found[0].sentence


@pytest.mark.parametrize(
    ("earlier", "later", "is_reached"),
    [
        (rule(), rule(code="closed_period"), False),
        (rule(flow="invoice"), rule(flow="invoice", legal_entity="DE01"), False),
        (rule(flow=["invoice", "order"]), rule(flow="invoice"), False),
        (rule(code={"prefix": "re"}), rule(code=["rejected", "recalled"]), False),
        (rule(code={"prefix": "re"}), rule(code={"prefix": "rej"}), False),
        (rule(code={"prefix": "rej"}), rule(code={"prefix": "re"}), True),
        (rule(flow="invoice", legal_entity="DE01"), rule(flow="invoice"), True),
        (rule(flow="invoice"), rule(flow=["invoice", "order"]), True),
        (rule(flow="invoice"), rule(code="closed_period"), True),
        (rule(code="re"), rule(code={"prefix": "re"}), True),
    ],
)
def test_a_rule_that_can_never_match_is_a_warning(
    earlier: dict[str, Any], later: dict[str, Any], *, is_reached: bool
) -> None:
    found = problems_of({"rules": [earlier, later]})
    said = Problem("/rules/1", "It can never match: rule 1 takes everything that it asks for.", is_fatal=False)
    assert found == ([] if is_reached else [said])
