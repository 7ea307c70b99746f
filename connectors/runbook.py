"""Prints docs/runbook.md from the failure catalog: `python -m connectors.runbook > docs/runbook.md`."""

import sys
from collections.abc import Mapping
from string import Formatter
from typing import Final

from connectors.failures import CATALOG, CatalogEntry, FailureKind, Owner

ADDED_TO_EVERY_SENTENCE: Final = frozenset({"document", "amount", "entity", "target", "source", "code"})
"""What the engine knows of the document; every other value comes with the failure."""

VALUES: Final[Mapping[str, str]] = {
    "document": "the document's number, or its id at the source",
    "amount": "the document's amount with its currency",
    "entity": "the legal entity",
    "target": "the connection to the ERP",
    "source": "the connection that the document came from",
    "code": "the failure's code",
    "answer_code": "the target's own code of its answer",
    "approver": "who approved",
    "currency": "a currency's code",
    "domain_title": "the list of master data in words, such as Project",
    "evidence": "what two documents have in common",
    "excess": "by how much a budget is exceeded",
    "field": "where in the document",
    "limit": "up to which amount the approver may approve",
    "line": "the number of a line",
    "line_sum": "what the lines sum to",
    "other": "another document or posting",
    "problem": "what is wrong, in words",
    "rate": "the exchange rate that the document states",
    "reference": "what the document is compared with",
    "remedy_approver": "who may approve this amount",
    "since": "since when it has been tried",
    "until": "until when it waits",
    "value": "the key, period or amount that is meant",
}
"""What each name in a sentence stands for."""

_NEXT: Final[Mapping[FailureKind, str]] = {
    FailureKind.NOT_SENT: "Nothing left us. It is sent again by itself.",
    FailureKind.TRANSIENT: "The other side could not now. It is sent again by itself.",
    FailureKind.RATE_LIMITED: "The other side asked for patience. It is sent again by itself, later and slower.",
    FailureKind.UNKNOWN: "It may have been booked. The other side is asked before anything else is done.",
    FailureKind.REJECTED: "A business reason. It is held until the reason has gone, or somebody decides.",
    FailureKind.CONTRACT: "The words are not those agreed. The payload is kept until mapping or source is corrected.",
    FailureKind.CONFIGURATION: "Our own set-up is wrong. The connection is paused, with one alert.",
    FailureKind.AUTH: "The credentials are refused. The connection is paused, with one alert.",
    FailureKind.POISON: "It stopped a worker three times. It is put aside.",
    FailureKind.DEFECT: "Our own mistake. Engineering corrects it.",
}
_TEAMS: Final[Mapping[Owner, str]] = {
    Owner.FINANCE_OPERATIONS: "finance operations",
    Owner.ERP_TEAM: "the ERP team",
    Owner.INTEGRATION_PLATFORM: "the integration platform team",
    Owner.SAAS_ADMINISTRATORS: "the administrators of the source",
}
_HEAD: Final = """\
# Runbook

Everything that can stand against a document: what the screen says, what to do, who does it, and what happens by itself.
Printed from `connectors/failures.py` by `python -m connectors.runbook > docs/runbook.md`.

Names in braces are filled for each document.
"""


def names_in(entry: CatalogEntry) -> frozenset[str]:
    """Return the names that the entry's sentence and remedy fill in."""
    parsed = Formatter().parse(entry.sentence + entry.remedy)
    return frozenset(name for _, name, _, _ in parsed if name is not None)


def runbook() -> str:
    """Return the whole catalog as a page for people, one heading for each code."""
    values = "".join(f"| `{{{name}}}` | {meaning} |\n" for name, meaning in sorted(VALUES.items()))
    entries = "".join(_section(code, entry) for code, entry in CATALOG.items())
    return f"{_HEAD}\n| name | stands for |\n|---|---|\n{values}{entries}"


def _section(code: str, entry: CatalogEntry) -> str:
    return (
        f"\n## {code}\n\n"
        f"> {entry.sentence}\n\n"
        f"**Do:** {entry.remedy}\n\n"
        f"**Who:** {_TEAMS[entry.owner]}. **By itself:** {_NEXT[entry.kind]}\n"
    )


if __name__ == "__main__":
    sys.stdout.write(runbook())
