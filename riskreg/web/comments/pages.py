"""All comments, of the register or on one thing, with the form to write one; and one of them."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from riskreg.comments.models import Comment
from riskreg.comments.queries.comments import (
    MAX_OFFERED,
    comment_for,
    comments_for,
    comments_on,
    earlier_wordings,
    members_to_mention,
)
from riskreg.comments.queries.targets import (
    reading_of_indicator_or_none,
    ref_and_title_of,
    thing_by_ref_or_id,
    things_by_id_of_comments,
)
from riskreg.comments.services import edit_comment, withdraw_comment, write_comment
from riskreg.indicators.models import Indicator
from riskreg.indicators.queries.access import readings_of
from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register.access import Viewer
from riskreg.register.permissions import permits
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.comments.panel import comment_rows, comments_url, thing_url
from riskreg.web.forms.marks import adds_same_contents_once, mark_not_done
from riskreg.web.presenters import name_of_person
from riskreg.web.table_form import set_choices
from riskreg.web.ui.paging import page_of

PER_PAGE = 50
OFFERED_READINGS = 12


class CommentForm(forms.Form):
    """What is said, whom to tell, and of an indicator on which reading."""

    about = forms.CharField(required=False, widget=forms.HiddenInput)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    text = forms.CharField(
        label=pgettext_lazy("said of a thing", "Comment"),
        widget=forms.Textarea({"rows": 5}),
        required=False,
    )
    mentions = forms.MultipleChoiceField(
        label=gettext_lazy("Mention"),
        widget=forms.SelectMultiple({"size": 5}),
        help_text=gettext_lazy(
            "Whom you pick is written to at once. Hold Ctrl (⌘ on a Mac) to pick several."
        ),
        required=False,
    )
    reading = forms.ChoiceField(label=gettext_lazy("On the reading"), required=False)

    def __init__(self, viewer: Viewer, thing: Any, *args: Any, **options: Any) -> None:
        """``thing``: what it is about, or the comment that is edited: who can read it."""
        super().__init__(*args, **options)
        text: Any = self.fields["text"]
        text.needed = True
        people = members_to_mention(viewer, thing)[:MAX_OFFERED]
        set_choices(self, "mentions", [(str(m.user.uuid), name_of_person(m.user)) for m in people])
        readings = (
            readings_of(viewer, thing)[:OFFERED_READINGS] if isinstance(thing, Indicator) else ()
        )
        offered = [(str(r.uuid), f"{r.at:%Y-%m-%d} · {r.value.normalize():f}") for r in readings]
        if offered:
            set_choices(self, "reading", [("", "—"), *offered])
        else:
            del self.fields["reading"]


@adds_same_contents_once
class CommentList(RegisterView):
    """Comments, newest first: all that the viewer may read, or with ``?about=`` those on one thing,
    with the form to add one."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """``?answer=``: the comment whose writer is mentioned in the one to be written."""
        thing = self._thing_about_or_none(request.GET.get("about", ""))
        form = None
        if thing is not None and permits(self.viewer, "comment.write", thing):
            initial = {
                "about": request.GET["about"],
                "mentions": self._initial_mentions(request),
            }
            form = CommentForm(self.viewer, thing, initial=initial)
        return self._page(request, thing, form)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Write one."""
        kind, _colon, name = request.POST.get("about", "").partition(":")
        thing = thing_by_ref_or_id(self.viewer, kind, name)
        form = CommentForm(self.viewer, thing, request.POST)
        if not form.is_valid():
            return self._page(request, thing, form, 400)
        given = {k: form.cleaned_data.get(k) for k in ("text", "mentions", "reading")}
        try:
            write_comment(actor=self.viewer, kind=kind, ref_or_id=name, at=self.at, **given)
        except Invalid as invalid:
            add_errors(form, invalid)
            return self._page(request, thing, form, 400)
        messages.success(request, _("Your comment is there."))
        return HttpResponseRedirect(f"{thing_url(self.viewer, thing)}#comments")

    def _thing_about_or_none(self, about: str) -> Any:
        """What ``?about=`` names, None for nothing. Raises ``NotFound``."""
        kind, _colon, name = about.partition(":")
        return thing_by_ref_or_id(self.viewer, kind, name) if about else None

    def _initial_mentions(self, request: HttpRequest) -> list[str]:
        try:
            key = uuid.UUID(request.GET.get("answer", ""))
        except ValueError:
            return []
        row = comments_for(self.viewer).filter(uuid=key).first()
        return [str(row.author.uuid)] if row else []

    def _page(
        self, request: HttpRequest, thing: Any, form: CommentForm | None, status: int = 200
    ) -> HttpResponse:
        rows = comments_for(self.viewer) if thing is None else comments_on(self.viewer, thing)
        page = page_of(request, rows, PER_PAGE)
        found = list(page)
        things = things_by_id_of_comments(self.viewer, found) if thing is None else None
        context = {
            "thing": thing,
            "title": ref_and_title_of(thing) if thing is not None else "",
            "back": thing_url(self.viewer, thing) if thing is not None else "",
            "rows": comment_rows(self.viewer, found, things),
            "page_obj": page,
            "form": form,
        }
        return self.render("comments/index.html", context, status)


class CommentPage(RegisterView):
    """One comment, with all that it said before; its writer edits it here."""

    def get(self, request: HttpRequest, comment: uuid.UUID) -> HttpResponse:
        """The page."""
        return self.page(comment_for(self.viewer, comment))

    def post(self, request: HttpRequest, comment: uuid.UUID) -> HttpResponse:
        """Replace its words."""
        row = comment_for(self.viewer, comment)
        form = CommentForm(self.viewer, row, request.POST)
        if not form.is_valid():
            return self.page(row, form, 400)
        given = {k: form.cleaned_data.get(k) for k in ("text", "mentions", "version")}
        try:
            edit_comment(actor=self.viewer, comment=comment, at=self.at, **given)
        except Conflict as conflict:
            form.add_error(None, conflict.detail)
            return self.page(row, form, 409)
        except Invalid as invalid:
            add_errors(form, invalid)
            return self.page(row, form, 400)
        messages.success(request, _("The comment is changed; how it read before stays readable."))
        return HttpResponseRedirect(request.path)

    def page(
        self, row: Comment, form: CommentForm | None = None, status: int = 200
    ) -> HttpResponse:
        """The page, with a form that could not be sent in place of a fresh one."""
        thing = things_by_id_of_comments(self.viewer, [row])[row.about]
        thing.register = self.viewer.register
        own = row.author_id == self.viewer.user.pk and row.withdrawn_at is None
        may = permits(self.viewer, "comment.write", thing)
        initial = {"text": row.text, "mentions": row.mentions, "version": row.version}
        if form is None and own and may:
            form = CommentForm(self.viewer, row, initial=initial)
        reading = (
            reading_of_indicator_or_none(self.viewer, thing, row.reading) if row.reading else None
        )
        context = {
            **comment_rows(self.viewer, [row])[0],
            "title": ref_and_title_of(thing),
            "thing_url": thing_url(self.viewer, thing),
            "all_url": comments_url(self.viewer, thing),
            "answer_url": comments_url(self.viewer, thing, answer=str(row.uuid)) if may else "",
            "reading": reading,
            "earlier": list(earlier_wordings(self.viewer, row)) if row.edits else [],
            "form": (form or CommentForm(self.viewer, row, initial=initial))
            if own and may
            else None,
        }
        return self.render("comments/detail.html", context, status)


class CommentWithdraw(RegisterView):
    """Taking one's own comment back."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, comment: uuid.UUID) -> HttpResponse:
        """Do it, and show the comment with that."""
        comment_for(self.viewer, comment)
        sent = request.POST.get("version", "")
        version = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 8 else None
        keys = {"slug": self.viewer.register.slug, "comment": comment}
        back = HttpResponseRedirect(reverse("web:comment", kwargs=keys))
        try:
            withdraw_comment(actor=self.viewer, comment=comment, version=version, at=self.at)
        except (Invalid, Conflict) as refused:
            messages.error(request, refused.detail)
            return mark_not_done(back)
        messages.success(request, _("It is withdrawn; what it said stays readable."))
        return back
