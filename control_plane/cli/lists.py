"""Pasted lists that the API takes as a whole: two hundred identifiers at a time, an answer for each."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

import typer

from control_plane.cli.answering import Asked, asking
from control_plane.cli.exits import ERRORS, Exit
from control_plane.cli.many import pasted

if TYPE_CHECKING:
    from control_plane.api.client import ApiClient
    from control_plane.api.schemas import ListedAnswer, ListedLine

Ask = Callable[["ApiClient", Sequence[str]], "ListedAnswer"]

_AT_ONCE: Final = 200
_SAID: Final = {
    "nothing_open": "it names nothing that is open",
    "unknown": "it names nothing",
}
"""By outcome, for people; `done` and `refused` say more."""


def do_to_list(given: Sequence[str], ask: Ask, asked: Asked, done: str) -> None:
    """Act on everything that a list names, and end with 1 where something was refused or unknown."""
    with asking(asked) as client:
        answer = _joined(list(_answers(client, pasted(given), ask, done=None if asked.as_json else done)))
    if asked.as_json:
        typer.echo(answer.model_dump_json(indent=2))
    raise typer.Exit(Exit.FINE if all(line.outcome == "done" for line in answer.items) else Exit.NO)


def _answers(
    client: "ApiClient", identifiers: Sequence[str], ask: Ask, *, done: str | None
) -> Iterator["ListedAnswer"]:
    """Yield an answer for each part of the list, and say of each line as it comes."""
    for begin in range(0, len(identifiers), _AT_ONCE):
        answer = ask(client, identifiers[begin : begin + _AT_ONCE])
        for line in answer.items:
            _say(line, done)
        yield answer


def _say(line: "ListedLine", done: str | None) -> None:
    if line.outcome != "done":
        ERRORS.print(f"{line.identifier}: {line.why or _SAID.get(line.outcome, '')}", style="red", markup=False)
    elif done is not None:
        typer.echo(f"{line.exception_id} is {done}: {line.identifier}")


def _joined(answers: Sequence["ListedAnswer"]) -> "ListedAnswer":
    from control_plane.api.schemas import ListedAnswer

    return ListedAnswer(
        items=[line for one in answers for line in one.items],
        found_count=sum(one.found_count for one in answers),
        unknown=[name for one in answers for name in one.unknown],
    )
