"""What is said about a thing, as pages show it."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from riskreg.comments.models import Comment
from riskreg.comments.queries.comments import mentioned_people_by_id_text, newest_comments_on
from riskreg.comments.queries.targets import TARGETS, kind_of_thing, ref_and_title_of, ref_or_id
from riskreg.register.access import Viewer
from riskreg.register.permissions import permits
from riskreg.web.presenters import name_of_person

SHOWN = 5


def comments_panel(viewer: Viewer, thing: Any) -> dict[str, Any]:
    """The newest comments on ``thing``, where all of them are, and whether one may add to them."""
    found = newest_comments_on(viewer, thing.uuid, most=SHOWN + 1)
    return {
        # Whom each mentions stands on its own page.
        "rows": comment_rows(viewer, found[:SHOWN], mentions=False),
        "more": len(found) > SHOWN,
        "url": comments_url(viewer, thing),
        "may": permits(viewer, "comment.write", thing),
    }


def comments_url(viewer: Viewer, thing: Any, **query: str) -> str:
    """The page of all comments on ``thing``."""
    url = reverse("web:comments", kwargs={"slug": viewer.register.slug})
    return f"{url}?{urlencode({'about': f'{kind_of_thing(thing)}:{ref_or_id(thing)}', **query})}"


def thing_url(viewer: Viewer, thing: Any) -> str:
    """The page of ``thing``."""
    target = TARGETS[kind_of_thing(thing)]
    keys = {"slug": viewer.register.slug, target.key: ref_or_id(thing)}
    return reverse(target.page, kwargs=keys)


def comment_rows(
    viewer: Viewer,
    rows: Sequence[Comment],
    things: Mapping[uuid.UUID, Any] | None = None,
    *,
    mentions: bool = True,
) -> list[dict[str, Any]]:
    """Comments as a list shows them; with ``things`` each says what it is about."""
    people = mentioned_people_by_id_text(rows) if mentions else {}
    return [
        {
            "c": row,
            "who": name_of_person(row.author),
            "mentions": [name_of_person(people[key]) for key in row.mentions if key in people],
            "url": reverse(
                "web:comment", kwargs={"slug": viewer.register.slug, "comment": row.uuid}
            ),
            "about": _title_and_url_or_none(viewer, things.get(row.about))
            if things is not None
            else None,
        }
        for row in rows
    ]


def _title_and_url_or_none(viewer: Viewer, thing: Any) -> dict[str, str] | None:
    if thing is None:
        return None
    return {"title": ref_and_title_of(thing), "url": thing_url(viewer, thing)}
