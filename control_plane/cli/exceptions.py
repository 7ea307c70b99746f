"""`tieout exceptions`: what a person must do, and what several of these things have in common."""

from typing import Annotated

import typer

from control_plane.cli.answering import Asked, asking, show_list
from control_plane.cli.answering import show as show_one
from control_plane.cli.exits import ERRORS, Exit
from control_plane.cli.options import AsJson, Config, Key
from control_plane.domain.exception_case import CaseState

app = typer.Typer(name="exceptions", help="Find, claim and work on exceptions.", no_args_is_help=True)

Team = Annotated[str, typer.Option(help="Only what this team is accountable for.")]
Entity = Annotated[str, typer.Option("--entity", help="Only those of this legal entity.")]
Code = Annotated[str, typer.Option(help="Only those with this failure code.")]
Fingerprint = Annotated[str, typer.Argument(help="The cause's fingerprint, as `tieout exceptions causes` shows it.")]


@app.command("list")
def list_(
    identifier: Annotated[str, typer.Argument(help="Any number that the document has.")] = "",
    mine: Annotated[bool | None, typer.Option("--mine", help="Only those that you have claimed.")] = None,
    unclaimed: Annotated[bool, typer.Option("--unclaimed", help="Only those that nobody has claimed.")] = False,
    offered: Annotated[bool | None, typer.Option("--offered", help="Only those handed over to you.")] = None,
    ended: Annotated[bool, typer.Option("--ended", help="Resolved and closed ones too.")] = False,
    state: Annotated[CaseState | None, typer.Option(help="Only those in this state.")] = None,
    team: Team = "",
    entity: Entity = "",
    code: Code = "",
    cause: Annotated[str, typer.Option(help="Only those of this cause.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    cursor: Annotated[str, typer.Option(help="Where the page before ended: its next_cursor.")] = "",
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List exceptions, the one due first on top."""
    from control_plane.cli.desk_tables import exceptions_table
    from control_plane.cli.tables import console

    with asking(Asked(config, key, as_json)) as client:
        page = client.exceptions(
            cursor=cursor,
            limit=limit,
            q=identifier,
            mine=mine,
            is_claimed=False if unclaimed else None,
            is_offered_to_me=offered,
            is_open=None if ended else True,
            state=state,
            team=team,
            legal_entity_id=entity,
            code=code,
            fingerprint=cause,
        )
    if as_json:
        typer.echo(page.model_dump_json(indent=2))
    elif page.items:
        console().print(exceptions_table(page.items))
        if page.next_cursor:
            ERRORS.print(f"There are more: --cursor {page.next_cursor}", markup=False)
    else:
        ERRORS.print("There is no such exception.")
    raise typer.Exit(Exit.FINE if page.items else Exit.NO)


@app.command()
def show(
    identifier: Annotated[str, typer.Argument(help="The exception, or any number that its document has.")],
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show one exception: what happened, to which document, and what to do."""
    from control_plane.cli.desk_tables import exception_page
    from control_plane.cli.many import the_one

    show_one(Asked(config, key, as_json), lambda client: the_one(client, identifier), exception_page)


@app.command()
def causes(
    team: Team = "",
    entity: Entity = "",
    code: Code = "",
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List what open exceptions have in common, the largest amount first."""
    from control_plane.cli.desk_tables import causes_table

    show_list(
        Asked(config, key, as_json),
        lambda client: client.causes(team=team, legal_entity_id=entity, code=code),
        lambda found: causes_table(found.items),
        "Nothing is open.",
    )


@app.command()
def cause(fingerprint: Fingerprint, config: Config = None, key: Key = None, as_json: AsJson = False) -> None:
    """Show one cause: what it blocks, what cured it before, what people wrote."""
    from control_plane.cli.desk_tables import cause_page

    show_one(Asked(config, key, as_json), lambda client: client.cause(fingerprint), cause_page)


@app.command("note-cause")
def note_cause(
    fingerprint: Fingerprint,
    text: Annotated[str, typer.Argument(help="What the next person should know.")],
    config: Config = None,
    key: Key = None,
) -> None:
    """Write a note that stays with the cause, whatever becomes of its exceptions."""
    with asking(Asked(config, key, as_json=False)) as client:
        seen = client.cause(fingerprint)
        noted = client.note_cause(fingerprint, revision=seen.revision, text=text)
    typer.echo(f"The cause has {len(noted.notes)} notes now.")
