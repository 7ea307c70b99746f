"""Into a real Tryton, and read back by its API."""

import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from connectors.twins.expense.sample_group import EXPENSE_TYPES
from connectors.twins.tryton.acts import Administrator, administrator
from control_plane.api.client import ApiClient
from control_plane.proof.arrival import settle
from control_plane.proof.demo import prove
from control_plane.proof.feeds import SampleFeed
from control_plane.proof.replay import batches, envelope_of
from control_plane.proof.stage import Stage
from control_plane.proof.timeline import Kind, Step, timeline
from control_plane.proof.tryton_erp import TrytonErp
from control_plane.proof.xes import read_traces
from tests.journeys.playing import QUICK, on_stage, wait_until
from tests.journeys.reading import Reading, readings

pytestmark = [pytest.mark.slow, pytest.mark.tryton]

SAMPLES = 120
CLAIMS = 320
APART = 4
"""Every fourth claim, so that they spread over several months."""
STRANGERS = 3
PATIENT = {**QUICK, "engine": {**QUICK["engine"], "lease": 90}}
"""A lease must be longer than the call of one batch."""
CLOSED = "2017-02"
PAYABLE = "331000"

Account = tuple[str, str]
"""Account and party."""


def test_the_built_in_documents_stand_in_tryton_once_each(tmp_path: Path) -> None:
    with on_stage(tmp_path, is_tryton=True, settings=PATIENT) as (stage, client):
        feed = SampleFeed(stage, with_nothing=False)
        while feed.done < SAMPLES:
            feed.advance()
        settle(client, at_least=feed.done)
        proof, _ = prove(stage, client)

    assert (proof.lost, proof.doubled, proof.differences) == (0, 0, ())
    assert proof.booked_count >= SAMPLES


@pytest.mark.acceptance
def test_real_claims_stand_in_tryton_account_by_account(log: Path, tmp_path: Path) -> None:
    told = {one.id: one for one in readings(log)}
    steps = list(_first_approvals(log))
    strangers = {step.claim.id for step in steps[:STRANGERS]}
    with on_stage(tmp_path, is_tryton=True, settings=PATIENT) as (stage, client):
        with _administrator(stage) as admin:
            for company in ("1000", "2000", "3000"):
                admin.close_period(company, CLOSED)
        _learn_anew(client, "period")
        stage.platform.submit([_of_a_stranger(step) for step in steps[:STRANGERS]])
        for batch in batches(steps[STRANGERS:], 50):
            stage.platform.submit([envelope_of(step) for step in batch])
        settle(client, at_least=len(steps))
        held = Counter(case.code for case in client.exceptions(limit=200).items)
        stage.erp.activate_project("P-13")
        wait_until(lambda: _blocked(client) == STRANGERS, seconds=180, what="the release of what waited for P-13")
        settle(client)
        proof, _ = prove(stage, client)
        with _administrator(stage) as admin:
            books = _by_document(admin)
            days = _days(admin)

    known = {step.claim.id for step in steps} - strangers
    inactive = sum(told[one].project == "P-13" for one in known)
    assert inactive > 0
    assert held == {"inactive_master_data": inactive, "missing_binding": STRANGERS}
    assert proof.differences == ()
    assert books == {one: [_expected(told[one])] for one in known}
    closed = [step for step in steps if f"{step.at:%Y-%m}" == CLOSED and step.claim.id in known]
    assert closed
    assert {days[step.claim.id] for step in closed} == {date(2017, 3, 1)}
    assert all(days[step.claim.id] == step.at.date() for step in steps if step not in closed and step.claim.id in known)


def _first_approvals(log: Path) -> Iterator[Step]:
    """Yield the first approvals of claims that are worth something and never rejected, over the first months."""
    steps = timeline(read_traces(log))
    rejected = {step.claim.id for step in steps if step.kind is Kind.RECALLED}
    chosen = [
        step
        for step in steps
        if step.kind is Kind.APPROVED and step.claim.amount_minor and step.claim.id not in rejected
    ]
    yield from chosen[: CLAIMS * APART : APART]


def _of_a_stranger(step: Step) -> dict[str, Any]:
    envelope = envelope_of(step)
    envelope["document"]["employee"]["employeeId"] = "E-900"
    return envelope


@contextmanager
def _administrator(stage: Stage) -> Iterator[Administrator]:
    assert isinstance(stage.erp, TrytonErp)
    with administrator(stage.erp.server) as admin:
        yield admin


def _by_document(admin: Administrator) -> Mapping[str, list[dict[Account, int]]]:
    """Return what each document of ours moves on which account, in cents of EUR, posting by posting."""
    moves = admin.rows("account.move", ["description"], [["state", "=", "posted"]])
    fields = ["move", "account.code", "party.code", "debit", "credit", "amount_second_currency"]
    lines: dict[int, dict[Account, int]] = defaultdict(dict)
    for line in admin.rows("account.move.line", fields, [["move.state", "=", "posted"]]):
        key = (line["account."]["code"], line["party."]["code"] if line["party."] else "")
        second = line["amount_second_currency"]
        amount = line["debit"] - line["credit"] if second is None else second
        lines[line["move"]][key] = lines[line["move"]].get(key, 0) + int(Decimal(amount) * 100)
    found: dict[str, list[dict[Account, int]]] = defaultdict(list)
    for move in moves:
        found[_source_of(move["description"])].append(lines[move["id"]])
    return found


def _days(admin: Administrator) -> Mapping[str, date]:
    moves = admin.rows("account.move", ["description", "date"], [["state", "=", "posted"]])
    return {_source_of(move["description"]): move["date"] for move in moves}


def _source_of(description: str) -> str:
    return description.partition(" [")[2].removesuffix("]")


def _expected(told: Reading) -> dict[Account, int]:
    kind = EXPENSE_TYPES[zlib.crc32(told.id.encode()) % len(EXPENSE_TYPES)]
    return {(kind.account, ""): told.cents, (PAYABLE, told.employee): -told.cents}


def _learn_anew(client: ApiClient, stream: str) -> None:
    """Let a list be read now."""
    before = client.connection("erp")
    client.pull("erp", revision=before.revision, stream=stream)
    read_at = {one.stream: one.read_at for one in before.streams}[stream]

    def is_read() -> bool:
        return next(one.read_at for one in client.connection("erp").streams if one.stream == stream) != read_at

    wait_until(is_read, seconds=60, what=f"the list of {stream}")


def _blocked(client: ApiClient) -> int:
    return sum(line.blocked.count for line in client.ledger(flow="expense_report").items)
