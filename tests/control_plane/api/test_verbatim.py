"""Reading JSON objects with their members' own text: as strict as reading the whole, and with the same answers."""

import json
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.api.problem_json import ProblemError
from control_plane.api.strict import read_json
from control_plane.api.verbatim import read_object, read_objects

KEYS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | KEYS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)
TEXTS = st.text(st.sampled_from('{}[]:," \t\n0a1\\u.e-'), max_size=12)


@given(st.dictionaries(KEYS, VALUES, max_size=5), st.sampled_from([None, 1]), st.booleans())
def test_every_member_is_its_own_text(members: dict[str, Any], indent: int | None, ascii_only: bool) -> None:  # noqa: FBT001  (drawn)
    found = read_object(json.dumps(members, indent=indent, ensure_ascii=ascii_only))
    assert found is not None
    assert found.values == members
    assert {key: json.loads(text) for key, text in found.texts.items()} == members


@given(TEXTS | VALUES.map(json.dumps))
def test_what_is_refused_as_a_whole_is_refused_here(text: str) -> None:
    assert _answer(text) == _answer_of_whole(text)


@given(st.lists(VALUES, max_size=4), st.sampled_from([None, 2]))
def test_a_list_is_read_item_by_item(items: list[Any], indent: int | None) -> None:
    found = read_objects(json.dumps(items, indent=indent), most=4)
    assert found is not None
    assert [one and one.values for one in found] == [one if isinstance(one, dict) else None for one in items]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("", HTTPStatus.BAD_REQUEST),
        ("[", HTTPStatus.BAD_REQUEST),
        ("[{}", HTTPStatus.BAD_REQUEST),
        ("[{},]", HTTPStatus.BAD_REQUEST),
        ("[{}}", HTTPStatus.BAD_REQUEST),
        ("[{}] x", HTTPStatus.BAD_REQUEST),
        ("[] x", HTTPStatus.BAD_REQUEST),
        ("\ufeff[]", HTTPStatus.BAD_REQUEST),
        ('[{"a":1,"a":2}]', HTTPStatus.BAD_REQUEST),
        ('[{"a":{"b":1,"b":2}}]', HTTPStatus.BAD_REQUEST),
        ("[" * 100_000, HTTPStatus.BAD_REQUEST),
        ('[{"a":' + "[" * 100_000, HTTPStatus.BAD_REQUEST),
        ('[{"a":1e999}]', HTTPStatus.UNPROCESSABLE_ENTITY),
        ('[{"a":NaN}]', HTTPStatus.UNPROCESSABLE_ENTITY),
        ('[{"a":"\\u0000"}]', HTTPStatus.UNPROCESSABLE_ENTITY),
        ('[{"a":["\\ud800"]}]', HTTPStatus.UNPROCESSABLE_ENTITY),
    ],
)
def test_a_list_with_a_fault_is_refused(text: str, status: HTTPStatus) -> None:
    with pytest.raises(ProblemError) as refused:
        read_objects(text, most=4)
    assert refused.value.status_code == status


def test_a_list_that_is_too_long_is_read_to_the_first_item_too_many() -> None:
    found = read_objects("[" + "{}," * 5 + "!", most=4)
    assert found is not None
    assert len(found) == 5


def test_what_is_no_list_is_none_if_it_is_json() -> None:
    assert read_objects('{"a": 1}', most=4) is None
    with pytest.raises(ProblemError):
        read_objects('{"a": 1', most=4)


def _answer(text: str) -> Any:  # JSON, or how it was refused
    try:
        found = read_object(text)
    except ProblemError as error:
        return error.code
    return None if found is None else found.values


def _answer_of_whole(text: str) -> Any:  # JSON, or how it was refused
    try:
        whole = read_json(text.encode())
    except ProblemError as error:
        return error.code
    return whole if isinstance(whole, dict) else None
