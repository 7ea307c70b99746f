"""Exit codes, and the sentence that a person gets instead of a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Final

import typer
from rich.console import Console


class Exit(IntEnum):
    """What the exit code says."""

    FINE = 0
    NO = 1
    """The answer is no: nothing was found, an act was refused, the books differ, the schema is not up to date."""
    WRONG = 2
    """The command or the configuration is wrong, or a port or database is in use."""
    AWAY = 3
    """Something that is needed does not answer."""


ERRORS: Final = Console(stderr=True, soft_wrap=True, highlight=False)


@contextmanager
def told() -> Iterator[None]:
    """End with a sentence and an exit code where the world, not we, went wrong."""
    try:
        yield
    except typer.Exit:
        raise
    except Exception as error:  # our own mistakes are raised again
        code = code_of(error)
        if code is None:
            raise
        ERRORS.print(str(error), style="red", markup=False)
        raise typer.Exit(code) from error


def code_of(error: Exception) -> Exit | None:
    """Return the exit code of an error that the world is to blame for; None: it is our own mistake."""
    return next((code for kind, code in _codes().items() if isinstance(error, kind)), None)


def _codes() -> dict[type[Exception], Exit]:
    """Return the table; it is read once something went wrong, so that no command loads more than it needs."""
    from connectors.twins.running import TwinDidNotStartError
    from connectors.twins.tryton.home import TrytonMissingError
    from control_plane.api.client import ApiError
    from control_plane.bootstrap.process import DatabaseInUseError
    from control_plane.bootstrap.serving import PortTakenError
    from control_plane.proof.hand import OutsideError
    from control_plane.proof.xes import UnreadableLogError
    from control_plane.settings import ConfigurationError
    from control_plane.store.troubles import DatabaseTroubleError

    return {
        ConfigurationError: Exit.WRONG,
        PortTakenError: Exit.WRONG,
        UnreadableLogError: Exit.WRONG,
        DatabaseInUseError: Exit.WRONG,
        DatabaseTroubleError: Exit.AWAY,
        ApiError: Exit.AWAY,
        OutsideError: Exit.AWAY,
        TwinDidNotStartError: Exit.AWAY,
        TrytonMissingError: Exit.AWAY,
    }
