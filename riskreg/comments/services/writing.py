"""Writing a comment, editing it, taking it back: always for all to see."""

import datetime as dt
from dataclasses import replace
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from riskreg.accounts.models import User
from riskreg.comments.models import Comment, EarlierWording
from riskreg.comments.policy import MAX_EDITS, MAX_IN_PERIOD, MAX_MENTIONS, MAX_TEXT, PERIOD
from riskreg.comments.queries.comments import comment_for, members_to_mention
from riskreg.comments.queries.targets import (
    kind_of_thing,
    reading_of_indicator_or_none,
    thing_by_ref_or_id,
    things_by_id_of_comments,
)
from riskreg.comments.services.mail import mail_mentioned_people
from riskreg.events.policy import Audience
from riskreg.events.services import append
from riskreg.kernel.errors import Conflict, Errors, Forbidden, NotFound
from riskreg.kernel.punctuation import enumerate_texts
from riskreg.kernel.text import clean_text
from riskreg.register.access import Viewer
from riskreg.register.permissions import require
from riskreg.register.queries import active_members_for, is_member_with_id_or_email
from riskreg.register.visibility import Visibility

_NAMED = 10


@transaction.atomic
def write_comment(
    *,
    actor: Viewer,
    kind: object,
    ref_or_id: object,
    text: Any,
    mentions: Any = (),
    reading: Any = None,
    at: dt.datetime,
) -> Comment:
    """Say something about the thing of that kind and name, for everybody who sees it.

    ``mentions``: members, by public id or e-mail address, who are written to at once; ``reading``:
    the id of the reading it is about, of an indicator. Raises ``Invalid`` naming each wrong field,
    ``Forbidden``, ``NotFound``.
    """
    thing = _reread_and_lock(thing_by_ref_or_id(actor, kind, ref_or_id), actor)
    require(actor, "comment.write", thing)
    errors = Errors()
    text = clean_text(errors, "text", text, required=True, limit=MAX_TEXT)
    people = _clean_mentions(errors, actor, thing, mentions)
    about = None if reading in (None, "") else reading_of_indicator_or_none(actor, thing, reading)
    if about is None and reading not in (None, ""):
        errors.add("reading", "unknown", _("There is no such reading of this."))
    recent = Comment.objects.filter(author=actor.user, created_at__gt=at - PERIOD)
    if recent.count() >= MAX_IN_PERIOD:
        message = _("At most %(n)d comments in an hour. Wait a little before you send this one.")
        errors.add("text", "too_many", message % {"n": MAX_IN_PERIOD})
    errors.raise_if_any()
    row = Comment.objects.create(
        register=actor.register,
        party=thing.party,
        visibility=thing.visibility,
        about_type=kind_of_thing(thing),
        about=thing.uuid,
        reading=about.uuid if about else None,
        author=actor.user,
        text=text,
        mentions=_sorted_ids_as_text(people),
        created_at=at,
    )
    _log(actor, "comment.written", thing, row, None, at)
    mail_mentioned_people(row, thing, people, at)
    return row


@transaction.atomic
def edit_comment(
    *,
    actor: Viewer,
    comment: UUID,
    text: Any,
    mentions: Any = None,
    version: int | None = None,
    at: dt.datetime,
) -> Comment:
    """Replace the words of one's own comment; how it read before stays readable.

    ``mentions`` None: as they are. Who is mentioned for the first time is written to. Raises as
    ``write_comment``, and ``Conflict`` where it was changed since.
    """
    row, thing = _locked_own_comment(actor, comment, version)
    errors = Errors()
    text = clean_text(errors, "text", text, required=True, limit=MAX_TEXT)
    people = None if mentions is None else _clean_mentions(errors, actor, thing, mentions, row)
    if row.edits >= MAX_EDITS:
        message = _("It was edited %(n)d times; write another comment instead.")
        errors.add("text", "too_many", message % {"n": MAX_EDITS})
    errors.raise_if_any()
    named = row.mentions if people is None else _sorted_ids_as_text(people)
    if (text, named) == (row.text, row.mentions):
        return row
    before, known = _comment_for_log(row), set(row.mentions)
    EarlierWording.objects.create(
        comment=row,
        number=row.edits + 1,
        text=row.text,
        mentions=row.mentions,
        written_at=row.edited_at or row.created_at,
    )
    row.text, row.mentions, row.edits, row.edited_at = text, named, row.edits + 1, at
    row.version += 1
    row.save(update_fields=["text", "mentions", "edits", "edited_at", "version"])
    _log(actor, "comment.edited", thing, row, before, at)
    mail_mentioned_people(
        row, thing, [user for user in people or () if str(user.uuid) not in known], at
    )
    return row


@transaction.atomic
def withdraw_comment(
    *, actor: Viewer, comment: UUID, version: int | None = None, at: dt.datetime
) -> Comment:
    """Take one's own comment back: that it was, and what it said, stays readable.

    Raises ``Invalid`` where it is withdrawn already, otherwise as ``edit_comment``.
    """
    row, thing = _locked_own_comment(actor, comment, version)
    before = _comment_for_log(row)
    row.withdrawn_at, row.version = at, row.version + 1
    row.save(update_fields=["withdrawn_at", "version"])
    _log(actor, "comment.withdrawn", thing, row, before, at)
    return row


class CommentAndThing(NamedTuple):
    """A comment, and what it is about."""

    comment: Comment
    thing: Any


def _reread_and_lock(thing: Any, actor: Viewer) -> Any:
    """``thing`` with the audience that it has now, which nobody widens before this is written."""
    rows = type(thing).objects.select_related("party")
    found = rows.select_for_update(of=("self",), no_key=True).get(pk=thing.pk)
    found.register = actor.register
    return found


def _locked_own_comment(actor: Viewer, comment: UUID, version: int | None) -> CommentAndThing:
    """The actor's own comment, locked, that stands as they saw it, and what it is about."""
    row = comment_for(actor, comment, lock=True)
    thing = things_by_id_of_comments(actor, [row]).get(row.about)
    if thing is None:
        raise NotFound(_("There is no such comment."))
    thing.register = actor.register
    require(actor, "comment.write", thing)
    if row.author_id != actor.user.pk:
        text = _("Only %(name)s, who wrote it, can change it.") % {"name": row.author}
        raise Forbidden(text)
    if version is not None and version != row.version:
        raise Conflict(_("Somebody changed this since you opened it."), current=row)
    errors = Errors()
    if row.withdrawn_at is not None:
        errors.add("state", "wrong_state", _("It is withdrawn; write another comment instead."))
    errors.raise_if_any()
    return CommentAndThing(row, thing)


def _clean_mentions(
    errors: Errors, actor: Viewer, thing: Any, given: Any, row: Comment | None = None
) -> list[User]:
    """The members that ``given`` names, each once and without the actor, as far as they may see
    what is said; of a comment ``row`` that is its audience, not the thing's of today."""
    if not isinstance(given, list | tuple) or len(given) > MAX_MENTIONS:
        message = _("Mention at most %(n)d members, in a list.") % {"n": MAX_MENTIONS}
        errors.add("mentions", "not_a_list" if isinstance(given, str) else "too_many", message)
        return []
    which = Q(pk=None)
    for name in given:
        which |= is_member_with_id_or_email(name)
    members = list(active_members_for(actor).filter(which)) if given else []
    allowed = list(members_to_mention(actor, row or thing).filter(which)) if given else []
    known = {key for m in members for key in (str(m.user.uuid), m.user.email)}
    unseen = [m for m in members if m not in allowed and m.user_id != actor.user.pk]
    unknown = [n for n in given if str(n or "").strip().lower() not in known]
    if unseen or unknown:
        offered = [str(m.user) for m in members_to_mention(actor, row or thing)[:_NAMED]]
        who = enumerate_texts([*(str(m.user) for m in unseen), *(str(n)[:60] for n in unknown)])
        message = _("%(who)s cannot read this. You can mention: %(names)s.")
        if not offered:
            message = _("%(who)s cannot read this, and nobody else can be mentioned here.")
        values = {"who": who, "names": enumerate_texts(offered)}
        errors.add("mentions", "unknown_member", message % values)
        return []
    return [m.user for m in allowed]


def _sorted_ids_as_text(people: list[User]) -> list[str]:
    return sorted(str(user.uuid) for user in people)


def _comment_for_log(row: Comment) -> dict[str, Any]:
    """A comment as the log keeps it."""
    entry: dict[str, Any] = {"id": str(row.uuid), "text": row.text}
    if row.mentions:
        entry["mentions"] = row.mentions
    if row.reading:
        entry["reading"] = str(row.reading)
    if row.withdrawn_at:
        entry["withdrawn"] = True
    return entry


def _log(
    actor: Viewer,
    verb: str,
    thing: Any,
    row: Comment,
    before: dict[str, Any] | None,
    at: dt.datetime,
) -> None:
    """Append it to the chain of those who may read the comment, who can be fewer than see the
    thing by now."""
    entry = actor.entry(verb, thing, at=at, changes={"comment": [before, _comment_for_log(row)]})
    own = row.party.uuid if row.visibility == Visibility.PARTY else None
    append(replace(entry, audience=Audience(actor.register.uuid, own)))
