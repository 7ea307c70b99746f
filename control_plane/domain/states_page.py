"""Prints docs/states.md from the tables: `python -m control_plane.domain.states_page > docs/states.md`."""

import sys
from collections.abc import Iterator, Mapping
from typing import Final

from control_plane.domain.approval import APPROVAL_TRANSITIONS
from control_plane.domain.bulk import BULK_TRANSITIONS, ITEM_TRANSITIONS
from control_plane.domain.exception_case import CASE_TRANSITIONS
from control_plane.domain.machine import Arrows, By, S, is_final
from control_plane.domain.transaction import PLACE_OF, TRANSITIONS

_WORDS: Final[Mapping[By, str]] = {
    By.SYSTEM: "the system",
    By.LEASE: "the worker with the lease",
    By.REAPER: "the reaper",
    By.SOURCE: "the source",
    By.OWNER: "the person who claimed it",
    By.MAKER: "the person who proposed it",
    By.APPROVER: "an approver",
    By.RECEIVER: "the person who accepts it",
    By.TEAM: "anybody who may claim it",
    By.CONTROLLER: "a controller",
    By.FOUR_EYES: "two persons",
}


def states_page() -> str:
    """Return the text of `docs/states.md`."""
    places = {state: place.value.replace("_", " ") for state, place in PLACE_OF.items()}
    parts = [
        "# States",
        "What is not drawn here cannot happen.",
        "Printed by `python -m control_plane.domain.states_page > docs/states.md`.",
        "## Transaction",
        "One document version's life in one flow. The place is the column of the money ledger in which it counts.",
        "\n".join(_table(TRANSITIONS, places)),
        "\n".join(_picture(TRANSITIONS)),
        "## Exception",
        "Something that a person must do. Only evidence resolves it.",
        "\n".join(_table(CASE_TRANSITIONS, {})),
        "\n".join(_picture(CASE_TRANSITIONS)),
        "## Approval",
        "What one person proposes and another one decides.",
        "\n".join(_table(APPROVAL_TRANSITIONS, {})),
        "\n".join(_picture(APPROVAL_TRANSITIONS)),
        "## Bulk operation",
        "One act over a frozen set of exceptions.",
        "\n".join(_table(BULK_TRANSITIONS, {})),
        "\n".join(_picture(BULK_TRANSITIONS)),
        "## Item of a bulk operation",
        "What became of one exception of the set.",
        "\n".join(_table(ITEM_TRANSITIONS, {})),
        "\n".join(_picture(ITEM_TRANSITIONS)),
    ]
    return "\n\n".join(parts) + "\n"


def _table(arrows: Arrows[S], places: Mapping[S, str]) -> Iterator[str]:
    yield "| state | place | goes to | by |" if places else "| state | goes to | by |"
    yield "|---|---|---|---|" if places else "|---|---|---|"
    for state, ways in arrows.items():
        place = f" {places[state]} |" if places else ""
        if is_final(arrows, state):
            yield f"| `{state}` |{place} (terminal) | |"
        for to, by in ways.items():
            yield f"| `{state}` |{place} `{to}` | {', '.join(_WORDS[hand] for hand in By if hand in by)} |"


def _picture(arrows: Arrows[S]) -> Iterator[str]:
    yield "```mermaid"
    yield "stateDiagram-v2"
    yield f"    [*] --> {next(iter(arrows))}"
    for state, ways in arrows.items():
        yield from (f"    {state} --> {to}" for to in ways)
        if is_final(arrows, state):
            yield f"    {state} --> [*]"
    yield "```"


if __name__ == "__main__":
    sys.stdout.write(states_page())
