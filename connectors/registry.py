"""The list of connectors: one line for each kind of system."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

import connectors.concur.connector
import connectors.ecb.connector
import connectors.events.connector
import connectors.sandbox_erp.connector
import connectors.tryton.connector
from connectors.connection import Connect, ConnectionSettings, UnusableConnectionError, not_known
from connectors.contract import Connector
from connectors.http import HttpClient

CONNECTORS: Final[Mapping[str, Connect]] = {
    "concur": connectors.concur.connector.connect,
    "ecb": connectors.ecb.connector.connect,
    "sandbox_erp": connectors.sandbox_erp.connector.connect,
    "tryton": connectors.tryton.connector.connect,
}
SENDERS: Final[Mapping[str, Callable[[ConnectionSettings], Connector]]] = {
    "events": connectors.events.connector.connect,
}
"""Those who only send to us: there is no way out to them."""


@asynccontextmanager
async def opened(settings: ConnectionSettings) -> AsyncIterator[Connector]:
    """Give the connection's connector; its way out, if it has one, is closed at the end.

    Raises:
        UnusableConnectionError: the provider is not listed, or the connector refuses a setting.
        UnusableUrlError: the URL is no plain web address.
    """
    known = {*CONNECTORS, *SENDERS}
    if settings.provider not in known:
        raise UnusableConnectionError(f"connection {settings.name}: {not_known('provider', settings.provider, known)}")
    if settings.provider in SENDERS:
        yield SENDERS[settings.provider](settings)
        return
    async with HttpClient(settings.url, secrets=settings.secrets) as http:
        connector = CONNECTORS[settings.provider](settings, http)
        yield replace(connector, take_allowance=http.take_allowance)
