import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from control_plane.store.troubles import DatabaseAwayError
from control_plane.store.turns import Turns

AT_ONCE = timedelta(0)
LONG = timedelta(seconds=5)


def test_turns_come_in_the_order_of_asking() -> None:
    turns = Turns(LONG)
    order: list[int] = []

    def take(number: int) -> None:
        with turns.turn():
            order.append(number)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(5)]
    with turns.turn():
        for waiting, thread in enumerate(threads, start=1):
            thread.start()
            wait_for(turns, waiting)
    for thread in threads:
        thread.join(timeout=5)

    assert order == [0, 1, 2, 3, 4]


def wait_for(turns: Turns, waiting: int) -> None:
    deadline = time.monotonic() + 5
    while len(turns._waiting) < waiting and time.monotonic() < deadline:
        time.sleep(0.001)


def test_only_one_has_the_turn() -> None:
    turns = Turns(LONG)
    inside = 0
    most = 0

    def take(_: int) -> None:
        nonlocal inside, most
        for _ in range(50):
            with turns.turn():
                inside += 1
                most = max(most, inside)
                inside -= 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, range(8)))

    assert most == 1


def test_a_turn_ends_with_an_exception_too() -> None:
    turns = Turns(AT_ONCE)
    with pytest.raises(InterruptedError), turns.turn():
        raise InterruptedError

    with turns.turn():
        pass


def test_who_waits_too_long_gives_up_and_stands_in_nobodys_way() -> None:
    turns = Turns(AT_ONCE)
    with turns.turn(), pytest.raises(DatabaseAwayError, match="too many want to write"), turns.turn():
        pass

    with turns.turn():
        pass


def test_a_turn_that_comes_in_the_last_moment_is_taken() -> None:
    turns = Turns(AT_ONCE)
    handed_over = threading.Lock()

    turns._give_up(handed_over)

    assert not turns._waiting
