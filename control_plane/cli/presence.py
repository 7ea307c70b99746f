"""`tieout presence`: who is away, and who does whose work meanwhile."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from control_plane.cli.answering import Asked, asking, tell
from control_plane.cli.exits import ERRORS
from control_plane.cli.moments import moment_of
from control_plane.cli.options import AsJson, Config, Key, Reason

if TYPE_CHECKING:
    from control_plane.api.client import ApiClient
    from control_plane.api.schemas import Presence

app = typer.Typer(name="presence", help="Say who is away and who does whose work.", no_args_is_help=True)

From = Annotated[str, typer.Option("--from", help="A day, a moment in UTC or with an offset, or +4h.")]
Until = Annotated[str, typer.Option("--until", help="A day, a moment in UTC or with an offset, or +2d.")]
Person = Annotated[str, typer.Option(help="A login; else you. Only administrators name somebody else.")]


@app.command()
def show(config: Config = None, key: Key = None, as_json: AsJson = False) -> None:
    """Show who is away or will be, and who does whose work."""
    _show(Asked(config, key, as_json), lambda client: client.presence())


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

    now = datetime.now(UTC)
    wanted = Away(starts_at=moment_of(begin, now=now), ends_at=moment_of(until, now=now), person=person, reason=reason)
    _show(Asked(config, key, as_json), lambda client: client.be_away(wanted))


@app.command()
def back(
    absence: Annotated[str, typer.Argument(help="The absence, as `tieout presence show` has it.")],
    reason: Reason,
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Be back earlier, or not go at all."""
    _show(Asked(config, key, as_json), lambda client: client.be_back(absence, reason=reason))


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

    now = datetime.now(UTC)
    wanted = Delegate(
        to=to, starts_at=moment_of(begin, now=now), ends_at=moment_of(until, now=now), person=person, reason=reason
    )
    _show(Asked(config, key, as_json), lambda client: client.delegate(wanted))


@app.command("end-delegation")
def end_delegation(
    delegation: Annotated[str, typer.Argument(help="The delegation, as `tieout presence show` has it.")],
    reason: Reason,
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Do your work yourself again."""
    _show(Asked(config, key, as_json), lambda client: client.end_delegation(delegation, reason=reason))


def _show(asked: Asked, ask: Callable[["ApiClient"], "Presence"]) -> None:
    from control_plane.cli.desk_tables import presence_table

    with asking(asked) as client:
        presence = ask(client)
    if presence.absences or presence.delegations or asked.as_json:
        tell(asked, presence, presence_table)
    else:
        ERRORS.print("Nobody is away.")
