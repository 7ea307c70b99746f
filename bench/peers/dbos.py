"""DBOS doing W(n): one queued workflow per expense, its steps recorded by DBOS itself."""

import asyncio
from typing import Any, Final

from dbos import DBOS, DBOSClient
from sqlalchemy import create_engine

from bench.databases import plain_url
from bench.peers import business, posting, records
from bench.peers.records import State
from bench.peers.running import Desk, desk, measured, order

QUEUE: Final = "expenses"
_NAME: Final = "bench"
_VERSION: Final = "1"


def registered(at: Desk) -> None:
    """Register the workflow with its four steps."""

    async def validate(body: str) -> dict[str, Any]:
        return business.read(body.encode())

    async def enrich(data: dict[str, Any]) -> str:
        return business.enriched(data).group_amount

    async def duplicate(subject: str, key: str, body: str, group_amount: str) -> str:
        return await records.keep(at.pool, subject, key, body.encode(), group_amount, ())

    async def post(subject: str, data: dict[str, Any]) -> None:
        await records.close(at.pool, subject, *await posting.post(at.http, business.erp_call(subject, data)))

    step = DBOS.step()
    validate_step, enrich_step, duplicate_step = step(validate), step(enrich), step(duplicate)
    post_step = DBOS.step(retries_allowed=True, interval_seconds=0.1, max_attempts=10)(post)

    async def book(subject: str, body: str) -> None:
        data = await validate_step(body)
        group_amount = await enrich_step(data)
        state = await duplicate_step(subject, data["document_number"], body, group_amount)
        if state == State.CHECKED:
            await post_step(subject, data)

    DBOS.workflow(name="book")(book)


async def main() -> None:
    """Do what was ordered."""
    given = order()
    url = plain_url(given.database_url)
    DBOS(
        config={
            "name": _NAME,
            "system_database_url": url,
            "application_version": _VERSION,
            "log_level": "ERROR",
            "sys_db_pool_size": 20,
        }
    )
    async with desk(given) as at:
        registered(at)
        DBOS.launch()
        await DBOS.register_queue_async(QUEUE, worker_concurrency=posting.CONCURRENCY, polling_interval_sec=0.1)
        client, engine = DBOSClient(system_database_url=url, application_name=_NAME), create_engine(given.database_url)

        def enqueue(page: list[dict[str, Any]]) -> None:
            with engine.begin() as connection:
                for each in page:
                    options = {
                        "workflow_name": "book",
                        "queue_name": QUEUE,
                        "workflow_id": each["subject"],
                        "app_version": _VERSION,
                    }
                    client.enqueue_in_transaction(connection, options, each["subject"], each["body"])

        async def accept(page: list[dict[str, Any]]) -> None:
            await asyncio.to_thread(enqueue, page)

        await measured(given, at.pool, accept)
        client.destroy()
        DBOS.destroy()


if __name__ == "__main__":
    asyncio.run(main())
