"""Letters to the employee or the supplier of a document: fixed texts with named fields, shown and never sent."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final  # templates are JSON

from control_plane.domain.governed import Problem

KEY: Final = "reply_templates"
"""Under which they are governed, for the whole group: templates by name."""
FIELDS: Final = frozenset(
    {"document", "amount", "entity", "source", "counterparty", "code", "sentence", "remedy", "due", "team", "today"}
)
"""What a template may name; everything else in braces is a mistake."""
MOST_LETTERS: Final = 5_000
_FIELD: Final = re.compile(r"\{([^{}]*)\}")


class Reader(StrEnum):
    """Whom a letter is for."""

    EMPLOYEE = "employee"
    SUPPLIER = "supplier"


@dataclass(frozen=True, slots=True)
class Template:
    """A letter with fields such as `{document}`."""

    to: Reader
    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A letter about one document."""

    name: str
    to: Reader
    subject: str
    body: str


SHIPPED: Final[Mapping[str, Template]] = {
    "correct_and_submit_again": Template(
        Reader.EMPLOYEE,
        "Please correct {document}",
        "Hello,\n\nyour document {document} over {amount} cannot be booked yet. {sentence}\n\n"
        "Please correct it in {source} and submit it again; it is due on {due}.\n",
    ),
    "we_are_on_it": Template(
        Reader.EMPLOYEE,
        "{document} takes a little longer",
        "Hello,\n\nyour document {document} over {amount} has not been booked yet: {sentence}\n\n"
        "There is nothing for you to do. We work on it and expect to be done by {due}.\n",
    ),
    "which_document_is_right": Template(
        Reader.SUPPLIER,
        "Question about {document}",
        "Dear Sir or Madam,\n\nwe received {document} over {amount} for {entity} and cannot book it: {sentence}\n\n"
        "Please tell us which document is right, or send a corrected one.\n",
    ),
}
"""What holds until something else is approved."""


def templates_of(value: Mapping[str, Any]) -> dict[str, Template]:
    """Return the shipped templates with those of a governed value over them."""
    given = {name: Template(Reader(one["to"]), one["subject"], one["body"]) for name, one in value.items()}
    return {**SHIPPED, **given}


def render(name: str, template: Template, values: Mapping[str, str]) -> Reply:
    """Return a letter with the document's values in it; a field without a value reads as `?`."""
    plain = {field: _plain(values.get(field, "") or "?") for field in FIELDS}

    def filled(text: str) -> str:
        return _FIELD.sub(lambda found: plain.get(found[1], found[0]), text)

    return Reply(name, template.to, filled(template.subject), filled(template.body))


def problems_of(value: Mapping[str, Any]) -> list[Problem]:
    """Return everything that is wrong with proposed templates, each where it stands."""
    return [one for name, given in value.items() for one in _template_problems(f"/{name}", given)]


def _template_problems(pointer: str, given: Any) -> list[Problem]:  # what somebody proposed
    if not isinstance(given, Mapping) or set(given) != {"to", "subject", "body"}:
        return [Problem(pointer, "A template has `to`, `subject` and `body`, and nothing else.")]
    found = []
    if given["to"] not in list(Reader):
        found.append(Problem(f"{pointer}/to", "A letter is for an `employee` or a `supplier`."))
    for part in ("subject", "body"):
        found += _text_problems(f"{pointer}/{part}", given[part])
    return found


def _text_problems(pointer: str, text: Any) -> list[Problem]:  # what somebody proposed
    if not isinstance(text, str) or not 0 < len(text) <= MOST_LETTERS:
        return [Problem(pointer, f"A text has up to {MOST_LETTERS} letters.")]
    unknown = sorted({name for name in _FIELD.findall(text) if name not in FIELDS})
    stray = [Problem(pointer, "A brace stands alone.")] if re.search(r"[{}]", _FIELD.sub("", text)) else []
    return [*(Problem(pointer, f"There is no field {{{name}}}.") for name in unknown), *stray]


def _plain(value: str) -> str:
    """Return a value of a document on one line: what others wrote must not make headers or hide letters."""
    return "".join(one if unicodedata.category(one)[0] != "C" else " " for one in value)
