"""`tieout exceptions`: what people say about them, to each other, to the next shift and to those who wait."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from control_plane.cli.exceptions import Team
from control_plane.cli.exits import ERRORS, Exit, told
from control_plane.cli.many import NotOneError, named
from control_plane.cli.moments import moment_of
from control_plane.cli.options import AsJson, Config, Key

if TYPE_CHECKING:
    from control_plane.api.client import ApiClient

app = typer.Typer()

Identifier = Annotated[str, typer.Argument(help="The exception, or any number that its document has.")]


@app.command()
def comments(identifier: Identifier, config: Config = None, key: Key = None, as_json: AsJson = False) -> None:
    """Show what was said about an exception and all versions of its document, newest first."""
    from control_plane.cli.asking import client_of
    from control_plane.cli.desk_tables import comments_table
    from control_plane.cli.tables import console
    from control_plane.settings import load_settings

    with told(), client_of(load_settings(config), key) as client:
        said = client.comments(name_of(client, identifier))
    if as_json:
        typer.echo(said.model_dump_json(indent=2))
    else:
        console().print(comments_table(said.items))


@app.command()
def comment(
    identifier: Identifier,
    text: Annotated[str, typer.Argument(help="What you say; @login names somebody who is told.")],
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Say something about an exception; it stands with the document, whatever becomes of it."""
    from control_plane.cli.asking import client_of
    from control_plane.settings import load_settings

    if not text.strip():
        raise typer.BadParameter("say something")
    with told(), client_of(load_settings(config), key) as client:
        written = client.comment(name_of(client, identifier), text)
    typer.echo(written.model_dump_json() if as_json else f"{written.id} is written.")
    for name in written.unknown_mentions:
        ERRORS.print(f"@{name} cannot be told.", markup=False)


@app.command()
def mentions(
    read: Annotated[str, typer.Option("--read", help="A comment that you have read.")] = "",
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show the comments that name you and that you have not read."""
    from control_plane.cli.asking import client_of
    from control_plane.cli.desk_tables import comments_table
    from control_plane.cli.tables import console
    from control_plane.settings import load_settings

    with told(), client_of(load_settings(config), key) as client:
        said = client.read_mention(read) if read else client.mentions()
    if as_json:
        typer.echo(said.model_dump_json(indent=2))
    elif said.items:
        console().print(comments_table(said.items))
    else:
        ERRORS.print("Nobody has named you.")


@app.command()
def replies(identifier: Identifier, config: Config = None, key: Key = None, as_json: AsJson = False) -> None:
    """Show the letters about a document, ready to be copied; nothing is sent."""
    from control_plane.cli.asking import client_of
    from control_plane.settings import load_settings

    with told(), client_of(load_settings(config), key) as client:
        letters = client.replies(name_of(client, identifier))
    if as_json:
        typer.echo(letters.model_dump_json(indent=2))
    for one in () if as_json else letters.items:
        typer.echo(f"{one.name} (to the {one.to})\n{one.subject}\n\n{one.body}\n")


@app.command()
def shift(
    since: Annotated[str, typer.Option(help="When it began: a moment in UTC or with an offset, or -8h.")] = "-8h",
    team: Team = "",
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show what this shift hands to the next: what came, was done and put aside, and what is left."""
    from control_plane.cli.asking import client_of
    from control_plane.cli.desk_tables import shift_table
    from control_plane.cli.tables import console
    from control_plane.settings import load_settings

    began = moment_of(since, now=datetime.now(UTC))
    with told(), client_of(load_settings(config), key) as client:
        summary = client.shift_summary(began, team=team)
    if as_json:
        typer.echo(summary.model_dump_json(indent=2))
    else:
        console().print(shift_table(summary.parts))


def name_of(client: "ApiClient", identifier: str) -> str:
    """Return the id of the one exception that is meant; none or several end the command."""
    try:
        return named(client, identifier).id
    except NotOneError as error:
        ERRORS.print(f"{identifier}: {error}", markup=False)
        raise typer.Exit(Exit.NO) from error
