"""Of two who migrate at once one waits for the other."""

import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from riskreg.kernel.health import check_migrations, missing_migrations
from riskreg.operations.management.commands.migrate import alone
from riskreg.operations.services.needed import migrations_of_version_before


@pytest.mark.django_db(transaction=True)
def test_one_at_a_time() -> None:
    begun, order = threading.Event(), []

    def other() -> None:
        begun.set()
        try:
            with alone("default"):
                order.append("second")
        finally:
            connection.close()

    with alone("default"):
        waiting = threading.Thread(target=other)
        waiting.start()
        assert begun.wait(60)
        waiting.join(0.5)
        order.append("first")
    waiting.join(60)
    assert order == ["first", "second"]


@pytest.mark.django_db(transaction=True)
def test_the_way_back_to_the_version_before_and_forward_again() -> None:
    last = migrations_of_version_before()
    try:
        call_command("migrate", "--back", verbosity=0)
        applied = set(MigrationRecorder(connection).applied_migrations())
        for room, name in last.items():
            assert max(key for app, key in applied if app == room) == name
        assert missing_migrations()
    finally:
        call_command("migrate", verbosity=0)
    check_migrations()


def test_the_way_back_is_that_of_all_rooms() -> None:
    with pytest.raises(CommandError, match="leave out the room"):
        call_command("migrate", "risks", "--back", verbosity=0)
