from typing import Any

import pytest

from control_plane.domain.replies import (
    FIELDS,
    MOST_LETTERS,
    SHIPPED,
    Reader,
    Template,
    problems_of,
    render,
    templates_of,
)

VALUES = {"document": "RE-1", "amount": "412.50 EUR", "sentence": "The project is inactive.", "source": "concur"}
GOOD = {"to": "supplier", "subject": "{document}", "body": "See {amount}."}


def test_a_letter_says_the_documents_values() -> None:
    reply = render("one", SHIPPED["correct_and_submit_again"], VALUES)
    assert reply.to is Reader.EMPLOYEE
    assert reply.subject == "Please correct RE-1"
    assert "RE-1 over 412.50 EUR cannot be booked yet. The project is inactive." in reply.body
    assert "it is due on ?." in reply.body


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_shipped_letters_are_as_good_as_proposed_ones(name: str) -> None:
    shipped = SHIPPED[name]
    assert problems_of({name: {"to": shipped.to.value, "subject": shipped.subject, "body": shipped.body}}) == []
    full = render(name, shipped, dict.fromkeys(FIELDS, "x"))
    assert not {"{", "}", "?"} & set(full.subject + full.body.replace("?", ""))


@pytest.mark.parametrize(
    "hostile", ["{document.__class__}", "{0}", "{document!r}", "{document:>1000000000}", "{{}}", "%s"]
)
def test_a_field_is_a_name_and_nothing_else(hostile: str) -> None:
    reply = render("one", Template(Reader.EMPLOYEE, hostile, hostile), VALUES)
    assert (reply.subject, reply.body) == (hostile, hostile)


def test_a_value_is_no_template_and_stays_on_its_line() -> None:
    values = {"document": "{amount}\r\nBcc: all@example.com", "amount": "1 EUR"}
    reply = render("one", Template(Reader.EMPLOYEE, "{document}", ""), values)
    assert reply.subject == "{amount}  Bcc: all@example.com"


def test_governed_letters_stand_over_the_shipped_ones() -> None:
    templates = templates_of({"we_are_on_it": GOOD})
    assert templates["we_are_on_it"].to is Reader.SUPPLIER
    assert templates.keys() == SHIPPED.keys()


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        (7, "/one"),
        ({"to": "employee", "subject": "x"}, "/one"),
        ({**GOOD, "to": "boss"}, "/one/to"),
        ({**GOOD, "body": "{iban}"}, "/one/body"),
        ({**GOOD, "body": "{document.__class__}"}, "/one/body"),
        ({**GOOD, "subject": "{document"}, "/one/subject"),
        ({**GOOD, "subject": ""}, "/one/subject"),
        ({**GOOD, "body": "x" * (MOST_LETTERS + 1)}, "/one/body"),
        ({**GOOD, "body": None}, "/one/body"),
    ],
)
def test_what_is_wrong_with_a_letter_is_named(given: Any, pointer: str) -> None:
    assert [one.pointer for one in problems_of({"one": given})] == [pointer]
