"""`tieout exceptions`: what of a document may be corrected, and the correction."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from control_plane.cli.answering import Asked, asking, say_state, show
from control_plane.cli.exits import ERRORS, Exit
from control_plane.cli.many import the_one
from control_plane.cli.options import AsJson, Config, Key, Reason
from control_plane.cli.talk import Identifier
from control_plane.domain.correction import CorrectionReason
from control_plane.domain.hand_posting import Claimed

if TYPE_CHECKING:
    from control_plane.api.schemas import CorrectableField, FieldChange

app = typer.Typer()

Set = Annotated[list[str], typer.Option("--set", help="PATH=VALUE, as `fields` shows the paths; several times.")]


@app.command()
def fields(identifier: Identifier, config: Config = None, key: Key = None, as_json: AsJson = False) -> None:
    """Show what of the document may be corrected, and what it says now."""
    from control_plane.cli.desk_tables import fields_table

    asked = Asked(config, key, as_json)
    show(asked, lambda client: client.correctable_fields(the_one(client, identifier).id), fields_table)


@app.command()
def correct(
    identifier: Identifier,
    changes: Set,
    reason_code: Annotated[CorrectionReason, typer.Option(help="Why it is corrected here and not at its source.")],
    reason: Reason,
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Correct the document: at once where one person may, else as a proposal for a second one."""
    from control_plane.api.schemas import Correction

    asked = Asked(config, key, as_json)
    with asking(asked) as client:
        exception_id = the_one(client, identifier).id
        seen = client.correctable_fields(exception_id)
        wanted = [_change(one, {field.path: field for field in seen.items}) for one in changes]
        correction = Correction(changes=wanted, reason_code=reason_code, reason=reason)
        view = client.propose_correction(exception_id, revision=seen.revision, correction=correction)
    say_state(asked, view)


@app.command("post-by-hand")
def post_by_hand(
    identifier: Identifier,
    claimed: Annotated[Claimed, typer.Option(help="What became of the document in the target's books.")],
    reason: Reason,
    numbers: Annotated[list[str] | None, typer.Option("--number", help="The target's own; several times.")] = None,
    date: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The posting date.")] = None,
    accepts_difference: Annotated[
        bool, typer.Option("--accept-difference", help="It is this posting, although it differs from what was meant.")
    ] = False,
    config: Config = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Say what became of a document in the target's books, for a second person; its numbers are read back."""
    from control_plane.api.schemas import HandPosting

    found = tuple(dict.fromkeys(numbers or ()))
    if (claimed is Claimed.POSTED) is not (bool(found) and date is not None):
        raise typer.BadParameter("what is posted has --number and --date, what is not posted has neither")
    posting = HandPosting(
        claimed=claimed,
        reason=reason,
        numbers=found,
        posting_date=None if date is None else date.date(),
        accepts_difference=accepts_difference,
    )
    asked = Asked(config, key, as_json)
    with asking(asked) as client:
        seen = the_one(client, identifier)
        view = client.propose_hand_posting(seen.id, revision=seen.revision, posting=posting)
    say_state(asked, view)


def _change(text: str, known: dict[str, "CorrectableField"]) -> "FieldChange":
    from control_plane.api.schemas import FieldChange

    path, equals, after = text.partition("=")
    if not equals:
        raise typer.BadParameter(f"{text} is not PATH=VALUE")
    if path not in known:
        ERRORS.print(f"{path} may not be corrected; `tieout exceptions fields` shows what may.", markup=False)
        raise typer.Exit(Exit.NO)
    return FieldChange(path=path, before=known[path].value, after=after)
