"""What a relation is called, from either of its ends."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from riskreg.risks.models import RelationKind

# The role that this risk's other end has: the kind of the relation, and whether it leads there.
ROLES: dict[str, tuple[RelationKind, bool]] = {
    "parent": (RelationKind.PART_OF, True),
    "part": (RelationKind.PART_OF, False),
    "effect": (RelationKind.CAUSES, True),
    "cause": (RelationKind.CAUSES, False),
    "worsened": (RelationKind.WORSENS, True),
    "worsens": (RelationKind.WORSENS, False),
    "duplicate": (RelationKind.DUPLICATES, True),
}


def role_label(role: str) -> str:
    """What stands before the other risk, on the page of this one."""
    return {
        "parent": pgettext("relation", "Is part of"),
        "part": pgettext("relation", "Has as its part"),
        "effect": pgettext("relation", "Causes"),
        "cause": pgettext("relation", "Is caused by"),
        "worsened": pgettext("relation", "Worsens"),
        "worsens": pgettext("relation", "Is made worse by"),
        "duplicate": pgettext("relation", "Duplicates"),
    }[role]


def parts_rule_text() -> str:
    """How a parent and its parts stand to each other, in the words of every page that says so."""
    return _(
        "A risk with parts is judged by itself: its cell does not follow from theirs. Maps and "
        "counts take it once: while both are open, a part stands behind what it is part of."
    )
