"""`tieout bulk`: one act over many exceptions, planned, tried on few, then on all."""

import re
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Final, Protocol

import typer

from control_plane.cli.answering import Asked, asking, show_list, tell
from control_plane.cli.answering import show as show_one
from control_plane.cli.exits import ERRORS, Exit
from control_plane.cli.many import pasted
from control_plane.cli.options import AsJson, Config, Key, Reason
from control_plane.domain.bulk import BulkAct, BulkState, ItemState
from control_plane.domain.correction import CorrectionReason
from control_plane.domain.replay import AsOf

if TYPE_CHECKING:
    from control_plane.api.client import ApiClient
    from control_plane.api.schemas import BulkOperationDetail, FieldChange

app = typer.Typer(name="bulk", help="Do one thing to many exceptions.", no_args_is_help=True)

Operation = Annotated[str, typer.Argument(help="The operation, as `tieout bulk plan` and `list` name it.")]
Watch = Annotated[bool, typer.Option("--watch", help="Wait for its end, and say how far it is.")]
WaitFor = Annotated[float, typer.Option("--for", min=1, max=86_400, help="Seconds to wait at most.")]
Steer = Callable[["ApiClient", "BulkOperationDetail"], "BulkOperationDetail"]


class Reasoned(Protocol):
    """Steers an operation as it was seen, for a reason."""

    def __call__(self, client: "ApiClient", seen: "BulkOperationDetail", why: str) -> "BulkOperationDetail":
        """Return it as it is then."""


_LOOK_EVERY: Final = 1.0
_LONGEST_LIST: Final = 200
_CHANGE: Final = re.compile(r"([^=]+)=(.*)=>(.*)")
_HOUR: Final = 3600.0
_UNDER_WAY: Final = frozenset({BulkState.RUNNING})


@app.command()
def plan(
    act: Annotated[BulkAct, typer.Argument(help="What to do.")],
    reason: Reason,
    identifiers: Annotated[list[str] | None, typer.Argument(help="Documents; - reads a pasted list.")] = None,
    cause: Annotated[str, typer.Option(help="The exceptions of this cause.")] = "",
    code: Annotated[str, typer.Option(help="Those with this failure code.")] = "",
    team: Annotated[str, typer.Option(help="Those of this team.")] = "",
    entity: Annotated[str, typer.Option(help="Those of this legal entity.")] = "",
    connection: Annotated[str, typer.Option(help="Those of this connection.")] = "",
    changes: Annotated[
        list[str] | None,
        typer.Option("--change", help="Of `correct`: PATH=BEFORE=>AFTER, the same for all; several times."),
    ] = None,
    reason_code: Annotated[CorrectionReason | None, typer.Option(help="Of `correct`: why it is done here.")] = None,
    as_of: Annotated[
        AsOf, typer.Option(help="Of `replay`: by the mapping and master data of then or of now.")
    ] = AsOf.NOW,
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Freeze what fits all of this now, and show what it is worth and what is to be expected."""
    from control_plane.api.schemas import BulkPlan
    from control_plane.cli.desk_tables import operation_page

    wanted = BulkPlan(
        act=act,
        reason=reason,
        identifiers=_at_most(_LONGEST_LIST, pasted(identifiers or ())),
        fingerprint=cause,
        code=code,
        team=team,
        legal_entity_id=entity,
        connection=connection,
        changes=tuple(map(_change, changes or ())),
        reason_code=reason_code,
        as_of=as_of,
    )
    show_one(Asked(config, key, as_json), lambda client: client.plan_bulk(wanted), operation_page)


@app.command("list")
def list_(
    state: Annotated[BulkState | None, typer.Option(help="Only those in this state.")] = None,
    mine: Annotated[bool | None, typer.Option("--mine", help="Only those that you planned.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """List bulk operations, the newest first."""
    from control_plane.cli.desk_tables import operations_table

    show_list(
        Asked(config, key, as_json),
        lambda client: client.bulk_operations(limit=limit, state=state, mine=mine),
        lambda found: operations_table(found.items),
        "There is no such operation.",
    )


@app.command()
def show(operation: Operation, config: Config = None, key: Key = None, as_json: AsJson = False) -> None:
    """Show one operation: its plan, how far it is, and what you may do."""
    from control_plane.cli.desk_tables import operation_page

    show_one(Asked(config, key, as_json), lambda client: client.bulk_operation(operation), operation_page)


@app.command()
def items(
    operation: Operation,
    state: Annotated[ItemState | None, typer.Option(help="Only those in this state.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
    cursor: Annotated[str, typer.Option(help="Where the page before ended: its next_cursor.")] = "",
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Show what became of each document, in the order in which they are done."""
    from control_plane.cli.desk_tables import items_table
    from control_plane.cli.tables import console

    with asking(Asked(config, key, as_json)) as client:
        page = client.bulk_items(operation, cursor=cursor, limit=limit, state=state)
    if as_json:
        typer.echo(page.model_dump_json(indent=2))
    else:
        console().print(items_table(page.items))
        if page.next_cursor:
            ERRORS.print(f"There are more: --cursor {page.next_cursor}", markup=False)


def _begun(name: str, says: str, deed: Reasoned) -> None:
    """Add a command after which documents are done, for whose end one may wait."""

    def command(
        operation: Operation,
        reason: Reason,
        watch: Watch = False,
        seconds: WaitFor = _HOUR,
        config: Config = None,
        key: Key = None,
        as_json: AsJson = False,
    ) -> None:
        _steer(operation, partial(deed, why=reason), seconds if watch else 0, Asked(config, key, as_json))

    app.command(name, help=says)(command)


def _halted(name: str, says: str, deed: Reasoned) -> None:
    """Add a command after which nothing more is begun."""

    def command(
        operation: Operation, reason: Reason, config: Config = None, key: Key = None, as_json: AsJson = False
    ) -> None:
        _steer(operation, partial(deed, why=reason), 0, Asked(config, key, as_json))

    app.command(name, help=says)(command)


_begun(
    "start",
    "Begin with a single document; refused with the difference where the set is no longer the same.",
    lambda client, seen, why: client.start_bulk(seen.id, revision=seen.revision, reason=why),
)
_halted(
    "pause",
    "Begin nothing more; what is on its way comes to its end.",
    lambda client, seen, why: client.pause_bulk(seen.id, revision=seen.revision, reason=why),
)
_begun(
    "resume",
    "Go on, with a single document first.",
    lambda client, seen, why: client.resume_bulk(seen.id, revision=seen.revision, reason=why),
)
_halted(
    "cancel",
    "End it for good: what was not begun is skipped.",
    lambda client, seen, why: client.cancel_bulk(seen.id, revision=seen.revision, reason=why),
)


@app.command()
def watch(
    operation: Operation, seconds: WaitFor = _HOUR, config: Config = None, key: Key = None, as_json: AsJson = False
) -> None:
    """Wait for its end and say how far it is; 0 only where every document succeeded."""
    _steer(operation, lambda _, seen: seen, seconds, Asked(config, key, as_json))


def _change(text: str) -> "FieldChange":
    from control_plane.api.schemas import FieldChange

    found = _CHANGE.fullmatch(text)
    if found is None:
        raise typer.BadParameter(f"{text} is not PATH=BEFORE=>AFTER")
    return FieldChange(path=found[1], before=found[2], after=found[3])


def _at_most(count: int, identifiers: list[str]) -> tuple[str, ...]:
    if len(identifiers) > count:
        raise typer.BadParameter(f"a pasted list has {count} entries at most, not {len(identifiers)}")
    return tuple(identifiers)


def _steer(operation: str, steer: Steer, seconds: float, asked: Asked) -> None:
    """Act on an operation as it is, and wait for its end where that is wanted."""
    with asking(asked) as client:
        detail = steer(client, client.bulk_operation(operation))
        if seconds:
            detail = _watched(client, detail, seconds)
    _tell(detail, asked)
    if seconds and detail.progress.succeeded < detail.progress.total:
        raise typer.Exit(Exit.NO)


def _watched(client: "ApiClient", detail: "BulkOperationDetail", seconds: float) -> "BulkOperationDetail":
    """Return the operation as it ended, or as it was after so many seconds."""
    from control_plane.cli.desk_tables import progress

    until, before = time.monotonic() + seconds, ""
    while detail.state in _UNDER_WAY and time.monotonic() < until:
        time.sleep(_LOOK_EVERY)
        detail = client.bulk_operation(detail.id)
        now = progress(detail)
        if now != before:
            ERRORS.print(now, markup=False)
        before = now
    return detail


def _tell(detail: "BulkOperationDetail", asked: Asked) -> None:
    from control_plane.cli.desk_tables import operation_page

    tell(asked, detail, operation_page)
