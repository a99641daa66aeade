"""Places in a web process: bounded, nobody has all, whoever has least in work is next."""

from collections.abc import Callable
from typing import Any

import pytest
from django.http import HttpRequest
from hypothesis import given
from hypothesis import strategies as st

from riskreg.kernel.capacity import (
    Places,
    Refused,
    hashed_credential_or_network,
    remember_account_of_caller,
)


class World:
    """Places whose work is done when the test says so."""

    def __init__(self, threads: int = 2, most: int = 6, each: int = 4) -> None:
        self.running: list[Callable[[], None]] = []
        self.begun: list[str] = []
        self.now = 0.0
        self.places = Places(
            self.running.append, threads=threads, most=most, each=each, clock=lambda: self.now
        )

    def ask(self, who: str) -> Refused | None:
        return self.places.run_in_turn_or_refuse(who, lambda: self.begun.append(who))

    def finish(self) -> None:
        self.running.pop(0)()


def test_beyond_all_places_is_refused_and_a_place_that_is_free_again_is_given() -> None:
    world = World()
    assert [world.ask(who) for who in "abcdef"] == [None] * 6
    assert world.ask("g") is Refused.FULL
    world.finish()
    assert world.ask("g") is None


def test_nobody_has_all_places() -> None:
    world = World()
    assert [world.ask("a") for _ in range(5)] == [None] * 4 + [Refused.CALLER]
    assert world.ask("b") is None


def test_nobody_has_the_last_thread() -> None:
    world = World()
    for _ in range(3):
        world.ask("a")
    assert len(world.running) == 1
    world.ask("b")
    assert len(world.running) == 2


def test_whoever_has_least_in_work_is_next() -> None:
    world = World(threads=3, most=9, each=9)
    for who in "aaaab":
        world.ask(who)
    # Two of a's and b's are in work; c came last and goes before what else a wants.
    world.ask("c")
    world.finish()
    world.finish()
    world.finish()
    world.finish()
    assert world.begun == ["a", "a", "b", "c"]


def test_one_thread_serves_everybody() -> None:
    world = World(threads=1)
    world.ask("a")
    world.ask("b")
    world.finish()
    world.finish()
    assert world.begun == ["a", "b"]


def test_work_that_fails_leaves_its_place() -> None:
    world = World(threads=1, most=1, each=1)

    def fails() -> None:
        raise ValueError

    world.places.run_in_turn_or_refuse("a", fails)
    with pytest.raises(ValueError):
        world.finish()
    assert world.ask("a") is None


@given(st.lists(st.sampled_from(["a", "b", "c", "done"]), max_size=60), st.integers(1, 4))
def test_what_is_taken_is_done_once_and_the_bounds_hold(moves: list[str], threads: int) -> None:
    world = World(threads=threads, most=6, each=4)
    taken: list[str] = []
    for move in moves:
        if move == "done":
            if world.running:
                world.finish()
        elif world.ask(move) is None:
            taken.append(move)
        left = list(taken)
        for who in world.begun:
            left.remove(who)
        assert len(world.running) <= threads
        assert len(left) <= 6
        assert max((left.count(who) for who in left), default=0) <= 4
    while world.running:
        world.finish()
    assert sorted(world.begun) == sorted(taken)


def test_one_line_for_a_burst(caplog: Any) -> None:
    world = World(most=1, each=1, threads=1)
    world.ask("a")
    for seconds in (0, 1, 59, 59):
        world.now += seconds
        world.ask("b")
    assert caplog.text.count("requests_shed") == 1
    world.now += 60
    world.ask("b")
    assert caplog.text.count("requests_shed") == 2


def request(**meta: str) -> HttpRequest:
    made = HttpRequest()
    made.META = {"REMOTE_ADDR": "192.0.2.7", **meta}
    return made


def test_a_second_token_is_no_second_caller() -> None:
    first, second = (request(HTTP_AUTHORIZATION=f"Bearer {name}") for name in ("one", "two"))
    world = World(most=8)
    for _ in range(4):
        world.ask(hashed_credential_or_network(first))
    assert world.ask(hashed_credential_or_network(second)) is None
    remember_account_of_caller(first, 71)
    remember_account_of_caller(second, 71)
    assert world.ask(hashed_credential_or_network(second)) is Refused.CALLER
    assert world.ask(hashed_credential_or_network(request())) is None


def test_no_secret_is_kept() -> None:
    assert "one" not in hashed_credential_or_network(request(HTTP_AUTHORIZATION="Bearer one"))
