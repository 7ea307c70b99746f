"""The bench's own way once, with a little: a real worker, a lean ERP over HTTP, and its books."""

import asyncio

import pytest

from bench.client import as_fast_as_possible, at_a_rate, message
from bench.databases import fresh_sqlite
from bench.erp import ErpOptions, running_erp
from bench.ours import Order
from bench.running import run_ours


@pytest.mark.slow
@pytest.mark.parametrize("batch", [1, 25])
def test_a_worker_books_every_expense_once(batch: int) -> None:
    with fresh_sqlite() as url, running_erp(ErpOptions()) as erp:
        ran = run_ours(Order(url, erp.url, 120, batch=batch, deadline_seconds=60), erp)
    assert (ran.lost, ran.doubled) == (0, 0)
    assert ran.report.states == {"posted": 116, "duplicate": 2, "failed": 2}
    assert ran.report.peak_mb > 0


def test_every_request_gets_its_answer_at_any_pace() -> None:
    with running_erp(ErpOptions(latency_seconds=0.001)) as erp:
        requests = [message(erp.url, "/bench/blank", b"{}", {"content-type": "application/json"})] * 50
        fast = asyncio.run(as_fast_as_possible(erp.url, requests, lines=4))
        paced = asyncio.run(at_a_rate(erp.url, requests, per_second=500, lines=4))
    assert (fast.statuses, paced.statuses) == ({200: 50}, {200: 50})
    assert paced.seconds >= 49 / 500
