"""A way to call a twin in process, with a clock that the test moves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from starlette.applications import Starlette

TRANSACTIONS = "/financialintegration/fi/v4/companies/transactiontypes/{}/transactions"
CREDENTIALS = {"grant_type": "client_credentials", "client_id": "tieout", "client_secret": "sandbox-secret"}


@dataclass
class Clock:
    now: datetime = field(default=datetime(2026, 11, 16, 9, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Twin:
    """A twin that is called in process."""

    app: Starlette
    clock: Clock
    client: httpx.AsyncClient

    async def get(self, path: str, **parameters: object) -> Any:
        query = {key: str(value) for key, value in parameters.items()}
        answer = await self.client.get(path, params=query or None)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = await self.client.post(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        answer = await self.client.patch(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()
