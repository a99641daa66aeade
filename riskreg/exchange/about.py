"""What a file that goes out says of itself: of which register, when, for whom, narrowed by what."""

import datetime as dt
from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _

from riskreg.exchange.writing.files import AboutLine
from riskreg.kernel.punctuation import in_brackets
from riskreg.register.access import Viewer

# Of a query string: what says how the file is made, and not what is in it.
_OWN = ("format", "columns", "page", "ordering")


def about_lines(
    viewer: Viewer,
    at: dt.datetime,
    query: Iterable[tuple[str, Sequence[str]]],
    *,
    default_filter: str = "",
) -> list[AboutLine]:
    """The lines of the sheet “About”. ``query``: the query string, as (name, values);
    ``default_filter``: what the list is narrowed by as long as nobody asks otherwise."""
    asked = list(query)
    filters = [f"{name} = {', '.join(values)}" for name, values in asked if name not in _OWN]
    order = next((", ".join(values) for name, values in asked if name == "ordering"), "")
    seen_by = viewer.party.name if viewer.party else _("the programme")
    criteria = viewer.criteria
    return [
        AboutLine(_("Register"), viewer.register.name),
        AboutLine(_("As of"), at.isoformat(timespec="seconds")),
        AboutLine(_("For"), f"{viewer.user}{in_brackets(seen_by)}"),
        AboutLine(
            _("Filters"),
            "; ".join(filters) or default_filter or _("none: all that the reader may see"),
        ),
        AboutLine(_("Order"), order or _("that of the list")),
        AboutLine(
            _("Labels"),
            _("Scores are judgements of members; what was brought in from elsewhere says so."),
        ),
        AboutLine(_("Levels"), f"{len(criteria.likelihood)} × {len(criteria.impact)}"),
        AboutLine(_("Times"), viewer.register.time_zone),
    ]
