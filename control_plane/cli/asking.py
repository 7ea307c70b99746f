"""How a command asks the API: at the configured address, under the key that is known."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Final

import typer

from control_plane.api.client import ApiClient, ApiError
from control_plane.bootstrap.sharing import key_file
from control_plane.cli.exits import ERRORS, Exit
from control_plane.settings import Settings

REFUSED: Final = frozenset(
    {
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.CONFLICT,
        HTTPStatus.PRECONDITION_FAILED,
        HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)
"""The answer is no; everything else is a trouble with the way to the API."""


@contextmanager
def client_of(settings: Settings, key: str | None) -> Iterator[ApiClient]:
    """Give a client of the API; what it does not find or allow ends the command with a sentence."""
    with ApiClient(settings.api.address, key or _known_key(settings)) as client:
        try:
            yield client
        except ApiError as error:
            if error.problem.status not in REFUSED:
                raise
            ERRORS.print(str(error), style="red", markup=False)
            for one in error.problem.errors:
                ERRORS.print(f"{one.pointer}: {one.detail}", style="red", markup=False)
            raise typer.Exit(Exit.NO) from error


def _known_key(settings: Settings) -> str:
    """Return the configured key, else the one that this machine's own process keeps."""
    if settings.api.key:
        return settings.secret(settings.api.key)
    file = key_file(settings)
    return file.read_text().strip() if file is not None and file.exists() else ""
