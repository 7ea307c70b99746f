"""The calls that the sandbox ERP takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson

from connectors.exchange import Exchange
from connectors.http import HttpClient

MOST_ITEMS = 1000
"""The ERP's largest page."""


@dataclass(frozen=True, slots=True)
class SandboxErpClient:
    """One connection's calls; each answers with an exchange."""

    http: HttpClient
    api_key: str = field(repr=False)
    deadline: timedelta

    async def post_documents(self, documents: Sequence[Mapping[str, Any]]) -> Exchange:
        """Hand in documents to be booked."""
        return await self._post("/v1/documents", {"documents": documents})

    async def find(self, key: str, values: Sequence[str]) -> Exchange:
        """Ask for documents by their `references` or `source_documents`."""
        return await self._post("/v1/documents/find", {key: values})

    async def reverse(self, reversals: Sequence[Mapping[str, Any]]) -> Exchange:
        """Hand in documents to be reversed."""
        return await self._post("/v1/documents/reverse", {"reversals": reversals})

    async def payments(self, since: str, limit: int) -> Exchange:
        """Read the payments after the one with this id."""
        return await self._get("/v1/payments", since, limit)

    async def master_data(self, domain: str, since: str, limit: int) -> Exchange:
        """Read the records of a list that changed after this moment."""
        return await self._get(f"/v1/master-data/{domain}", since, limit)

    async def _post(self, path: str, body: Mapping[str, Any]) -> Exchange:
        return await self.http.post(path, orjson.dumps(body), headers=self._key, deadline=self.deadline)

    async def _get(self, path: str, since: str, limit: int) -> Exchange:
        query: dict[str, str | int] = {"limit": min(limit, MOST_ITEMS), **({"since": since} if since else {})}
        return await self.http.get(path, query=query, headers=self._key, deadline=self.deadline)

    @property
    def _key(self) -> dict[str, str]:
        return {"x-api-key": self.api_key}
