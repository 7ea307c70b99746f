"""The calls that Tryton takes: one session, renewed when it has expired, always in English."""

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from connectors.exchange import Exchange, NotSent, Reply, failure_of
from connectors.failures import Failure, FailureKind
from connectors.http import HttpClient
from connectors.tryton.refusals import failure_of_refusal
from connectors.tryton.wire import Answered, Domain, Refusal, Row, UnclearAnswerError, answer, call, is_row_list

Answer = Answered | Refusal | Failure
Context = dict[str, Any]  # Tryton's own keys

_EVERYTHING: Final[Context] = {"language": "en", "active_test": False}
"""The words of a refusal are its only code, so they stay English; inactive records are asked for."""
_PATH: Final = "/rpc/"
"""Below the connection's URL, which ends with the database."""
_UNAUTHORIZED: Final = 401
_OLDEST_FIRST: Final = (("id", "ASC"),)


@dataclass(frozen=True, slots=True)
class Reading:
    """Records as they stood at a moment of the server's own clock."""

    rows: list[Row]
    as_of: datetime | None


class Deadline:
    """The time that all calls for one question share."""

    def __init__(self, allowed: timedelta) -> None:
        self._until = asyncio.get_running_loop().time() + allowed.total_seconds()

    @property
    def left(self) -> timedelta:
        """Return what is left, never negative."""
        return timedelta(seconds=max(0.0, self._until - asyncio.get_running_loop().time()))


class TrytonClient:
    """One connection's calls. Signs in by itself, once for all that wait."""

    def __init__(self, http: HttpClient, user: str, password: str) -> None:
        self._http = http
        self._user = user
        self._password = password
        self._session = ""
        self._signing_in = asyncio.Lock()

    async def call(self, method: str, *params: Any, deadline: Deadline, **context: Any) -> Answer:
        """Return what a method answers; an expired session is renewed once, as a 401 proves that nothing was done."""
        body = call(method, [*params, _EVERYTHING | context])
        exchange = await self._authorized(body, deadline)
        if _is_unauthorized(exchange):
            exchange = await self._authorized(body, deadline)
        return exchange if isinstance(exchange, Failure) else _understood(exchange)

    async def read(
        self,
        model: str,
        fields: Sequence[str],
        domain: Domain,
        *,
        deadline: Deadline,
        order: Sequence[tuple[str, str]] = _OLDEST_FIRST,
        limit: int | None = None,
        **context: Any,
    ) -> Reading | Failure:
        """Return the records that meet the domain, inactive ones included."""
        method = f"model.{model}.search_read"
        found = await self.call(method, domain, 0, limit, order, fields, deadline=deadline, **context)
        match found:
            case Answered(value=rows, as_of=as_of) if is_row_list(rows):
                return Reading(rows, as_of)
            case Answered():
                return Failure("answer_lost", detail=f"{method} returned no records")
            case Refusal():
                return failure_of_refusal(found)
            case Failure():
                return found

    async def _authorized(self, body: bytes, deadline: Deadline) -> Exchange | Failure:
        session = await self._signed_in(deadline)
        if isinstance(session, Failure):
            return session
        exchange = await self._post(body, deadline, {"authorization": f"Session {session}"})
        if _is_unauthorized(exchange) and self._session == session:
            self._session = ""
        return exchange

    async def _signed_in(self, deadline: Deadline) -> str | Failure:
        async with self._signing_in:
            if not self._session:
                answered = await self._sign_in(deadline)
                if isinstance(answered, Failure):
                    return unsent(answered)
                self._session = answered
            return self._session

    async def _sign_in(self, deadline: Deadline) -> str | Failure:
        body = call("common.db.login", [self._user, {"password": self._password}])
        answered = _understood(await self._post(body, deadline, {}))
        match answered:
            case Answered(value=[int(uid), str(token), *_]):
                return base64.b64encode(f"{self._user}:{uid}:{token}".encode()).decode()
            case Answered() | Refusal():
                return Failure("credentials_refused")
            case Failure():
                return answered

    async def _post(self, body: bytes, deadline: Deadline, headers: dict[str, str]) -> Exchange:
        left = deadline.left
        if not left:
            return NotSent("no time left", code="not_sent_in_time")
        return await self._http.post(_PATH, body, deadline=left, headers=headers)


def unsent(failure: Failure) -> Failure:
    """Return the failure of a call that books nothing: unclear or not, no document has left us."""
    if failure.kind is not FailureKind.UNKNOWN:
        return failure
    return Failure("connection_refused", detail=failure.detail)


def _is_unauthorized(exchange: Exchange | Failure) -> bool:
    return isinstance(exchange, Reply) and exchange.status == _UNAUTHORIZED


def _understood(exchange: Exchange) -> Answer:
    if not isinstance(exchange, Reply):
        return failure_of(exchange) or Failure("answer_lost")
    if exchange.status in _BY_STATUS:
        return Failure(_BY_STATUS[exchange.status], detail=f"{exchange.status} {exchange.excerpt}")
    if (failure := failure_of(exchange)) is not None:
        return failure
    try:
        said = answer(exchange.body)
    except UnclearAnswerError as error:
        return Failure("answer_lost", detail=f"{exchange.status} {error}")
    return Answered(said.value, _moment(exchange)) if isinstance(said, Answered) else said


_BY_STATUS: Final = {404: "wrong_address", 405: "wrong_address", 422: "wrong_address"}
"""What Tryton itself says by a status: no such database, no such path, not this version's words."""


def _moment(reply: Reply) -> datetime | None:
    try:
        moment = parsedate_to_datetime(reply.headers.get("date", ""))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
