import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.domain.identity import MAX_SLOT, UnknownIdError, compose_id, parse_public_id, public_id

MOMENT = 1_792_000_000_000


@given(st.integers(0, 2**63 - 1))
def test_a_public_id_can_be_read_back(number: int) -> None:
    text = public_id("txn", number)
    assert parse_public_id("txn", text) == parse_public_id("txn", text.upper()) == number


@pytest.mark.parametrize("text", ["", "txn_", "exc_0000000000000", "txn_000000000000", "txn_000000000000u", "7"])
def test_what_is_no_id_of_this_kind_is_refused(text: str) -> None:
    with pytest.raises(UnknownIdError, match="is not an id of the form txn_"):
        parse_public_id("txn", text)


def test_ids_follow_time_then_slot_then_sequence_and_fit_63_bits() -> None:
    drawn = [
        compose_id(MOMENT, 0, 1),
        compose_id(MOMENT, 0, 4095),
        compose_id(MOMENT, 1, 0),
        compose_id(MOMENT, MAX_SLOT, 4095),
        compose_id(MOMENT + 1, 0, 0),
    ]
    assert drawn == sorted(drawn)
    assert drawn[-1] < 2**63
    assert [public_id("txn", one) for one in drawn] == sorted(public_id("txn", one) for one in drawn)
