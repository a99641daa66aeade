"""Comments as their reader may see them."""

import uuid
from collections.abc import Collection
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.accounts.queries import users_by_uuid
from riskreg.comments.models import Comment, EarlierWording
from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer
from riskreg.register.models import Membership, Role
from riskreg.register.queries import active_members_for
from riskreg.register.visibility import Visibility
from riskreg.register.written import written_once

# More members than this are not offered in a form; the API takes any.
MAX_OFFERED = 300


def comments_for(viewer: Viewer) -> QuerySet[Comment]:
    """Every comment that the viewer may read, the newest first."""
    rows = Comment.objects.visible_to(viewer).select_related("author", "party")
    return rows.order_by("-created_at", "-pk")


def comments_on(viewer: Viewer, thing: Any) -> QuerySet[Comment]:
    """Those about ``thing``, which the viewer may see: not what was said of it while it was another
    party's own."""
    return comments_for(viewer).filter(about=thing.uuid)


@written_once()
def newest_comments_on(viewer: Viewer, about: uuid.UUID, *, most: int) -> QuerySet[Comment]:
    """The newest ``most`` of ``comments_on`` the thing of that public id."""
    return comments_for(viewer).filter(about=about)[:most]


def comment_for(viewer: Viewer, comment: uuid.UUID, *, lock: bool = False) -> Comment:
    """The comment of that id. Raises ``NotFound`` also for what the viewer may not read."""
    rows = comments_for(viewer)
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    row = rows.filter(uuid=comment).first()
    if row is None:
        raise NotFound(_("There is no such comment."))
    row.register = viewer.register
    return row


def earlier_wordings(viewer: Viewer, row: Comment) -> QuerySet[EarlierWording]:
    """How a comment, read by ``comment_for``, read before it was edited, the newest first."""
    known = comments_for(viewer).order_by()
    return EarlierWording.objects.filter(comment=row, comment__in=known).order_by("-number")


def members_to_mention(viewer: Viewer, thing: Any) -> QuerySet[Membership]:
    """Members who may see ``thing`` and read what they are sent, by name."""
    rows = active_members_for(viewer).exclude(user=viewer.user)
    rows = rows.exclude(Q(role=Role.INTEGRATION) | Q(user__is_program=True))
    if thing.visibility == Visibility.PARTY:
        rows = rows.filter(party=thing.party_id)
    return rows


def may_still_read(row: Comment, user: User) -> bool:
    """Whether ``user`` is a member who may read ``row`` now."""
    home = Membership.objects.filter(
        Q(party=row.party_id) if row.visibility == Visibility.PARTY else Q(),
        register=row.register_id,
        user=user,
        ended_at=None,
        user__is_active=True,
    )
    return home.exists()


def mentioned_people_by_id_text(rows: Collection[Comment]) -> dict[str, User]:
    """Whom ``rows`` mention, by public id as text; no query for nobody."""
    wanted = {uuid.UUID(name) for row in rows for name in row.mentions}
    return {str(key): user for key, user in users_by_uuid(wanted).items()} if wanted else {}
