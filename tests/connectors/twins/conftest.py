"""Twins in process, on one clock."""

from collections.abc import AsyncIterator

import httpx
import pytest

from connectors.twins.erp.app import create_app as create_erp
from connectors.twins.erp.books import Books as ErpBooks
from connectors.twins.expense.app import create_app as create_expense
from connectors.twins.expense.books import Books as ExpenseBooks
from tests.connectors.twins.in_process import CREDENTIALS, Clock, Twin


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def erp(clock: Clock) -> AsyncIterator[Twin]:
    books = ErpBooks(clock=clock)
    app = create_erp(books)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://erp", trust_env=False) as client:
        client.headers["X-Api-Key"] = "sandbox-key"
        yield Twin(app, clock, client)
    books.close()


@pytest.fixture
async def expense(clock: Clock) -> AsyncIterator[Twin]:
    books = ExpenseBooks(clock=clock)
    app = create_expense(books)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://expense", trust_env=False
    ) as client:
        token = (await client.post("/oauth2/v0/token", data=CREDENTIALS)).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        yield Twin(app, clock, client)
    books.close()
