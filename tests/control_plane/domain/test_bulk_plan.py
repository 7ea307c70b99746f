"""What a bulk operation is planned with: its order, its worth, its difference, and who must agree."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control_plane.domain.bulk_plan import (
    Calls,
    Frozen,
    Item,
    Limits,
    Selection,
    Worth,
    behind_others,
    difference,
    hash_of,
    in_order,
    limits_of,
    needs_approval,
    selection_of,
    worth_of,
)

ITEM = Item(1, 101, "DOC-1", "DE01", "EUR", 10_000, 10_000, "v1:a", "tax_refused", fence=3, order_key="R1")


def item(number: int, **changes: Any) -> Item:  # any field
    return replace(ITEM, case_id=number, transaction_id=100 + number, document=f"DOC-{number}", **changes)


def test_a_set_is_the_same_in_any_order_and_another_one_with_any_change() -> None:
    items = [item(1), item(2)]
    same = hash_of("retry", items)
    assert hash_of("retry", reversed(items)) == same
    others = [[items[0]], [items[0], item(2, fence=4)], [items[0], item(2, fingerprint="v1:b")]]
    assert same not in {hash_of("retry", other) for other in others} | {hash_of("replay", items)}


def test_what_came_left_and_changed_is_named() -> None:
    then = {number: Frozen(f"DOC-{number}", 1, "a") for number in (1, 2, 3)}
    now = {**then, 2: Frozen("DOC-2", 2, "a"), 4: Frozen("DOC-4", 1, "a")}
    del now[3]
    told = difference(then, now)
    assert (told.came, told.left, told.changed) == (("DOC-4",), ("DOC-3",), ("DOC-2",))
    assert told.sentence.startswith("The set is no longer the one that was planned: 1 came (DOC-4), 1 left (DOC-3)")
    assert not difference(then, then).sentence


def test_of_many_differences_ten_are_named() -> None:
    told = difference({number: Frozen(f"D{number}", 1, "a") for number in range(13)}, {})
    assert told.sentence.endswith("13 left (D0, D1, D2, D3, D4, D5, D6, D7, D8, D9 and 3 more). Plan it anew.")


def test_order_keys_are_respected_and_who_waits_for_others_comes_last() -> None:
    waits = item(1, order_key="R9", is_head=False)
    later = item(3, order_key="R1", is_head=False)
    head = item(2, order_key="R1")
    items = [waits, later, head]
    assert [one.case_id for one in in_order(items)] == [2, 3, 1]
    assert behind_others(items) == 1


@pytest.mark.parametrize("worth", [Worth(51, 0), Worth(1, 1_000_001), Worth(1, 0, is_known=False)])
def test_above_either_limit_a_second_person_agrees(worth: Worth) -> None:
    assert needs_approval(worth, Limits())


def test_at_the_limits_one_person_is_enough() -> None:
    assert not needs_approval(Worth(50, 1_000_000), Limits())


@given(st.lists(st.integers(-(10**9), 10**9)))
def test_refunds_do_not_make_a_set_smaller(amounts: list[int]) -> None:
    items = [item(number, group_minor=amount) for number, amount in enumerate(amounts)]
    assert worth_of(items) == Worth(len(amounts), sum(map(abs, amounts)))


def test_an_amount_without_a_rate_is_not_known_and_nothing_is_worth_nothing() -> None:
    assert not worth_of([item(1, group_minor=None)]).is_known
    assert worth_of([item(1, group_minor=None, amount_minor=0)]).is_known


def test_the_strictest_flow_sets_the_limits() -> None:
    loose = {"approve_above_count": 90, "approve_above_group_minor": 5, "failed_percent": 50}
    found = limits_of([{**loose, "stops_on_same_failure": False}, {"approve_above_count": 10}])
    assert found == Limits(10, 5, 10, stops_on_same_failure=True)
    assert limits_of([]) == Limits()


def test_calls_take_as_long_as_the_connection_lets_them() -> None:
    assert Calls("erp", 100, 20.0, 1.0, "closed").seconds == 5
    assert Calls("erp", 100, None, None, "closed").seconds is None


def test_a_selection_is_kept_and_read_back() -> None:
    selection = Selection({"code": "tax_refused"}, ("DOC-1", "DOC-2"))
    assert selection_of(selection.json) == selection
