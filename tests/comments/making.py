"""Comments for tests."""

from typing import Any

from riskreg.comments.models import Comment
from riskreg.comments.queries.targets import kind_of_thing, ref_or_id
from riskreg.comments.services import write_comment
from tests.builders import World


def comment(world: World, thing: Any, *, by: str = "leader", **given: Any) -> Comment:
    """Something that is said about ``thing``."""
    fields = {"text": "Brazil asks for local content (illustrative)", "at": world.at, **given}
    return write_comment(
        actor=world.viewer(by), kind=kind_of_thing(thing), ref_or_id=ref_or_id(thing), **fields
    )
