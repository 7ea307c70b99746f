"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path | None, typer.Option("--config", help="The configuration; else TIEOUT_CONFIG, else tieout.toml.")
]
Host = Annotated[str | None, typer.Option("--host", help="Where to listen; else as configured.")]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="0 chooses one; else as configured.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of a table for people.")]
Key = Annotated[str | None, typer.Option("--key", envvar="TIEOUT_API_KEY", help="The API key; else as configured.")]
