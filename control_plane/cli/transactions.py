"""`tieout transactions`: find a document by any number it has, and read what happened to it."""

from typing import TYPE_CHECKING, Annotated, Final

import typer

from control_plane.cli.answering import Asked, asking, say, show_list
from control_plane.cli.exits import ERRORS, Exit
from control_plane.cli.options import AsJson, Config, Key
from control_plane.domain.replay import AsOf
from control_plane.domain.transaction import Place, State

if TYPE_CHECKING:
    from control_plane.api.client import ApiClient

app = typer.Typer(name="transactions", help="Find documents and read what happened to them.", no_args_is_help=True)

_ID: Final = "txn_"
_CONFIRMATION: Final = "_confirmation"
_LOOKED_AT: Final = 20


@app.command()
def find(
    identifier: Annotated[
        str, typer.Argument(help="Any number it has: source, document, reference, ERP, amount.")
    ] = "",
    place: Annotated[Place | None, typer.Option(help="Only those in this place.")] = None,
    state: Annotated[State | None, typer.Option(help="Only those in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Find transactions, newest first."""
    from control_plane.cli.tables import transactions_table

    show_list(
        Asked(config, key, as_json),
        lambda client: client.transactions(limit=limit, q=identifier, place=place, state=state),
        lambda found: transactions_table(found.items),
        "Nothing was found.",
    )


@app.command()
def show(
    identifier: Annotated[str, typer.Argument(help="Its id, or any number that names one document.")],
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show one transaction with its story."""
    from control_plane.cli.tables import console, transaction_page

    with asking(Asked(config, key, as_json)) as client:
        transaction_id = _named(client, identifier)
        detail, story = client.transaction(transaction_id), client.lineage(transaction_id)
    if as_json:
        typer.echo(f'{{"transaction": {detail.model_dump_json()}, "lineage": {story.model_dump_json()}}}')
    else:
        console().print(transaction_page(detail, story.items))


@app.command()
def replay(
    identifier: Annotated[str, typer.Argument(help="Its id, or any number that names one document.")],
    as_of: Annotated[AsOf, typer.Option(help="Then: as it was bound. Now: read and checked anew.")],
    reason: Annotated[str, typer.Option(help="Why; it stands in the document's story.")],
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Deliver a failed document again from what is kept of it."""
    asked = Asked(config, key, as_json)
    with asking(asked) as client:
        seen = client.transaction(_named(client, identifier))
        detail = client.replay(seen.id, revision=seen.revision, as_of=as_of, reason=reason)
    say(asked, detail, f"{detail.id} is {detail.state} ({detail.reason}).")


def _named(client: "ApiClient", identifier: str) -> str:
    """Return the id of the newest transaction that the identifier names; a document comes before what tells of it."""
    if identifier.startswith(_ID):
        return identifier
    found = client.transactions(limit=_LOOKED_AT, q=identifier).items
    if not found:
        ERRORS.print(f"{identifier} names no transaction.", markup=False)
        raise typer.Exit(Exit.NO)
    return min(found, key=lambda item: item.flow.endswith(_CONFIRMATION)).id
