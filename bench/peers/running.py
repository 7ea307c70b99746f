"""One peer's process: its order, its tables, and its account of W(n)."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any, Final

import httpx
from psycopg_pool import AsyncConnectionPool

from bench.databases import plain_url
from bench.peers import posting, records
from bench.processes import Used, given_order, tell, wait_for_go
from bench.reports import Report
from bench.work import document, subject_of

PAGE: Final = 200
"""Expenses that are accepted in one commit, as with ours."""
_POLL_SECONDS: Final = 0.1
_POOL: Final = 16


@dataclass(frozen=True, slots=True)
class PeerOrder:
    """What a peer is to do."""

    database_url: str
    erp_url: str
    count: int
    feeds: bool = True
    """Accept the expenses here; False: a former process has accepted them."""
    deadline_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class Desk:
    """What a peer's steps work with."""

    pool: records.Pool
    http: httpx.AsyncClient


Accept = Callable[[list[dict[str, Any]]], Awaitable[None]]
"""Takes over a page of expenses, each with `subject` and `body`."""


def order() -> PeerOrder:
    """Return this process's order."""
    return PeerOrder(**given_order())


@asynccontextmanager
async def desk(given: PeerOrder) -> AsyncIterator[Desk]:
    """Give the application's tables, and the way to the ERP."""
    url = plain_url(given.database_url)
    async with AsyncConnectionPool(url, min_size=_POOL, max_size=_POOL) as pool, posting.client(given.erp_url) as http:
        async with pool.connection() as connection:
            await connection.execute(records.SCHEMA)
        yield Desk(pool, http)


async def measured(given: PeerOrder, pool: records.Pool, accept: Accept) -> None:
    """Wait for the word, accept W(n), wait until all of it is done, and tell how it went."""
    await asyncio.to_thread(wait_for_go)
    began, before = time.monotonic(), Used.so_far()
    for page in pages(given.count) if given.feeds else ():
        await accept(page)
    count = await _until_done(pool, given.count, ends_at=began + given.deadline_seconds)
    ended, after = time.monotonic(), Used.so_far()
    cpu_seconds = after.cpu_seconds - before.cpu_seconds
    tell(asdict(Report(ended - began, cpu_seconds, after.peak_mb, count, ended_at=ended)))


async def _until_done(pool: records.Pool, wanted: int, *, ends_at: float) -> int:
    count = 0
    while time.monotonic() < ends_at:
        count = await records.done(pool)
        if count >= wanted:
            break
        await asyncio.sleep(_POLL_SECONDS)
    return count


def pages(count: int) -> Iterator[list[dict[str, Any]]]:
    """Yield W(count) page by page."""
    for first in range(0, count, PAGE):
        numbers = range(first, min(first + PAGE, count))
        yield [{"subject": subject_of(number), "body": document(number).decode()} for number in numbers]
