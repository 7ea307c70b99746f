from hypothesis import given
from hypothesis import strategies as st

from control_plane.domain.ledger import NOTHING, Amounts, LedgerKey, Movement, amounts_of, by_place, net
from control_plane.domain.transaction import PLACE_OF, Place, State

KEY = LedgerKey("expense_report", "1000", "EUR", "2026-10", "", State.READY.value, "new")
KEYS = st.builds(
    LedgerKey,
    st.just("expense_report"),
    st.sampled_from(["1000", "2000"]),
    st.sampled_from(["EUR", "CHF"]),
    st.just("2026-10"),
    st.just(""),
    st.sampled_from([state.value for state in State]),
    st.just(""),
)
AMOUNTS = st.builds(amounts_of, st.integers(-(10**12), 10**12), st.none() | st.integers(-(10**12), 10**12))
MOVEMENTS = st.lists(st.tuples(KEYS, AMOUNTS), max_size=20)


def total(movements: list[Movement]) -> Amounts:
    return sum((amounts for _, amounts in movements), NOTHING)


def test_positive_and_negative_amounts_are_never_netted_against_each_other() -> None:
    both = amounts_of(500, 450) + amounts_of(-200, None)
    assert both == Amounts(count=2, positive_minor=500, negative_minor=-200, group_minor=450)
    assert both.net_minor == 300


def test_a_document_without_an_amount_counts_as_one() -> None:
    assert amounts_of(0, None) == Amounts(count=1)


@given(MOVEMENTS)
def test_netting_keeps_every_sum(movements: list[Movement]) -> None:
    assert total(net(movements)) == total(movements)


@given(MOVEMENTS)
def test_netting_leaves_one_movement_per_key_in_key_order(movements: list[Movement]) -> None:
    keys = [key for key, _ in net(movements)]
    assert keys == sorted(set(keys))


@given(MOVEMENTS)
def test_there_and_back_leaves_nothing(movements: list[Movement]) -> None:
    assert net([*movements, *((key, -amounts) for key, amounts in movements)]) == []


@given(MOVEMENTS)
def test_all_places_together_are_what_was_received(movements: list[Movement]) -> None:
    places = by_place(movements)
    assert places.keys() == set(Place)
    assert sum(places.values(), NOTHING) == total(movements)


def test_an_amount_stands_in_the_place_of_its_state() -> None:
    for state in State:
        places = by_place([(KEY._replace(state=state.value), amounts_of(1, None))])
        assert [place for place, amounts in places.items() if amounts.count] == [PLACE_OF[state]]
