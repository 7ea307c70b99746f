"""The calls of the Financial Integration Service v4, one method each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeAlias  # a JSON value may be anything

import orjson

from connectors.concur.listing import DriftedListingError, Listing, MalformedListingError, listing_of
from connectors.concur.wire import DocType
from connectors.exchange import Exchange, Reply, failure_of
from connectors.failures import Failure
from connectors.http import HttpClient
from connectors.oauth import ClientCredentials

_TRANSACTIONS: Final = "/financialintegration/fi/v4/companies/transactiontypes/{doc_type}/transactions"
_OK: Final = 200
_UNAUTHORIZED: Final = 401

Answers: TypeAlias = Mapping[str, Mapping[str, Any]]  # an answer's items are any JSON objects
"""What the platform said, by document id."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A list and when the platform sent it."""

    listing: Listing
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class FisClient:
    """Speaks for one connection. Whatever goes wrong on the way comes back as a `Failure`."""

    http: HttpClient
    auth: ClientCredentials
    system_id: str
    deadline: timedelta

    async def documents(self, doc_type: DocType, page: int, limit: int, *, any_status: bool) -> Listed | Failure:
        """Return one page of what is ready to be taken over, or with `any_status` of all that is kept."""
        query: dict[str, str | int] = {"page": page, "limit": limit}
        every = {"ignoreDocumentStatus": "yes"} if any_status else {}
        exchange = await self._get(_TRANSACTIONS.format(doc_type=doc_type), {**query, **every})
        return _listed(exchange, "content")

    async def events(self, path: str, after: str, limit: int) -> Listed | Failure:
        """Return the recalls that a feed of events tells of, oldest first."""
        exchange = await self._get(path, {"after": after, "limit": limit, "eventType": "recalled"})
        return _listed(exchange, "events")

    async def acknowledge(self, doc_type: DocType, doc_ids: Sequence[str]) -> Answers | Failure:
        """Take documents out of the queue of what is ready."""
        return await self._tell(doc_type, "acknowledgements", {"ids": list(doc_ids)})

    async def confirm_postings(self, doc_type: DocType, items: Sequence[Mapping[str, Any]]) -> Answers | Failure:
        """Say how postings ended."""
        return await self._tell(doc_type, "postingconfirmations", {"postingConfirmations": list(items)})

    async def confirm_payments(self, doc_type: DocType, items: Sequence[Mapping[str, Any]]) -> Answers | Failure:
        """Say what was paid."""
        return await self._tell(doc_type, "paymentconfirmations", {"processingConfirmation": list(items)})

    async def _tell(self, doc_type: DocType, subject: str, content: Mapping[str, object]) -> Answers | Failure:
        path = f"{_TRANSACTIONS.format(doc_type=doc_type)}/{subject}"
        exchange = await self._post(path, orjson.dumps({"systemId": self.system_id, **content}))
        reply = _reply_of(exchange, "confirmation_refused")
        return reply if isinstance(reply, Failure) else _answers_of(reply)

    async def _get(self, path: str, query: Mapping[str, str | int]) -> Exchange:
        """Read; a token that is refused is renewed once."""
        headers = {"documentFormatAs": "json"}
        exchange = await self.http.get(path, query=query, headers=headers, deadline=self.deadline, auth=self.auth)
        if not _is_unauthorized(exchange):
            return exchange
        return await self.http.get(path, query=query, headers=headers, deadline=self.deadline, auth=self.auth)

    async def _post(self, path: str, body: bytes) -> Exchange:
        """Post; a token that is refused is renewed once. All that we tell may be told twice."""
        exchange = await self.http.post(path, body, deadline=self.deadline, auth=self.auth)
        if not _is_unauthorized(exchange):
            return exchange
        return await self.http.post(path, body, deadline=self.deadline, auth=self.auth)


def _is_unauthorized(exchange: Exchange) -> bool:
    return isinstance(exchange, Reply) and exchange.status == _UNAUTHORIZED


def _reply_of(exchange: Exchange, refusal: str) -> Reply | Failure:
    """Return the reply if it answers the question, else why it does not; `refusal` is the code of a plain no."""
    failure = failure_of(exchange)
    if failure is not None or not isinstance(exchange, Reply):
        return failure or Failure("answer_lost")
    if exchange.status != _OK:
        values = {"source": "SAP Concur", "problem": f"status {exchange.status}"}
        return Failure(refusal, values, detail=f"{exchange.status} {exchange.excerpt}".strip())
    return exchange


def _listed(exchange: Exchange, name: str) -> Listed | Failure:
    reply = _reply_of(exchange, "unreadable_document")
    if isinstance(reply, Failure):
        return reply
    try:
        return Listed(listing_of(reply.body, name), _sent_at(reply))
    except MalformedListingError as error:
        return Failure("answer_lost", detail=str(error))
    except DriftedListingError as error:
        return Failure("unreadable_document", {"problem": str(error)}, detail=reply.excerpt)


def _answers_of(reply: Reply) -> Answers | Failure:
    try:
        items = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return Failure("answer_lost", detail="the answer is not JSON")
    if not isinstance(items, list):
        return Failure("answer_lost", detail=f"the answer is no list: {reply.excerpt}")
    return {str(item["docId"]): item for item in items if isinstance(item, dict) and "docId" in item}


def _sent_at(reply: Reply) -> datetime:
    """Return the moment of the answer by its own header, else by our clock."""
    try:
        return parsedate_to_datetime(reply.headers.get("date", "")).astimezone(UTC)
    except ValueError:
        return datetime.now(UTC)
