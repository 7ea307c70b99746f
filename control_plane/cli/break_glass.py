"""`tieout break-glass`: a role in an emergency, and another person's look at it afterwards."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

import typer

from control_plane.cli.answering import Asked, asking, say, show, show_list
from control_plane.cli.options import AsJson, Config, Key, Reason
from control_plane.domain.access import GROUP, Role

if TYPE_CHECKING:
    from control_plane.api.client import ApiClient
    from control_plane.api.schemas import BreakGlassDetail

app = typer.Typer(name="break-glass", help="Take a role in an emergency, and review it.", no_args_is_help=True)

Number = Annotated[str, typer.Argument(help="The emergency, as `tieout break-glass list` shows it.")]
Reasoned = Callable[["ApiClient", "BreakGlassDetail", str], "BreakGlassDetail"]

_LONGEST_MINUTES: Final = 240


@app.command("list")
def list_(
    unreviewed: Annotated[bool, typer.Option("--unreviewed", help="Only those that nobody has looked at.")] = False,
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List the roles that were taken in an emergency, the newest first."""
    from control_plane.cli.rule_tables import break_glass_table

    wanted = False if unreviewed else None
    asked = Asked(config, key, as_json)
    show_list(asked, lambda client: client.break_glasses(is_reviewed=wanted), break_glass_table, "There is none.")


@app.command("show")
def show_(number: Number, config: Config = None, key: Key = None, as_json: AsJson = False) -> None:
    """Show one with everything that was done while it lasted."""
    from control_plane.cli.rule_tables import break_glass_page

    show(Asked(config, key, as_json), lambda client: client.break_glass(number), break_glass_page)


@app.command()
def take(
    role: Annotated[Role, typer.Argument(help="The role that you need.")],
    reason: Reason,
    entity: Annotated[str, typer.Option(help="In this legal entity; else in the whole group.")] = GROUP,
    minutes: Annotated[int, typer.Option(min=1, max=_LONGEST_MINUTES, help="For so long.")] = 60,
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Take a role for a while; somebody else looks at what you did with it."""
    from control_plane.api.schemas import Emergency

    emergency = Emergency(role=role, legal_entity_id=entity, minutes=minutes, reason=reason)
    asked = Asked(config, key, as_json)
    with asking(asked) as client:
        detail = client.take_role(emergency)
    _say(asked, detail)


def _reasoned(name: str, says: str, deed: Reasoned) -> None:
    """Add a command for an act that needs a reason."""

    def command(
        number: Number, reason: Reason, config: Config = None, key: Key = None, as_json: AsJson = False
    ) -> None:
        asked = Asked(config, key, as_json)
        with asking(asked) as client:
            detail = deed(client, client.break_glass(number), reason)
        _say(asked, detail)

    app.command(name, help=says)(command)


_reasoned(
    "give-back",
    "End your own before its time.",
    lambda client, seen, why: client.give_role_back(seen.id, revision=seen.revision, reason=why),
)
_reasoned(
    "justify",
    "Say that somebody else's was taken and used for good reason.",
    lambda client, seen, why: client.review_role(seen.id, revision=seen.revision, reason=why, was_justified=True),
)
_reasoned(
    "object",
    "Say that somebody else's was not.",
    lambda client, seen, why: client.review_role(seen.id, revision=seen.revision, reason=why, was_justified=False),
)


def _say(asked: Asked, item: "BreakGlassDetail") -> None:
    from control_plane.cli.tables import moment

    say(asked, item, f"{item.id}: {item.role.value} in {item.legal_entity_id} until {moment(item.ends_at)} UTC.")
