import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.tryton.wire import (
    Answered,
    Refusal,
    UnclearAnswerError,
    answer,
    at,
    call,
    dumped,
    ending_with,
    parsed,
    starting_with,
)

MOMENTS = st.datetimes(timezones=st.just(UTC))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.dates()
    | MOMENTS
    | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text().filter(lambda key: key != "__class__"), inner),
    max_leaves=10,
)


@given(VALUES)
def test_what_is_written_is_read_again_exactly(value: object) -> None:
    assert parsed(dumped(value)) == value


def test_a_call_has_exactly_three_keys_and_tryton_s_own_forms() -> None:
    east = timezone(timedelta(hours=2))
    body = json.loads(call("model.x.search", [Decimal("1.50"), date(2026, 3, 5), datetime(2026, 3, 5, 1, tzinfo=east)]))
    assert body.keys() == {"id", "method", "params"}
    assert body["params"][0] == {"__class__": "Decimal", "decimal": "1.50"}
    assert body["params"][1] == {"__class__": "date", "year": 2026, "month": 3, "day": 5}
    assert (body["params"][2]["day"], body["params"][2]["hour"]) == (4, 23)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"id":0,"result":[1,2]}', Answered([1, 2])),
        (b'{"id":0,"result":null}', Answered(None)),
        (b'{"id":0,"error":["UserError",["No.","",null]]}', Refusal("UserError", "No.")),
        (b'{"id":0,"error":["UserWarning",["1.skip","Sure?",""]]}', Refusal("UserWarning", "Sure?", warning="1.skip")),
        (b'{"id":0,"error":["ConcurrencyException","Changed"]}', Refusal("ConcurrencyException", "Changed")),
        (b'{"id":0,"error":["\'party.nope\'",""]}', Refusal("", "'party.nope'")),
    ],
)
def test_every_shape_of_an_answer_is_understood(body: bytes, said: Answered | Refusal) -> None:
    assert answer(body) == said


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"id":0}',
        b'{"error":[]}',
        b'{"result":NaN}',
        b'{"result":{"__class__":"Decimal","decimal":"x"}}',
        b'{"result":{"__class__":"date","year":2026,"month":13,"day":1}}',
        b"[" * 100_000,
        b"\xff",
    ],
)
def test_anything_else_is_unclear(body: bytes) -> None:
    with pytest.raises(UnclearAnswerError):
        answer(body)


def test_a_field_is_read_over_relations_even_where_one_is_empty() -> None:
    row = {"id": 1, "company.": {"party.": {"code": "1000"}}, "supervisor.": None}
    assert at(row, "company.party.code") == "1000"
    assert at(row, "supervisor.party.code") is None
    assert at(row, "id") == 1


def test_a_pattern_matches_its_text_only() -> None:
    assert starting_with(r"A_1%\ [") == r"A\_1\%\\ [%"
    assert ending_with("[B_2]") == r"%[B\_2]"
