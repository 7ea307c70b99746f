"""`tieout rules`: tried, proposed, approved by somebody else, and shown."""

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.canonical.master_data import Domain, MasterRecord
from control_plane.domain.access import Role
from control_plane.store import master_data
from tests.control_plane.api.stand import FLOW
from tests.control_plane.cli.desk import Desk

BECAUSE = ("--reason", "It is right so")
TAX_TEAM = {"when": {"code": "rejected_by_target"}, "then": {"team": "tax_team"}}
ROUTING = {"rules": [TAX_TEAM], "teams": {"tax_team": {"members": ["anna"]}}}
RULE = {"name": "tax key", "code": "rejected_by_target", "pattern": "(?P<problem>Tax.*)"}


@pytest.fixture
def mia(desk: Desk) -> str:
    return desk.stand.key(Role.CONTROLLER, Role.ANALYST, login="mia")


@pytest.fixture
def carl(desk: Desk) -> str:
    return desk.stand.key(Role.CONTROLLER, login="carl")


def written(desk: Desk, said: Any) -> str:
    file = desk.config.with_name("said.json")
    file.write_text(json.dumps(said), encoding="utf-8")
    return str(file)


def approved(desk: Desk, checker: str, answer: Any) -> None:
    assert answer.exit_code == 0, answer.stderr
    number = answer.stdout.split()[0]
    content = json.loads(desk.run(checker, "approvals", "show", number, "--json").stdout)["content_sha256"]
    done = desk.run(checker, "approvals", "approve", number, "--content", content, *BECAUSE)
    assert done.exit_code == 0, done.stderr


@pytest.mark.parametrize("said", ["{", "[]"])
def test_what_is_no_json_object_is_a_wrong_command(desk: Desk, mia: str, said: str) -> None:
    answer = desk.run(mia, "rules", "propose", "exception_routing", "-", *BECAUSE, pasted=said)
    assert (answer.exit_code, "is no JSON" in answer.stderr) == (2, True)


def test_a_file_that_is_not_there_or_says_something_else_is_a_wrong_command(desk: Desk, mia: str) -> None:
    missing = desk.run(mia, "rules", "try-failure", str(Path("nowhere.json")))
    other = desk.run(mia, "rules", "try-failure", written(desk, {"moon": "full"}))
    assert (missing.exit_code, other.exit_code, "moon" in other.stderr) == (2, 2, True)


def test_what_cannot_be_used_is_refused_with_the_reason(desk: Desk, mia: str) -> None:
    evil = written(desk, RULE | {"pattern": r"(?P<problem>a)\1"})
    refused = desk.run(mia, "rules", "propose-failure", evil, *BECAUSE)
    unknown = desk.run(mia, "rules", "propose", "moon", written(desk, {}), "--flow", FLOW, *BECAUSE)
    nobody = desk.run(mia, "rules", "propose", "exception_routing", written(desk, ROUTING | {"teams": {}}), *BECAUSE)
    assert (refused.exit_code, "cannot be used" in refused.stderr) == (1, True)
    assert (nobody.exit_code, "#/rules/0" in nobody.stderr) == (1, True), nobody.stderr
    assert (unknown.exit_code, unknown.stderr) == (1, f"{FLOW} has no value moon.\n")


def test_a_value_that_is_not_there_is_not_shown(desk: Desk, mia: str) -> None:
    assert desk.run(mia, "rules", "show", "moon", "--flow", FLOW).exit_code == 2
    assert desk.run(mia, "rules", "show", "moon").exit_code == 1


def test_a_routing_is_tried_proposed_and_in_force_once_it_is_approved(desk: Desk, mia: str, carl: str) -> None:
    desk.stand.stuck()
    file = written(desk, ROUTING)
    now = desk.stand.runtime.now()
    period = ("--since", now.replace(hour=0).isoformat(), "--until", now.replace(hour=23).isoformat())
    tried = desk.run(mia, "rules", "try-routing", file, *period)
    assert "tax team" in tried.stdout, tried.stderr
    assert "version 0, as it was shipped" in desk.run(mia, "rules", "show", "exception_routing").stdout
    approved(desk, carl, desk.run(mia, "rules", "propose", "exception_routing", file, *BECAUSE))
    shown = desk.run(mia, "rules", "show", "exception_routing").stdout
    assert "version 1, by mia, approved by carl" in shown
    assert '"team": "tax_team"' in shown


def test_a_flow_value_is_proposed_and_in_force_once_it_is_approved(desk: Desk, mia: str, carl: str) -> None:
    where = ("--flow", FLOW)
    file = written(desk, {"alone_up_to_minor": 1_000})
    approved(desk, carl, desk.run(mia, "rules", "propose", "corrections", file, *where, *BECAUSE))
    shown = json.loads(desk.run(mia, "rules", "show", "corrections", *where, "--json").stdout)
    assert (shown["version"], shown["value"]) == (1, {"alone_up_to_minor": 1_000})


def test_a_failure_rule_is_tried_proposed_and_retired(desk: Desk, mia: str, carl: str) -> None:
    file = written(desk, RULE)
    assert json.loads(desk.run(mia, "rules", "try-failure", file, "--json").stdout) == {"known_count": 0, "items": []}
    approved(desk, carl, desk.run(mia, "rules", "propose-failure", file, *BECAUSE))
    assert "tax key" in desk.run(mia, "rules", "failures").stdout
    approved(desk, carl, desk.run(mia, "rules", "propose-failure", file, "--retire", *BECAUSE))
    assert "2, retired" in desk.run(mia, "rules", "failures").stdout


def test_a_key_is_bound_once_a_second_person_agrees(desk: Desk, mia: str, carl: str) -> None:
    known = MasterRecord(Domain.PROJECT, "P-7", "Project 7", active=True, attributes={}, legal_entity="DE01")
    with desk.stand.database.write() as session:
        master_data.record(session, "erp", [known], now=desk.stand.runtime.now(), ids=desk.stand.runtime.ids)
    nothing = desk.run(mia, "rules", "bindings")
    approved(desk, carl, desk.run(mia, "rules", "bind", "project", "concur", "PX", "P-7", *BECAUSE))
    assert (nothing.exit_code, nothing.stderr) == (1, "Every key stands for itself.\n")
    assert "P-7" in desk.run(mia, "rules", "bindings", "--domain", "project").stdout
