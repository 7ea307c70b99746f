"""`tieout approvals`: what one person proposed and another one decides."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Final

import typer

from control_plane.cli.exits import ERRORS, Exit, told
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
    from control_plane.cli.asking import client_of
    from control_plane.cli.desk_tables import approvals_table
    from control_plane.cli.tables import console
    from control_plane.settings import load_settings

    with told(), client_of(load_settings(config), key) as client:
        page = client.approvals(limit=limit, mine=mine, waiting_for_me=waiting, state=state)
    if as_json:
        typer.echo(page.model_dump_json(indent=2))
    elif page.items:
        console().print(approvals_table(page.items))
    else:
        ERRORS.print("There is no such proposal.")
    raise typer.Exit(Exit.FINE if page.items else Exit.NO)


@app.command()
def show(proposal: Proposal, config: Config = None, key: Key = None, as_json: AsJson = False) -> None:
    """Show one proposal: exactly what is asked for, and what you may do."""
    from control_plane.cli.asking import client_of
    from control_plane.cli.desk_tables import approval_page
    from control_plane.cli.tables import console
    from control_plane.settings import load_settings

    with told(), client_of(load_settings(config), key) as client:
        view = client.approval(proposal)
    if as_json:
        typer.echo(view.model_dump_json(indent=2))
    else:
        console().print(approval_page(view))


@app.command()
def approve(
    proposal: Proposal,
    content: Content,
    reason: Reason,
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Agree as the second person: what was proposed is done at once."""

    def decide(client: "ApiClient", seen: "ApprovalView", sha256: str) -> "ApprovalView":
        return client.approve(seen.id, revision=seen.revision, reason=reason, content_sha256=sha256)

    _decide(proposal, content, decide, config=config, key=key, as_json=as_json)


@app.command()
def refuse(
    proposal: Proposal,
    content: Content,
    reason: Reason,
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Disagree as the second person."""

    def decide(client: "ApiClient", seen: "ApprovalView", sha256: str) -> "ApprovalView":
        return client.refuse(seen.id, revision=seen.revision, reason=reason, content_sha256=sha256)

    _decide(proposal, content, decide, config=config, key=key, as_json=as_json)


@app.command()
def withdraw(
    proposal: Proposal, reason: Reason, config: Config = None, key: Key = None, as_json: AsJson = False
) -> None:
    """Take your own proposal back."""
    from control_plane.cli.asking import client_of
    from control_plane.settings import load_settings

    with told(), client_of(load_settings(config), key) as client:
        view = client.withdraw(proposal, revision=client.approval(proposal).revision, reason=reason)
    _tell(view, as_json=as_json)


def _decide(proposal: str, content: str, decide: Decide, *, config: Config, key: Key, as_json: bool) -> None:
    """Decide what was read: another content than that is refused before anything is sent."""
    from control_plane.cli.asking import client_of
    from control_plane.settings import load_settings

    if len(content) < _SHORTEST:
        raise typer.BadParameter(f"name {_SHORTEST} letters of the content or more")
    with told(), client_of(load_settings(config), key) as client:
        seen = client.approval(proposal)
        if not seen.content_sha256.startswith(content):
            ERRORS.print(f"{proposal} has another content: {seen.content_sha256}. Read it first.", markup=False)
            raise typer.Exit(Exit.NO)
        view = decide(client, seen, seen.content_sha256)
    _tell(view, as_json=as_json)


def _tell(view: "ApprovalView", *, as_json: bool) -> None:
    typer.echo(view.model_dump_json() if as_json else f"{view.id} is {view.state.replace('_', ' ')}.")
