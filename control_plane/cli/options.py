"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, Final

import typer

_SHORTEST: Final = 3
_LONGEST: Final = 500


def _reason(text: str) -> str:
    """Return a reason that says something.

    Raises:
        typer.BadParameter: it is too short or too long.
    """
    if not _SHORTEST <= len(text.strip()) <= _LONGEST:
        raise typer.BadParameter(f"a reason has {_SHORTEST} to {_LONGEST} letters")
    return text


Config = Annotated[
    Path | None, typer.Option("--config", help="The configuration; else TIEOUT_CONFIG, else tieout.toml.")
]
Host = Annotated[str | None, typer.Option("--host", help="Where to listen; else as configured.")]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="0 chooses one; else as configured.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of a table for people.")]
Key = Annotated[str | None, typer.Option("--key", envvar="TIEOUT_API_KEY", help="The API key; else as configured.")]
Reason = Annotated[str, typer.Option("--reason", callback=_reason, help="Why; it stands in the audit.")]
