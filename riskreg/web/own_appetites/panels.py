"""A party's own appetite as its people see it: beside the criteria, on a risk, and counted."""

from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext as _

from riskreg.kernel.localised import localised
from riskreg.register.access import Viewer
from riskreg.register.models import Criteria, OwnAppetite
from riskreg.register.own_appetites import (
    has_rating_not_in,
    own_appetites_in_force_for,
    own_appetites_losing_their_rating,
    own_rule,
)
from riskreg.register.permissions import permits
from riskreg.web.presenters import Scale


def own_appetites_panel(viewer: Viewer, scale: Scale) -> dict[str, Any] | None:
    """What ``own_appetites/panel.html`` shows beside the criteria in force; None for who acts for
    no party, to whom there is none."""
    if viewer.party is None:
        return None
    rows = sorted(own_appetites_in_force_for(viewer), key=lambda row: row.term is not None)
    return {
        "party": viewer.party.name,
        "rows": [
            {
                "id": row.uuid,
                "about": which_risks_text(row),
                "rating": rating_words(row, scale),
                "outdated": has_rating_not_in(row, viewer.criteria),
                "reason": row.reason,
                "label": row.label,
                "by": str(row.set_by),
                "at": row.set_at,
            }
            for row in rows
        ],
        "may_edit": permits(viewer, "own_appetite.edit"),
    }


def above_own_appetite_mark(
    viewer: Viewer, scale: Scale, rating: str | None, kind: str, terms: Collection[str]
) -> dict[str, str] | None:
    """What an open risk of this rating says that is above the own appetite of the viewer's party:
    the mark in words, why the party sees it so, and how far that can be relied on."""
    if viewer.party is None or rating is None:
        return None
    found = own_rule(viewer).exceeded_appetite(rating, kind, terms)
    if found is None:
        return None
    values = {"party": viewer.party.name, "rating": scale.name(found.rating)}
    return {
        "mark": _("Above %(party)s’s own appetite (%(rating)s)") % values,
        "reason": found.reason,
        "label": found.label,
        "party": viewer.party.name,
    }


def texts_on_own_appetites_losing_their_rating(viewer: Viewer, criteria: Criteria) -> list[str]:
    """What of the viewer's party would be out of date by ``criteria``, in words."""
    scale, words = Scale(viewer.criteria), _("%(about)s: up to %(rating)s")
    return [
        words % {"about": which_risks_text(row), "rating": rating_words(row, scale)}
        for row in own_appetites_losing_their_rating(viewer, criteria)
    ]


def which_risks_text(row: OwnAppetite) -> str:
    """Which risks it is about, in words."""
    term = row.term
    if term is None:
        return _("All other risks")
    if term.merged_into is not None:
        values = {"name": term.name, "other": term.merged_into.name}
        return _("%(name)s, now part of %(other)s") % values
    return _("%(name)s (out of use)") % {"name": term.name} if term.retired_at else term.name


def rating_words(row: OwnAppetite, scale: Scale) -> str:
    """The rating's name; of one that the criteria have no more, its key."""
    names = {rating["key"]: rating["names"] for rating in scale.criteria.ratings}
    return localised(names.get(row.rating), row.rating)
