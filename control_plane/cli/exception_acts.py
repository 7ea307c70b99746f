"""`tieout exceptions`: the acts, each over as many exceptions as are named."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from control_plane.cli.answering import Asked
from control_plane.cli.lists import do_to_list
from control_plane.cli.many import Deed, Identifiers, do_to_each
from control_plane.cli.moments import moment_of
from control_plane.cli.options import AsJson, Config, Key, Reason

if TYPE_CHECKING:
    from control_plane.api.client import ApiClient
    from control_plane.api.schemas import ExceptionDetail, ListedAnswer

app = typer.Typer()

Reasoned = Callable[["ApiClient", "ExceptionDetail", str], "ExceptionDetail"]


def _plain(name: str, says: str, deed: Deed) -> None:
    """Add a command for an act that needs no reason."""

    def command(identifiers: Identifiers, config: Config = None, key: Key = None, as_json: AsJson = False) -> None:
        do_to_each(identifiers, deed, Asked(config, key, as_json))

    app.command(name, help=says)(command)


def _reasoned(name: str, says: str, deed: Reasoned) -> None:
    """Add a command for an act that needs a reason."""

    def command(
        identifiers: Identifiers, reason: Reason, config: Config = None, key: Key = None, as_json: AsJson = False
    ) -> None:
        do_to_each(identifiers, lambda client, seen: deed(client, seen, reason), Asked(config, key, as_json))

    app.command(name, help=says)(command)


_plain(
    "start-work",
    "Work on what you have claimed: the claim stands as long.",
    lambda client, seen: client.start_work(seen.id, revision=seen.revision),
)
_plain(
    "give-back",
    "Give exceptions back to their team.",
    lambda client, seen: client.give_back(seen.id, revision=seen.revision),
)
_plain(
    "accept",
    "Accept what is handed over to you or your team.",
    lambda client, seen: client.accept_hand_over(seen.id, revision=seen.revision),
)
_reasoned(
    "refuse",
    "Refuse what is handed over to you, or take back what you hand over.",
    lambda client, seen, why: client.refuse_hand_over(seen.id, revision=seen.revision, reason=why),
)
_reasoned(
    "retry",
    "Let the failed documents go on unchanged.",
    lambda client, seen, why: client.retry(seen.id, revision=seen.revision, reason=why),
)
_reasoned(
    "return-to-source",
    "Give the documents back to the system that they came from.",
    lambda client, seen, why: client.return_to_source(seen.id, revision=seen.revision, reason=why),
)
_reasoned(
    "release",
    "Lift the hold, as the second pair of eyes.",
    lambda client, seen, why: client.release(seen.id, revision=seen.revision, reason=why),
)
_reasoned(
    "un-merge",
    "Take exceptions out of the ones in which they are told, for good.",
    lambda client, seen, why: client.un_merge(seen.id, revision=seen.revision, reason=why),
)
_reasoned(
    "close",
    "Close what is resolved for good, as a controller.",
    lambda client, seen, why: client.close_exception(seen.id, revision=seen.revision, reason=why),
)


@app.command()
def claim(identifiers: Identifiers, config: Config = None, key: Key = None, as_json: AsJson = False) -> None:
    """Take exceptions; of all who try at once, one gets each."""
    do_to_list(identifiers, lambda client, some: client.claim_listed(some), Asked(config, key, as_json), "yours")


@app.command()
def defer(
    identifiers: Identifiers,
    until: Annotated[str, typer.Option(help="2026-11-30, 2026-11-30T08:00 (UTC, or with an offset), +4h or +2d.")],
    reason: Reason,
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Put exceptions aside until a moment."""
    wake_at = moment_of(until, now=datetime.now(UTC))

    def deed(client: "ApiClient", seen: "ExceptionDetail") -> "ExceptionDetail":
        return client.defer(seen.id, revision=seen.revision, reason=reason, wake_at=wake_at)

    do_to_each(identifiers, deed, Asked(config, key, as_json))


@app.command("hand-over")
def hand_over(
    identifiers: Identifiers,
    reason: Reason,
    person: Annotated[str, typer.Option("--to", help="The login of who shall have them.")] = "",
    team: Annotated[str, typer.Option("--to-team", help="The team that shall have them.")] = "",
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Hand exceptions over to a person or a team: what nobody has is claimed, all stays yours until it is accepted."""
    if bool(person) == bool(team):
        raise typer.BadParameter("name a person (--to) or a team (--to-team)")

    def ask(client: "ApiClient", some: Sequence[str]) -> "ListedAnswer":
        return client.hand_over_listed(some, reason=reason, person=person, team=team)

    do_to_list(identifiers, ask, Asked(config, key, as_json), f"handed over to {person or team}")


@app.command()
def merge(
    identifiers: Identifiers,
    into: Annotated[str, typer.Option(help="The exception in which they are told.")],
    reason: Reason,
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Tell exceptions in another one."""

    def deed(client: "ApiClient", seen: "ExceptionDetail") -> "ExceptionDetail":
        return client.merge(seen.id, revision=seen.revision, reason=reason, into=into)

    do_to_each(identifiers, deed, Asked(config, key, as_json))


@app.command("declare-duplicate")
def declare_duplicate(
    identifiers: Identifiers,
    of: Annotated[str, typer.Option(help="The transaction that they repeat.")],
    reason: Reason,
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Declare documents the repetition of another one, as the second pair of eyes."""

    def deed(client: "ApiClient", seen: "ExceptionDetail") -> "ExceptionDetail":
        return client.declare_duplicate(seen.id, revision=seen.revision, reason=reason, transaction_id=of)

    do_to_each(identifiers, deed, Asked(config, key, as_json))
