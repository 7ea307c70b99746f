"""How a command asks and answers: what the API says, as a table for people or as JSON for scripts."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol, TypeVar

import typer

from control_plane.cli.exits import ERRORS, Exit, told

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import RenderableType

    from control_plane.api.client import ApiClient
    from control_plane.api.schemas import ApprovalView, Proposed

A = TypeVar("A", bound="BaseModel")


class Listed(Protocol):
    """An answer that is a list."""

    @property
    def items(self) -> Sequence[object]:
        """Return what was found."""

    def model_dump_json(self, *, indent: int | None = None) -> str:
        """Return it as JSON."""


L = TypeVar("L", bound=Listed)


@dataclass(frozen=True, slots=True)
class Asked:
    """Where to ask, and how to answer."""

    config: Path | None
    key: str | None
    as_json: bool


@contextmanager
def asking(asked: Asked) -> Iterator["ApiClient"]:
    """Give a client of the API; where something goes wrong the command ends with a sentence."""
    from control_plane.cli.asking import client_of
    from control_plane.settings import load_settings

    with told(), client_of(load_settings(asked.config), asked.key) as client:
        yield client


def show(asked: Asked, ask: Callable[["ApiClient"], A], shown: Callable[[A], "RenderableType"]) -> None:
    """Ask, and print the answer."""
    with asking(asked) as client:
        answer = ask(client)
    tell(asked, answer, shown)


def tell(asked: Asked, answer: A, shown: Callable[[A], "RenderableType"]) -> None:
    """Print an answer."""
    from control_plane.cli.tables import console

    if asked.as_json:
        typer.echo(answer.model_dump_json(indent=2))
    else:
        console().print(shown(answer))


def say(asked: Asked, answer: "BaseModel", sentence: str) -> None:
    """Print a sentence about an answer."""
    typer.echo(answer.model_dump_json() if asked.as_json else sentence)


def say_state(asked: Asked, view: "ApprovalView") -> None:
    """Print how a proposal stands now."""
    say(asked, view, f"{view.id} is {view.state.replace('_', ' ')}.")


def show_list(
    asked: Asked,
    ask: Callable[["ApiClient"], L],
    shown: Callable[[L], "RenderableType"],
    nothing: str,
) -> NoReturn:
    """Ask, print the list, and end with 1 where there is nothing in it."""
    from control_plane.cli.tables import console

    with asking(asked) as client:
        answer = ask(client)
    if asked.as_json:
        typer.echo(answer.model_dump_json(indent=2))
    elif answer.items:
        console().print(shown(answer))
    else:
        ERRORS.print(nothing)
    raise typer.Exit(Exit.FINE if answer.items else Exit.NO)


def propose(asked: Asked, ask: Callable[["ApiClient"], "Proposed"]) -> None:
    """Propose something, and print what waits for a second person now, and what it warns of."""
    with asking(asked) as client:
        made = ask(client)
    say(asked, made, f"{made.approval_id} waits for a second person.")
    for one in made.warnings:
        ERRORS.print(f"{one.pointer}: {one.detail}", markup=False)
