"""`tieout presence`: who is away, and who does whose work meanwhile."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from control_plane.cli.exits import ERRORS, told
from control_plane.cli.moments import moment_of
from control_plane.cli.options import AsJson, Config, Key, Reason

if TYPE_CHECKING:
    from control_plane.api.schemas import Presence

app = typer.Typer(name="presence", help="Say who is away and who does whose work.", no_args_is_help=True)

From = Annotated[str, typer.Option("--from", help="A day, a moment in UTC or with an offset, or +4h.")]
Until = Annotated[str, typer.Option("--until", help="A day, a moment in UTC or with an offset, or +2d.")]
Person = Annotated[str, typer.Option(help="A login; else you. Only administrators name somebody else.")]


@app.command()
def show(config: Config = None, key: Key = None, as_json: AsJson = False) -> None:
    """Show who is away or will be, and who does whose work."""
    from control_plane.cli.asking import client_of
    from control_plane.settings import load_settings

    with told(), client_of(load_settings(config), key) as client:
        presence = client.presence()
    _show(presence, as_json=as_json)


@app.command()
def away(
    until: Until,
    reason: Reason,
    begin: From = "+0h",
    person: Person = "",
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Be away for a while: what you have claimed goes back to its team then."""
    from control_plane.api.schemas import Away
    from control_plane.cli.asking import client_of
    from control_plane.settings import load_settings

    now = datetime.now(UTC)
    wanted = Away(starts_at=moment_of(begin, now=now), ends_at=moment_of(until, now=now), person=person, reason=reason)
    with told(), client_of(load_settings(config), key) as client:
        presence = client.be_away(wanted)
    _show(presence, as_json=as_json)


@app.command()
def back(
    absence: Annotated[str, typer.Argument(help="The absence, as `tieout presence show` has it.")],
    reason: Reason,
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Be back earlier, or not go at all."""
    from control_plane.cli.asking import client_of
    from control_plane.settings import load_settings

    with told(), client_of(load_settings(config), key) as client:
        presence = client.be_back(absence, reason=reason)
    _show(presence, as_json=as_json)


@app.command()
def delegate(
    to: Annotated[str, typer.Option(help="The login of who does the work.")],
    until: Until,
    reason: Reason,
    begin: From = "+0h",
    person: Person = "",
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Let a colleague do your work for a while, with your roles."""
    from control_plane.api.schemas import Delegate
    from control_plane.cli.asking import client_of
    from control_plane.settings import load_settings

    now = datetime.now(UTC)
    wanted = Delegate(
        to=to, starts_at=moment_of(begin, now=now), ends_at=moment_of(until, now=now), person=person, reason=reason
    )
    with told(), client_of(load_settings(config), key) as client:
        presence = client.delegate(wanted)
    _show(presence, as_json=as_json)


@app.command("end-delegation")
def end_delegation(
    delegation: Annotated[str, typer.Argument(help="The delegation, as `tieout presence show` has it.")],
    reason: Reason,
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Do your work yourself again."""
    from control_plane.cli.asking import client_of
    from control_plane.settings import load_settings

    with told(), client_of(load_settings(config), key) as client:
        presence = client.end_delegation(delegation, reason=reason)
    _show(presence, as_json=as_json)


def _show(presence: "Presence", *, as_json: bool) -> None:
    from control_plane.cli.desk_tables import presence_table
    from control_plane.cli.tables import console

    if as_json:
        typer.echo(presence.model_dump_json(indent=2))
    elif presence.absences or presence.delegations:
        console().print(presence_table(presence))
    else:
        ERRORS.print("Nobody is away.")
