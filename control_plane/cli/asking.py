"""How a command asks the API: at the configured address, under the key that is known."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

import typer

from control_plane.api.client import ApiClient, ApiError
from control_plane.bootstrap.sharing import key_file
from control_plane.cli.exits import ERRORS, Exit
from control_plane.settings import Settings


@contextmanager
def client_of(settings: Settings, key: str | None) -> Iterator[ApiClient]:
    """Give a client of the API; what it does not find ends the command with a sentence."""
    with ApiClient(settings.api.address, key or _known_key(settings)) as client:
        try:
            yield client
        except ApiError as error:
            if error.problem.status != HTTPStatus.NOT_FOUND:
                raise
            ERRORS.print(str(error), style="red", markup=False)
            raise typer.Exit(Exit.NO) from error


def _known_key(settings: Settings) -> str:
    """Return the configured key, else the one that this machine's own process keeps."""
    if settings.api.key:
        return settings.secret(settings.api.key)
    file = key_file(settings)
    return file.read_text().strip() if file is not None and file.exists() else ""
