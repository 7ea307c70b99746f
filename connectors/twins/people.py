"""Names of people who do not exist, by number, so that both twins call E-017 the same."""

from typing import Final

_FIRST: Final = (
    "Alex", "Bente", "Chris", "Dana", "Eli", "Finn", "Gael", "Hanne", "Ira", "Jona", "Kai", "Lior",
    "Mika", "Nour", "Ola", "Pat", "Quinn", "Robin", "Sasha", "Toni", "Uma", "Val", "Wren", "Yuki", "Zeno",
)  # fmt: skip
_LAST: Final = (
    "Alder", "Birch", "Cedar", "Dune", "Elm", "Fern", "Grove", "Heath", "Isle", "Juniper", "Kelp",
    "Larch", "Maple", "Nettle", "Oak", "Pine", "Quarry", "Reed", "Sorrel", "Thistle",
)  # fmt: skip


def name_of(number: int) -> tuple[str, str]:
    """Return the first and last name of the employee with this number; 500 numbers have 500 names."""
    return _FIRST[number % len(_FIRST)], _LAST[number // len(_FIRST) % len(_LAST)]
