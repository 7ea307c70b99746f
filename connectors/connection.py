"""What a connector is given: the settings of one connection and its way out."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from typing import TypeVar

from connectors.contract import Connector
from connectors.http import HttpClient

Value = TypeVar("Value")


class UnusableConnectionError(ValueError):
    """A connection is configured in a way that its connector does not know."""


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """One configured, credentialed use of a system."""

    name: str
    provider: str
    """A kind of system that `registry` lists."""
    url: str
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the values that no text may show."""
        return tuple(self.credentials.values())

    def require(self, *, credentials: Collection[str], options: Collection[str] = ()) -> None:
        """Check that the credentials are exactly these and that every option is one of these.

        Raises:
            UnusableConnectionError: a key is missing or unknown; the sentence names the nearest.
        """
        for key in credentials:
            if not self.credentials.get(key):
                raise UnusableConnectionError(f"connection {self.name}: the credential {key!r} is missing")
        for kind, given, known in (
            ("credential", self.credentials, credentials),
            ("option", self.options, options),
        ):
            for key in given:
                if key not in known:
                    raise UnusableConnectionError(f"connection {self.name}: {not_known(kind, key, known)}")

    def option(self, name: str, default: str, read: Callable[[str], Value]) -> Value:
        """Return an option, read by a function that raises ValueError where it cannot.

        Raises:
            UnusableConnectionError: the option's text cannot be read.
        """
        text = self.options.get(name, default)
        try:
            return read(text)
        except (ValueError, OverflowError) as error:
            sentence = f"connection {self.name}: the option {name!r} cannot be {text!r}"
            raise UnusableConnectionError(sentence) from error


Connect = Callable[[ConnectionSettings, HttpClient], Connector]
"""How a connector is made: from the settings of one connection and its way out."""


def not_known(kind: str, word: str, known: Collection[str]) -> str:
    """Return a sentence that refuses the word and names the nearest known one."""
    nearest = get_close_matches(word, sorted(known), n=1, cutoff=0.0)
    return f"{kind} {word!r} is not known" + (f"; did you mean {nearest[0]!r}?" if nearest else "")


def seconds(text: str) -> timedelta:
    """Return a duration given in seconds. Raises ValueError: the text is none, or below zero."""
    duration = timedelta(seconds=float(text))
    if duration < timedelta(0):
        raise ValueError(f"{text} is below zero")
    return duration


def count(text: str) -> int:
    """Return a number from one. Raises ValueError: the text is none."""
    number = int(text)
    if number < 1:
        raise ValueError(f"{text} is below one")
    return number
