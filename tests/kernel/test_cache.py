"""A cache server that is away costs memory, not pages."""

import socket

import pytest
from django.test import Client, override_settings

from riskreg.kernel.cache import ForgivingRedisCache


def _nobody_listens() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"redis://127.0.0.1:{free.getsockname()[1]}/0"


@pytest.fixture
def away() -> ForgivingRedisCache:
    return ForgivingRedisCache(_nobody_listens(), {})


def test_what_cannot_be_asked_is_a_miss(away: ForgivingRedisCache) -> None:
    away.set("a", 1)
    assert away.get("a", "nothing") == "nothing"
    assert away.add("a", 1) is True
    assert away.incr("a", 2) == 2
    assert away.get_many(["a", "b"]) == {}
    assert away.set_many({"a": 1}) == ["a"]
    assert away.has_key("a") is False
    assert away.touch("a") is False
    assert away.delete("a") is False
    away.delete_many(["a"])
    away.clear()


@pytest.mark.django_db
def test_a_sign_in_fails_for_its_own_reasons_only() -> None:
    caches = {
        "default": {
            "BACKEND": "riskreg.kernel.cache.ForgivingRedisCache",
            "LOCATION": _nobody_listens(),
        }
    }
    with override_settings(CACHES=caches):
        answer = Client().post(
            "/accounts/login/", {"login": "nobody@example.org", "password": "not-a-password"}
        )
    assert answer.status_code == 200
    assert b"form" in answer.content
