"""What is said about a value that people govern before it is proposed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one part of a proposed value."""

    pointer: str
    """Where, as a JSON pointer."""
    sentence: str
    is_fatal: bool = True
    """A warning is shown and may be approved."""
