"""What shows that a refusal changed nothing sees every change itself."""

import pytest

from riskreg.risks.models import Risk
from tests import builders
from tests.builders import World
from tests.dump import nothing_changes

pytestmark = pytest.mark.django_db


def test_a_row_more_a_row_less_and_a_value_are_seen(world: World) -> None:
    row = builders.risk(world)
    with nothing_changes():
        list(Risk.objects.all())
    with pytest.raises(AssertionError, match=r"risks\.risk"), nothing_changes():
        Risk.objects.filter(pk=row.pk).update(version=row.version + 1)
    with pytest.raises(AssertionError, match=r"risks\.risk"), nothing_changes():
        builders.risk(world)
    account = builders.user("gone@there.example")
    with pytest.raises(AssertionError, match=r"accounts\.user"), nothing_changes():
        account.delete()
