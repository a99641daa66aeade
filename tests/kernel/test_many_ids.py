"""Rows of many ids: found by one value, however many they are."""

from django.db import connection
from django.test.utils import CaptureQueriesContext

from riskreg.accounts.models import User
from riskreg.kernel.many_ids import is_among
from tests.builders import World


def test_any_number_of_ids_is_one_value_of_a_statement(world: World) -> None:
    known = {world.manager.pk, world.partner_owner.pk}
    for more in (0, 1, 100_000):
        ids = [*known, *range(10**9, 10**9 + more)]
        with CaptureQueriesContext(connection) as asked:
            found = set(User.objects.filter(is_among("pk", ids)).values_list("pk", flat=True))
        assert found == known
        assert len(asked) == 1
    assert not User.objects.filter(is_among("pk", [])).exists()
