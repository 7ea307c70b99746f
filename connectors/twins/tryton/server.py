"""A real Tryton for demo and tests: copied from the template and started in under two seconds."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from connectors.twins.tryton.books import USER
from connectors.twins.tryton.home import Say, silent
from connectors.twins.tryton.process import serving
from connectors.twins.tryton.template import template


@dataclass(frozen=True, slots=True)
class TrytonServer:
    """Where it answers, and the connector's user."""

    url: str
    """Ends with the database, as a connection's address does."""
    user: str
    password: str = field(repr=False)
    admin_password: str = field(repr=False)


@contextmanager
def running_tryton(say: Say = silent) -> Iterator[TrytonServer]:
    """Give a running Tryton with fresh books; they are gone with it.

    Raises:
        TrytonMissingError: it could not be installed, set up or started.
    """
    made = template(say)
    with tempfile.TemporaryDirectory(prefix="tieout-tryton-") as directory:
        made.copy_to(Path(directory))
        with serving(made.binaries, Path(directory), made.passwords.admin) as url:
            yield TrytonServer(url, USER, made.passwords.connector, made.passwords.admin)
