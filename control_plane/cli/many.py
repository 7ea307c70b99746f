"""One act over several exceptions: identifiers as arguments or pasted, an answer for each."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Final

import typer

from control_plane.cli.answering import Asked, asking
from control_plane.cli.exits import ERRORS, Exit

if TYPE_CHECKING:
    from control_plane.api.client import ApiClient
    from control_plane.api.schemas import ExceptionDetail

Deed = Callable[["ApiClient", "ExceptionDetail"], "ExceptionDetail"]
"""Does something with an exception as it was seen, and returns it as it is then."""
Identifiers = Annotated[
    list[str],
    typer.Argument(help="Exceptions, or any number that their documents have; - reads a pasted list from stdin."),
]

PASTED: Final = "-"
_BETWEEN: Final = re.compile(r"[\n\r\t,;]+")
"""What stands between the cells of a pasted list."""
_ID: Final = "exc_"
_LOOKED_AT: Final = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one identifier: the exception as it is now, or why nothing was done."""

    identifier: str
    exception: "ExceptionDetail | None"
    problem: str = ""


class NotOneError(Exception):
    """An identifier names no open exception, or several."""


def do_to_each(given: Sequence[str], deed: Deed, asked: Asked) -> None:
    """Do something to each exception that is named, and end with 1 where it was refused for one of them."""
    with asking(asked) as client:
        outcomes = list(_said(_each(client, pasted(given), deed), is_silent=asked.as_json))
    if asked.as_json:
        typer.echo(json.dumps([_as_json(one) for one in outcomes], indent=2))
    raise typer.Exit(Exit.NO if any(one.problem for one in outcomes) else Exit.FINE)


def pasted(given: Iterable[str]) -> list[str]:
    """Return the identifiers, each once and in their order; `-` stands for what comes on standard input."""
    texts = (sys.stdin.read() if one == PASTED else one for one in given)
    cells = (cell.strip() for text in texts for cell in _BETWEEN.split(text))
    return list(dict.fromkeys(cell for cell in cells if cell))


def named(client: "ApiClient", identifier: str) -> "ExceptionDetail":
    """Return the exception that is meant.

    Raises:
        NotOneError: the identifier names no open one, or several.
    """
    if identifier.startswith(_ID):
        return client.exception(identifier)
    found = client.exceptions(q=identifier, limit=_LOOKED_AT).items
    if not found:
        raise NotOneError("it names no open exception")
    if len(found) > 1:
        raise NotOneError(f"it names several: {', '.join(one.id for one in found)}")
    return client.exception(found[0].id)


def the_one(client: "ApiClient", identifier: str) -> "ExceptionDetail":
    """Return the one exception that is meant; none or several end the command."""
    try:
        return named(client, identifier)
    except NotOneError as error:
        ERRORS.print(f"{identifier}: {error}", markup=False)
        raise typer.Exit(Exit.NO) from error


def _each(client: "ApiClient", identifiers: Iterable[str], deed: Deed) -> Iterator[Outcome]:
    from control_plane.api.client import ApiError
    from control_plane.cli.asking import REFUSED

    for identifier in identifiers:
        try:
            yield Outcome(identifier, deed(client, named(client, identifier)))
        except NotOneError as error:
            yield Outcome(identifier, None, str(error))
        except ApiError as error:
            if error.problem.status not in REFUSED:
                raise
            yield Outcome(identifier, None, str(error))


def _said(outcomes: Iterable[Outcome], *, is_silent: bool) -> Iterator[Outcome]:
    """Say of each outcome as it comes: a long list shows how far it is."""
    for one in outcomes:
        if one.exception is None:
            ERRORS.print(f"{one.identifier}: {one.problem}", style="red", markup=False)
        elif not is_silent:
            named_so = one.exception.document_number or one.exception.sentence
            typer.echo(f"{one.exception.id} is {one.exception.state.replace('_', ' ')}: {named_so}")
        yield one


def _as_json(one: Outcome) -> dict[str, object]:
    exception = None if one.exception is None else one.exception.model_dump(mode="json")
    return {"identifier": one.identifier, "exception": exception, "problem": one.problem}
