"""What Tryton's refusals mean in our catalog: by class first, then by its English words, 8.2's and 7.0's."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from connectors.canonical.master_data import Domain
from connectors.failures import Failure, unknown_answer
from connectors.tryton.wire import Refusal


@dataclass(frozen=True, slots=True)
class _Meaning:
    """A pattern over the message and what it says in our words; `value` is the pattern's group of that name."""

    pattern: re.Pattern[str]
    code: str
    values: Mapping[str, str] = field(default_factory=dict)


def _row(pattern: str, code: str, **values: str) -> _Meaning:
    return _Meaning(re.compile(pattern), code, values)


_ACCOUNT: Final = {"domain": Domain.GL_ACCOUNT.value, "domain_title": "Account"}

BY_CLASS: Final[Mapping[str, str]] = {
    "ConcurrencyException": "temporarily_unavailable",
    "LoginException": "credentials_refused",
}
"""Classes that need no words."""

MEANINGS: Final = (
    _row(r'reopen the (?:period|fiscal year) "(?P<value>[^"]+)"', "closed_period"),
    _row(r'closed (?:journal-)?period "(?P<value>[^"]+)"', "closed_period"),
    _row(r'The value "(?P<value>[^"]+)" for field "Period" in ', "closed_period"),
    _row(r'create a (?:period|fiscal year) for the date "(?P<value>[^"]+)"', "no_open_period"),
    _row(r'value "(?P<value>[^" ]+)[^"]*" for field "Account" in .*Line', "inactive_master_data", **_ACCOUNT),
    _row(r'on account "(?P<value>[^" ]+)[^"]*", you must set a type', "inactive_master_data", **_ACCOUNT),
    _row(r"you must balance all its lines", "unbalanced"),
    _row(r"(?s)^(?P<problem>A value is required for field .+?)\.?$", "rejected_by_target"),
    _row(r"(?s)^(?P<problem>.*already reconciled.*?)\.?$", "rejected_by_target"),
    _row(r"You are not allowed to (?:access|create|read|modify|delete)", "access_denied"),
)
"""First match wins; what none matches keeps its class and words."""


def failure_of_refusal(refusal: Refusal) -> Failure:
    """Return why Tryton refused."""
    if refusal.error in BY_CLASS:
        return Failure(BY_CLASS[refusal.error], detail=refusal.message)
    for meaning in MEANINGS:
        if found := meaning.pattern.search(refusal.message):
            return Failure(meaning.code, {**meaning.values, **found.groupdict()}, detail=refusal.message)
    return unknown_answer(refusal.error or "(no class)", refusal.message)
