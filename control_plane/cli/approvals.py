"""`tieout approvals`: what one person proposed and another one decides."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

import typer

from control_plane.cli.answering import Asked, asking, say_state, show, show_list
from control_plane.cli.exits import ERRORS, Exit
from control_plane.cli.options import AsJson, Config, Key, Reason
from control_plane.domain.approval import ApprovalState

if TYPE_CHECKING:
    from control_plane.api.client import ApiClient
    from control_plane.api.schemas import ApprovalView

app = typer.Typer(name="approvals", help="Read and decide proposals.", no_args_is_help=True)

Proposal = Annotated[str, typer.Argument(help="The proposal, as `tieout approvals list` shows it.")]
Content = Annotated[
    str, typer.Option(help="The content that you read: the first letters, 8 or more, of what `show` calls so.")
]
Decide = Callable[["ApiClient", "ApprovalView", str], "ApprovalView"]
"""Decides a proposal as it was read, for a reason."""

_SHORTEST: Final = 8


@app.command("list")
def list_(
    mine: Annotated[bool | None, typer.Option("--mine", help="Those that you proposed.")] = None,
    waiting: Annotated[bool | None, typer.Option("--waiting", help="Those that wait for you.")] = None,
    state: Annotated[ApprovalState, typer.Option(help="Those in this state.")] = ApprovalState.OPEN,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List proposals, the one that waits longest on top."""
    from control_plane.cli.desk_tables import approvals_table

    show_list(
        Asked(config, key, as_json),
        lambda client: client.approvals(limit=limit, mine=mine, waiting_for_me=waiting, state=state),
        lambda found: approvals_table(found.items),
        "There is no such proposal.",
    )


@app.command("show")
def show_(proposal: Proposal, config: Config = None, key: Key = None, as_json: AsJson = False) -> None:
    """Show one proposal: exactly what is asked for, and what you may do."""
    from control_plane.cli.desk_tables import approval_page

    show(Asked(config, key, as_json), lambda client: client.approval(proposal), approval_page)


def _decided(name: str, says: str, decide: Decide) -> None:
    """Add a command that decides what was read: another content than that is refused before anything is sent."""

    def command(
        proposal: Proposal,
        content: Content,
        reason: Reason,
        config: Config = None,
        key: Key = None,
        as_json: AsJson = False,
    ) -> None:
        if len(content) < _SHORTEST:
            raise typer.BadParameter(f"name {_SHORTEST} letters of the content or more")
        asked = Asked(config, key, as_json)
        with asking(asked) as client:
            view = decide(client, _read(client, proposal, content), reason)
        say_state(asked, view)

    app.command(name, help=says)(command)


_decided(
    "approve",
    "Agree as the second person: what was proposed is done at once.",
    lambda client, seen, why: client.approve(
        seen.id, revision=seen.revision, reason=why, content_sha256=seen.content_sha256
    ),
)
_decided(
    "refuse",
    "Disagree as the second person.",
    lambda client, seen, why: client.refuse(
        seen.id, revision=seen.revision, reason=why, content_sha256=seen.content_sha256
    ),
)


@app.command()
def withdraw(
    proposal: Proposal, reason: Reason, config: Config = None, key: Key = None, as_json: AsJson = False
) -> None:
    """Take your own proposal back."""
    asked = Asked(config, key, as_json)
    with asking(asked) as client:
        view = client.withdraw(proposal, revision=client.approval(proposal).revision, reason=reason)
    say_state(asked, view)


def _read(client: "ApiClient", proposal: str, content: str) -> "ApprovalView":
    """Return the proposal, if its content is the one that begins so."""
    seen = client.approval(proposal)
    if not seen.content_sha256.startswith(content):
        ERRORS.print(f"{proposal} has another content: {seen.content_sha256}. Read it first.", markup=False)
        raise typer.Exit(Exit.NO)
    return seen
