"""`tieout demo` and `tieout verify`: the proof that ships."""

import json
import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from control_plane.cli.exits import Exit, told
from control_plane.cli.options import AsJson, Config, Key, Port


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End after the first set; exit code 0 only if it balances.")
    ] = False,
    erp: Annotated[Literal["twin", "tryton"], typer.Option(help="The ERP's twin, or a real Tryton 8.2.")] = "twin",
    replay: Annotated[Path | None, typer.Option(help="An XES event log of the BPI Challenge 2020.")] = None,
    speed: Annotated[float | None, typer.Option(min=1, help="How many times faster than it happened.")] = None,
    port: Port = None,
    folder: Annotated[Path, typer.Option(help="Where its books are kept.")] = Path(".tieout/demo"),
    screen: Annotated[bool, typer.Option("--screen/--no-screen", help="Serve the screen too.")] = True,
) -> None:
    """Show the whole way on this machine: an expense platform, Tieout, an ERP."""
    from control_plane.proof import demo as demonstration

    options = demonstration.Options(folder, once, erp == "tryton", replay, speed, port or 0, screen)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(Exit.WRONG))
    with told():
        holds = demonstration.run(options, Console(highlight=False))
    raise typer.Exit(Exit.FINE if holds else Exit.NO)


def verify(
    source: Annotated[str, typer.Option(help="The source's export: a file or an address; else as configured.")] = "",
    erp: Annotated[str, typer.Option(help="The ERP's export: a file or an address; else as configured.")] = "",
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Prove Tieout's ledger, document by document, by the source's and the ERP's own books."""
    from control_plane.cli.asking import client_of
    from control_plane.proof import claims, exports, shown
    from control_plane.proof.verify import verify as compare
    from control_plane.settings import load_settings

    with told():
        settings = load_settings(config)
        with client_of(settings, key) as client:
            said, ledger = list(claims.statements(client)), claims.ledger_figures(client)
        proof = compare(exports.source_books(settings, source), exports.erp_books(settings, erp), said, ledger)
    console = Console(highlight=False, markup=False)
    if as_json:
        typer.echo(json.dumps({"holds": proof.holds, **asdict(proof)}))
    else:
        console.print(shown.ledger_table(ledger))
        if not proof.holds:
            console.print(shown.differences_table(proof))
        console.print(shown.sentence_of(proof, ledger), soft_wrap=True)
    raise typer.Exit(Exit.FINE if proof.holds else Exit.NO)
