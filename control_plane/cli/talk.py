"""`tieout exceptions`: what people say about them, to each other, to the next shift and to those who wait."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from control_plane.cli.answering import Asked, asking, say, show, tell
from control_plane.cli.exceptions import Team
from control_plane.cli.exits import ERRORS
from control_plane.cli.many import the_one
from control_plane.cli.moments import moment_of
from control_plane.cli.options import AsJson, Config, Key

app = typer.Typer()

Identifier = Annotated[str, typer.Argument(help="The exception, or any number that its document has.")]


@app.command()
def comments(identifier: Identifier, config: Config = None, key: Key = None, as_json: AsJson = False) -> None:
    """Show what was said about an exception and all versions of its document, newest first."""
    from control_plane.cli.desk_tables import comments_table

    show(
        Asked(config, key, as_json),
        lambda client: client.comments(the_one(client, identifier).id),
        lambda said: comments_table(said.items),
    )


@app.command()
def comment(
    identifier: Identifier,
    text: Annotated[str, typer.Argument(help="What you say; @login names somebody who is told.")],
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Say something about an exception; it stands with the document, whatever becomes of it."""
    if not text.strip():
        raise typer.BadParameter("say something")
    asked = Asked(config, key, as_json)
    with asking(asked) as client:
        written = client.comment(the_one(client, identifier).id, text)
    say(asked, written, f"{written.id} is written.")
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
    from control_plane.cli.desk_tables import comments_table

    asked = Asked(config, key, as_json)
    with asking(asked) as client:
        said = client.read_mention(read) if read else client.mentions()
    if said.items or as_json:
        tell(asked, said, lambda found: comments_table(found.items))
    else:
        ERRORS.print("Nobody has named you.")


@app.command()
def replies(identifier: Identifier, config: Config = None, key: Key = None, as_json: AsJson = False) -> None:
    """Show the letters about a document, ready to be copied; nothing is sent."""
    with asking(Asked(config, key, as_json)) as client:
        letters = client.replies(the_one(client, identifier).id)
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
    from control_plane.cli.desk_tables import shift_table

    began = moment_of(since, now=datetime.now(UTC))
    show(
        Asked(config, key, as_json),
        lambda client: client.shift_summary(began, team=team),
        lambda summary: shift_table(summary.parts),
    )
