"""Worlds that are built once are what building them anew would make, and everybody's own."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction

from riskreg.accounts.models import User
from tests import builders
from tests.built_once import built_once

pytestmark = pytest.mark.django_db


def shape() -> dict[str, list[Any]]:
    """Per table the types of what stands in each row: ids and hashes differ from world to world."""
    found = {}
    for model in apps.get_models():
        rows = model._base_manager.order_by("pk").values_list()
        found[model.__name__] = [[type(value) for value in row] for row in rows]
    return found


def undone() -> Iterator[None]:
    """One round of a loop, whose writes are taken back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def test_a_copy_is_what_building_makes() -> None:
    for _ in undone():
        builders.build_world.plainly()
        built = shape()
    for _ in range(2):
        for _ in undone():
            builders.build_world()
            assert shape() == built
            assert connection.run_on_commit == []
    assert len(built["User"]) == 14


def test_a_copy_can_be_changed_without_touching_the_next() -> None:
    for _ in range(2):
        for _ in undone():
            world = builders.build_world()
            assert (
                world.owner.name
                == User.objects.get(pk=world.owner.pk).name
                == "Foton owner (owner)"
            )
            world.owner.name = "Somebody else"
            world.owner.save()
            world.members.clear()
            added = builders.user("new@foton.example")
            assert added.pk > User.objects.exclude(pk=added.pk).latest("pk").pk


def test_it_is_built_once_for_the_same_arguments_in_an_empty_database_alone() -> None:
    calls: list[str] = []

    @built_once
    def account(name: str) -> User:
        calls.append(name)
        return builders.user(f"{name}@foton.example")

    for _ in range(2):
        for _ in undone():
            first = account("first")
            assert User.objects.get() == first
            assert account("second").name == "Second"
    assert calls == ["first", "second", "second"]
