"""Tryton as a source of master data and payments, and as a target of postings."""

from typing import Final

from connectors.connection import ConnectionSettings, UnusableConnectionError, count, seconds
from connectors.contract import Connector, Dedupe, Traits
from connectors.http import HttpClient
from connectors.tryton.client import TrytonClient
from connectors.tryton.ledger import Roots
from connectors.tryton.reading import Reader
from connectors.tryton.source import TrytonSource
from connectors.tryton.target import TrytonTarget

OPTIONS: Final = (
    *("user", "cost_center_root", "project_root"),
    *("visibility_grace_seconds", "batch", "concurrency", "deadline_seconds"),
)


def connect(settings: ConnectionSettings, http: HttpClient) -> Connector:
    """Return the connection to a Tryton; its credential and options stand in the README beside this file.

    Raises:
        UnusableConnectionError: a setting is missing, unknown or unreadable.
    """
    settings.require(credentials=("password",), options=OPTIONS)
    user = settings.option("user", "", str)
    if not user:
        raise UnusableConnectionError(f"connection {settings.name}: the option 'user' is missing")
    roots = Roots(
        cost_center=settings.option("cost_center_root", "COST-CENTERS", str),
        project=settings.option("project_root", "PROJECTS", str),
    )
    traits = _traits(settings)
    client = TrytonClient(http, user, settings.credentials["password"])
    reader = Reader(client, settings.name, roots)
    return Connector(
        name=settings.name,
        source=TrytonSource(settings.name, client, reader, roots, traits.deadline),
        target=TrytonTarget(client, reader, traits),
        secrets=settings.secrets,
    )


def _traits(settings: ConnectionSettings) -> Traits:
    """Return what the engine must respect.

    Tryton numbers moves under one lock per company and year: one writer with batches of 25 is fastest.
    """
    return Traits(
        dedupe=Dedupe.QUERYABLE,
        visibility_grace=settings.option("visibility_grace_seconds", "30", seconds),
        batch=settings.option("batch", "25", count),
        deadline=settings.option("deadline_seconds", "10", seconds),
        concurrency=settings.option("concurrency", "4", count),
        is_serial_per_company=True,
    )
