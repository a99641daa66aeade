"""A risk that is filed under a term while the term is merged away, on PostgreSQL."""

import threading
import time
from typing import Any

import pytest
from django.db import connection, transaction

from riskreg.kernel.errors import Invalid
from riskreg.risks.models import Risk
from riskreg.risks.services import create_risk, edit_risk, merge_terms
from tests import builders
from tests.builders import AT, World

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def merging(world: World, looked_up: threading.Event, held: threading.Event) -> threading.Thread:
    """A merge that has done everything and commits a moment later."""

    def run() -> None:
        try:
            with transaction.atomic():
                merge_terms(
                    actor=world.viewer("manager"), ref="market:eu", into="market:mideast",
                    version=None, at=AT,
                )  # fmt: skip
                held.set()
                looked_up.wait(5)
                time.sleep(0.5)
        finally:
            connection.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("new", [True, False], ids=["made", "edited"])
def test_no_link_to_a_merged_term_is_left(new: bool) -> None:
    world = builders.alone(builders.build_world())
    builders.taxonomy(world)
    risk = builders.risk(world)
    looked_up, held = threading.Event(), threading.Event()
    merge = merging(world, looked_up, held)
    assert held.wait(20)
    looked_up.set()
    fields: dict[str, Any] = {"terms": ["market:eu"]}
    act: dict[str, Any] = {"actor": world.viewer("owner"), "at": AT}
    made = {**fields, "title": "x", "owner": world.owner.email}

    def file_it() -> Risk:
        if new:
            return create_risk(fields=made, **act)
        return edit_risk(ref=risk.ref, version=None, fields=fields, **act)

    with pytest.raises(Invalid) as refused:
        file_it()
    merge.join(20)
    assert [e.code for e in refused.value.fields["terms"]] == ["retired"]
    assert not Risk.objects.filter(terms__key="eu").exists()
