"""Members: who is here, invitations, and one member with the change of role and the end."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from riskreg.handover.queries import counts_answered_for_by_user, ref_or_name, responsibilities
from riskreg.handover.services import change_member_role, end_member
from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register.access import Viewer
from riskreg.register.models import Membership, Role
from riskreg.register.people import (
    FOR_PEOPLE,
    WITHOUT_PARTY,
    invitation_looked_after_by,
    invitation_state,
    last_sign_in_if_shown,
    managerless_parties_not_invited_yet,
    manages_members_of,
    open_invitations,
    present_members,
    present_membership_of,
)
from riskreg.register.permissions import permits, require
from riskreg.register.queries import answerable_members
from riskreg.register.services import (
    invite,
    invite_many,
    resend_invitation,
    revoke_invitation,
)
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.forms.marks import adds_same_contents_once, mark_done_and_send_repeats_to
from riskreg.web.people.invitation_file import FileForm
from riskreg.web.people.invitation_form import InvitationForm
from riskreg.web.people.roles import role_table

MEMBERS_SHOWN = 500
INVITATIONS_SHOWN = 200
REFUSED_SHOWN = 50


class Members(RegisterView):
    """The list, and for managers what they do with it."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        return self.page()

    def page(
        self,
        *,
        form: InvitationForm | None = None,
        file_form: FileForm | None = None,
        refused: list[dict[str, Any]] | None = None,
        status: int = 200,
    ) -> HttpResponse:
        """The page, with a form that could not be done in place of a fresh one."""
        viewer = self.viewer
        may = permits(viewer, "member.manage")
        rows = list(present_members(viewer).filter(user__is_program=False)[: MEMBERS_SHOWN + 1])
        counts = counts_answered_for_by_user(viewer, [row.user_id for row in rows])
        managed = {
            party: manages_members_of(viewer, party) for party in {row.party_id for row in rows}
        }
        context: dict[str, Any] = {
            "members": [
                self._row(row, managed[row.party_id], sum(counts[row.user_id].values()))
                for row in rows[:MEMBERS_SHOWN]
            ],
            "more": len(rows) > MEMBERS_SHOWN,
            "may_manage": may,
            "table": role_table(),
        }
        if may:
            waiting = list(open_invitations(viewer)[:INVITATIONS_SHOWN])
            context |= {
                "invitations": [
                    {"i": row, "state": invitation_state(row, self.at)} for row in waiting
                ],
                "lacking": managerless_parties_not_invited_yet(viewer, self.at),
                "form": form or InvitationForm(viewer),
                "file_form": file_form or FileForm(),
                "refused": (refused or [])[:REFUSED_SHOWN],
                "more_refused": max(0, len(refused or []) - REFUSED_SHOWN),
            }
        return self.render("people/members.html", context, status)

    def redirect_with(self, message: str) -> HttpResponse:
        """To the page, with a word of what was done."""
        messages.success(self.request, message)
        return HttpResponseRedirect(_people_page_address(self.viewer))

    def _row(self, row: Membership, managed: bool, thing_count: int) -> dict[str, Any]:
        return {
            "m": row,
            "role": capfirst(row.get_role_display()),
            "seen": last_sign_in_if_shown(self.viewer, row),
            "seen_known": managed or row.user == self.viewer.user,
            "things": thing_count,
            "open": managed or row.user == self.viewer.user,
        }


def _people_page_address(viewer: Viewer) -> str:
    return reverse("web:members", kwargs={"slug": viewer.register.slug})


class Invite(Members):
    """One invitation."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """Invite, or say why not."""
        require(self.viewer, "member.manage")
        form = InvitationForm(self.viewer, request.POST)
        if not form.is_valid():
            return self.page(form=form, status=400)
        try:
            row = invite(actor=self.viewer, at=self.at, **form.cleaned_data)
        except Invalid as invalid:
            add_errors(form, invalid)
            return self.page(form=form, status=400)
        return self.redirect_with(_("%(address)s is invited.") % {"address": row.email})


class InviteMany(Members):
    """A file of invitations."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        """All, or the good ones by choice; what is wrong is message by line."""
        require(self.viewer, "member.manage")
        form = FileForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.page(file_form=form, status=400)
        try:
            rows = form.read_rows_by_line()
            done = invite_many(
                actor=self.viewer,
                rows=list(rows.values()),
                take_good=form.cleaned_data["take_good"],
                at=self.at,
            )
        except Invalid as invalid:
            add_errors(form, invalid)
            return self.page(file_form=form, status=400)
        lines = list(rows)
        refused = [
            {"line": lines[number - 1], "reasons": [error.detail for error in errors]}
            for number, errors in sorted(done.refused.items())
        ]
        n = len(refused)
        if refused and not done.made:
            wrong = ngettext(
                "%(n)d line is wrong, so nobody was invited.",
                "%(n)d lines are wrong, so nobody was invited.",
                n,
            )
            form.add_error("rows", wrong % {"n": n})
            return self.page(file_form=form, refused=refused, status=400)
        made = len(done.made)
        message = ngettext("%(n)d person is invited.", "%(n)d people are invited.", made)
        message %= {"n": made}
        if not refused:
            return self.redirect_with(message)
        messages.success(request, message)
        left = ngettext(
            "%(n)d line was not taken; it stands below.",
            "%(n)d lines were not taken; they stand below.",
            n,
        )
        messages.warning(request, left % {"n": n})
        return mark_done_and_send_repeats_to(
            self.page(refused=refused), _people_page_address(self.viewer)
        )


class InvitationResend(Members):
    """Sent again."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, invitation: uuid.UUID) -> HttpResponse:
        """A fresh link, for two weeks."""
        invitation_looked_after_by(self.viewer, invitation)
        row = resend_invitation(actor=self.viewer, invitation=invitation, version=None, at=self.at)
        return self.redirect_with(
            _("The invitation to %(address)s is sent again.") % {"address": row.email}
        )


class InvitationRevoke(Members):
    """Taken back."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, invitation: uuid.UUID) -> HttpResponse:
        """Its link opens nothing."""
        row = revoke_invitation(actor=self.viewer, invitation=invitation, version=None, at=self.at)
        message = _("The invitation to %(address)s is taken back.") % {"address": row.email}
        return self.redirect_with(message)


class RoleForm(forms.Form):
    """Another role, and who takes over where the new one answers for nothing."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    role = forms.ChoiceField(label=gettext_lazy("Role"))
    to = forms.ChoiceField(label=gettext_lazy("What is theirs goes to"), required=False)

    def __init__(self, view: "Member", row: Membership, data: Any = None) -> None:
        super().__init__(data, initial={"version": row.version, "role": row.role})
        if "role" in self.fields:
            roles = FOR_PEOPLE if row.party else WITHOUT_PARTY
            self.fields["role"].choices = [(r, capfirst(Role(r).label)) for r in roles]  # type: ignore[attr-defined]
        others = answerable_members(view.viewer).exclude(user=row.user)
        people = [(str(m.user.uuid), f"{m.user} · {m.party}") for m in others[:500]]
        self.fields["to"].choices = [  # type: ignore[attr-defined]
            ("", _("choose…")), ("nobody", _("nobody yet: managers are alarmed when it falls due")),
            *people,
        ]  # fmt: skip

    def version_and_successor(self) -> dict[str, Any]:
        """As services take them; the role is not among them."""
        to = self.cleaned_data["to"]
        return {
            "version": self.cleaned_data["version"],
            "to_user": None if to in ("", "nobody") else to,
            "nobody_yet": to == "nobody",
        }


class EndForm(RoleForm):
    """Who takes over what was theirs."""

    role = None  # type: ignore[assignment]


class Member(RegisterView):
    """One member, for who manages them and for themselves."""

    http_method_names = ["get"]

    def get(self, request: HttpRequest, member: uuid.UUID) -> HttpResponse:
        """The page."""
        return self.page(present_membership_of(self.viewer, member))

    def page(
        self,
        row: Membership,
        *,
        role_form: RoleForm | None = None,
        end_form: EndForm | None = None,
        status: int = 200,
        conflict: str = "",
    ) -> HttpResponse:
        """The page, with a form that could not be done in place of a fresh one."""
        managed = manages_members_of(self.viewer, row.party_id)
        own = row.user == self.viewer.user
        theirs = responsibilities(self.viewer, row.user)
        refs = [
            ref_or_name(thing)
            for rows in (*theirs.moving.values(), *theirs.staying.values())
            for thing in rows
        ]
        context = {
            "m": row,
            "role": capfirst(row.get_role_display()),
            "managed": managed,
            "own": own,
            "seen": last_sign_in_if_shown(self.viewer, row),
            "refs": refs[:REFUSED_SHOWN],
            "more": max(0, len(refs) - REFUSED_SHOWN),
            "role_form": role_form or RoleForm(self, row),
            "end_form": end_form or EndForm(self, row),
            "conflict": conflict,
        }
        return self.render("people/member.html", context, status)


class MemberRole(Member):
    """Another role."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, member: uuid.UUID) -> HttpResponse:
        """Change it, or say why not."""
        row = present_membership_of(self.viewer, member)
        form = RoleForm(self, row, request.POST)
        if not form.is_valid():
            return self.page(row, role_form=form, status=400)
        try:
            done = change_member_role(
                actor=self.viewer,
                user=member,
                role=form.cleaned_data["role"],
                at=self.at,
                **form.version_and_successor(),
            )
        except Invalid as invalid:
            add_errors(form, invalid)
            return self.page(row, role_form=form, status=400)
        except Conflict as conflict:
            return self.page(
                present_membership_of(self.viewer, member), status=409, conflict=conflict.detail
            )
        message = _("%(name)s is %(role)s now.") % {
            "name": done.user, "role": done.get_role_display(),
        }  # fmt: skip
        messages.success(request, message)
        keys = {"slug": self.viewer.register.slug, "member": member}
        return HttpResponseRedirect(reverse("web:member", kwargs=keys))


class MemberEnd(Member):
    """The end of a membership."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, member: uuid.UUID) -> HttpResponse:
        """End it, or say why not."""
        row = present_membership_of(self.viewer, member)
        form = EndForm(self, row, request.POST)
        if not form.is_valid():
            return self.page(row, end_form=form, status=400)
        try:
            end_member(actor=self.viewer, user=member, at=self.at, **form.version_and_successor())
        except Invalid as invalid:
            words = {"user": None}
            for name, errors in invalid.fields.items():
                for error in errors:
                    form.add_error(words.get(name, "to"), error.detail)
            return self.page(row, end_form=form, status=400)
        except Conflict as conflict:
            return self.page(
                present_membership_of(self.viewer, member), status=409, conflict=conflict.detail
            )
        message = _("%(name)s is no member any more.") % {"name": row.user}
        messages.success(request, message)
        if row.user == self.viewer.user:
            return HttpResponseRedirect(reverse("web:home"))
        keys = {"slug": self.viewer.register.slug}
        return HttpResponseRedirect(reverse("web:members", kwargs=keys))


urlpatterns = [
    path("members/", Members.as_view(), name="members"),
    path("members/invite/", Invite.as_view(), name="member_invite"),
    path(
        "members/invite/file/",
        adds_same_contents_once(InviteMany.as_view()),
        name="member_invite_many",
    ),
    path(
        "members/invitations/<uuid:invitation>/again/",
        InvitationResend.as_view(),
        name="invitation_again",
    ),
    path(
        "members/invitations/<uuid:invitation>/back/",
        InvitationRevoke.as_view(),
        name="invitation_back",
    ),
    path("members/<uuid:member>/", Member.as_view(), name="member"),
    path("members/<uuid:member>/role/", MemberRole.as_view(), name="member_role"),
    path("members/<uuid:member>/end/", MemberEnd.as_view(), name="member_end"),
]
