"""What the rooms of drawn figures rest on: the same ids in every run, and real ones afterwards."""

import uuid

from tests.same_ids import same_ids


def test_ids_follow_from_the_name_and_are_real_again_afterwards() -> None:
    drawn = []
    for name in ("one", "one", "another"):
        with same_ids(name):
            drawn.append([uuid.uuid4(), uuid.uuid4()])
    assert drawn[0] == drawn[1]
    assert len({*drawn[0], *drawn[2], uuid.uuid4(), uuid.uuid4()}) == 6
    assert all(one.version == 4 for ids in drawn for one in ids)
