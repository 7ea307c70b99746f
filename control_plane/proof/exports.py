"""Where the outside's books are found: a file that was exported, or the systems that the configuration names."""

import json
from pathlib import Path
from typing import Final

from connectors.connection import ConnectionSettings
from connectors.twins.tryton.rpc import Rpc, TrytonRefusedError
from control_plane.proof.books import Approved, Booked, approved_of, booked_of
from control_plane.proof.hand import OutsideError, Words, hand
from control_plane.proof.tryton_erp import postings_of
from control_plane.settings import ConfigurationError, Settings

_SOURCES: Final = frozenset({"concur"})
_ERPS: Final = frozenset({"sandbox_erp", "tryton"})


def source_books(settings: Settings, where: str) -> list[Approved]:
    """Return what the source handed over; `where` is a file or an address, empty: as configured.

    Raises:
        ConfigurationError: nothing says where the books are.
        OutsideError: they cannot be read.
    """
    return list(approved_of(_export(where or _configured(settings, _SOURCES, "--source").url)))


def erp_books(settings: Settings, where: str) -> list[Booked]:
    """Return what the ERP has booked; `where` is a file or an address, empty: as configured.

    Raises:
        ConfigurationError: nothing says where the books are.
        OutsideError: they cannot be read.
    """
    if where:
        return list(booked_of(_export(where)))
    connection = _configured(settings, _ERPS, "--erp")
    return _of_tryton(connection) if connection.provider == "tryton" else list(booked_of(_export(connection.url)))


def _configured(settings: Settings, providers: frozenset[str], option: str) -> ConnectionSettings:
    names = [name for name, section in settings.connections.items() if section.provider in providers]
    if len(names) != 1:
        raise ConfigurationError(
            f"name the exported books with {option}: the configuration does not say which are meant"
        )
    return settings.connection(names[0])


def _export(where: str) -> Words:
    if where.startswith(("http://", "https://")):
        with hand(where) as system:
            return system.get("/twin/books")
    try:
        words: Words = json.loads(Path(where).read_bytes())
    except (OSError, ValueError) as error:
        raise OutsideError(f"{where} cannot be read: {error}") from error
    return words


def _of_tryton(connection: ConnectionSettings) -> list[Booked]:
    try:
        with Rpc(connection.url, connection.options["user"], connection.credentials["password"]) as rpc:
            rpc.within([row["id"] for row in rpc.rows("company.company", ["id"])])
            return postings_of(rpc.rows)
    except (OSError, TrytonRefusedError) as error:
        raise OutsideError(f"{connection.url} does not answer: {error}") from error
