"""The commands that start a process: all in one, or each part apart."""

import asyncio
import json
import os
import signal
import socket
import sys
import tempfile
import threading
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.console import Console

from control_plane.cli.exits import ERRORS, Exit, told
from control_plane.cli.options import Config, Host, Port

if TYPE_CHECKING:
    from control_plane.bootstrap.shapes import Ready
    from control_plane.settings import Settings
    from control_plane.settings.sections import ApiSection, UiSection

CONSOLE: Final = Console(soft_wrap=True, highlight=False)

ReadyAsJson = Annotated[bool, typer.Option("--json", help="Say where it listens as one line of JSON.")]


def up(
    config: Config = None,
    host: Host = None,
    port: Port = None,
    as_json: ReadyAsJson = False,
    while_stdin_open: Annotated[bool, typer.Option("--while-stdin-open", hidden=True)] = False,
) -> None:
    """Run everything in one process: API, screen, scheduler and worker."""
    from control_plane.bootstrap import shapes

    with told():
        if while_stdin_open:
            threading.Thread(target=_end_with_stdin, daemon=True).start()
        settings = _settings(config)
        wire = _listening(settings.api, host, port)
        asyncio.run(shapes.up(settings, wire, _say_json if as_json else _say))


def api(config: Config = None, host: Host = None, port: Port = None, as_json: ReadyAsJson = False) -> None:
    """Serve the API."""
    from control_plane.bootstrap import shapes

    with told():
        settings = _settings(config)
        wire = _listening(settings.api, host, port)
        asyncio.run(shapes.api(settings, wire, _say_json if as_json else _say))


def worker(
    config: Config = None,
    concurrency: Annotated[
        int | None, typer.Option("--concurrency", min=1, help="Calls in flight to one target; else as it takes.")
    ] = None,
    batch: Annotated[
        int | None, typer.Option("--batch", min=1, max=1000, help="Transactions per lease; else as configured.")
    ] = None,
) -> None:
    """Move work: pull, check, deliver, ask, confirm. Any number may run on PostgreSQL.

    TERM and Ctrl-C let it finish what is on its way and give the rest back.
    """
    from control_plane.bootstrap import shapes

    with told():
        asyncio.run(shapes.worker(_with_engine(_settings(config), concurrency=concurrency, batch=batch)))


def scheduler(config: Config = None) -> None:
    """Plan when streams are pulled. One of several leads."""
    from control_plane.bootstrap import shapes

    with told():
        asyncio.run(shapes.scheduler(_settings(config)))


def ui(config: Config = None, host: Host = None, port: Port = None) -> None:
    """Serve the screen; it asks the API at `api.url`."""
    from control_plane.bootstrap import shapes

    with told():
        settings = _settings(config)
        asyncio.run(shapes.ui(settings, _listening(settings.ui, host, port), _say_screen))


def migrate(
    config: Config = None,
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing: tell whether the migrations lead to the models.")
    ] = False,
) -> None:
    """Bring the database's schema up to date."""
    with told():
        raise typer.Exit(_check_migrations() if check else _migrate(_settings(config)))


def _check_migrations() -> Exit:
    from control_plane.store import migrations

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder, 'fresh.db')}"
        revision = migrations.migrate(url)
        differences = migrations.check(url)
    for difference in differences:
        ERRORS.print(difference, style="red", markup=False)
    if not differences:
        CONSOLE.print(f"A database at revision {revision} is what the models say.")
    return Exit.NO if differences else Exit.FINE


def _migrate(settings: "Settings") -> Exit:
    from control_plane.bootstrap.process import database_url
    from control_plane.store import migrations

    revision = migrations.migrate(database_url(settings))
    CONSOLE.print(f"The database is at revision {revision}.")
    return Exit.FINE


def _settings(config: Path | None) -> "Settings":
    from control_plane.settings import load_settings
    from control_plane.telemetry.logs import set_up_logs

    settings = load_settings(config)
    set_up_logs(settings.telemetry.log_level, settings.telemetry.log_format)
    return settings


def _with_engine(settings: "Settings", **wanted: int | None) -> "Settings":
    """Return the settings with those of the engine that were given on the command line."""
    given = {key: value for key, value in wanted.items() if value is not None}
    return settings.model_copy(update={"engine": settings.engine.model_copy(update=given)})


def _listening(section: "ApiSection | UiSection", host: str | None, port: int | None) -> socket.socket:
    from control_plane.bootstrap.serving import listening

    return listening(host or section.host, section.port if port is None else port)


def _end_with_stdin() -> None:
    """End in order with the process that began this one, however that one ends."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


def _say(ready: "Ready") -> None:
    CONSOLE.print(f"Tieout listens at {ready.address}")
    CONSOLE.print(f"Sign in, once and within the hour: {ready.sign_in_url}", markup=False)
    if not ready.connections:
        CONSOLE.print("No connections are configured yet: name them in tieout.toml, as docs/configuration.md shows.")


def _say_screen(ready: "Ready") -> None:
    CONSOLE.print(f"The screen is at {ready.address}")


def _say_json(ready: "Ready") -> None:
    typer.echo(json.dumps(asdict(ready)))
