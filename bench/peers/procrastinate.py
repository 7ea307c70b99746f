"""procrastinate doing W(n): one job per expense, deferred by the page, retried by its own strategy."""

import asyncio
import logging
from contextlib import suppress
from typing import Any, Final

from procrastinate import App, PsycopgConnector, RetryStrategy

from bench.databases import plain_url
from bench.peers import business, posting, records
from bench.peers.records import State
from bench.peers.running import Desk, desk, measured, order

_SWEEP_SECONDS: Final = 5.0


async def book(at: Desk, subject: str, body: str) -> None:
    """Bring one expense into the ERP's books. Raises AwayError: to be tried again."""
    data = business.read(body.encode())
    found = business.enriched(data)
    key, steps = data["document_number"], (("validate", "passed"), ("enrich", "passed"))
    state = await records.keep(at.pool, subject, key, body.encode(), found.group_amount, steps)
    if state is State.CHECKED:
        await records.close(at.pool, subject, *await posting.post(at.http, business.erp_call(subject, data)))


async def _retry_stalled(app: App) -> None:
    """Let jobs go on whose worker gave no sign for half a minute, as the documentation advises."""
    while True:
        await asyncio.sleep(_SWEEP_SECONDS)
        for job in await app.job_manager.get_stalled_jobs():
            await app.job_manager.retry_job(job)


async def main() -> None:
    """Do what was ordered."""
    given = order()
    logging.getLogger("procrastinate").setLevel(logging.ERROR)  # else every job and every retry is a line
    app = App(connector=PsycopgConnector(conninfo=plain_url(given.database_url), min_size=4, max_size=20))
    async with app.open_async(), desk(given) as at:
        if given.feeds:
            await app.schema_manager.apply_schema_async()

        async def job(subject: str, body: str) -> None:
            await book(at, subject, body)

        retry = RetryStrategy(max_attempts=10, retry_exceptions=[posting.AwayError])
        task = app.task(name="book", queue="expenses", retry=retry)(job)

        async def accept(page: list[dict[str, Any]]) -> None:
            await task.batch_defer_async(*page)

        worker = asyncio.create_task(
            app.run_worker_async(
                concurrency=posting.CONCURRENCY, fetch_job_polling_interval=0.5, install_signal_handlers=False
            )
        )
        sweep = asyncio.create_task(_retry_stalled(app))
        await measured(given, at.pool, accept)
        for task_ in (worker, sweep):
            task_.cancel()
            with suppress(asyncio.CancelledError):
                await task_


if __name__ == "__main__":
    asyncio.run(main())
