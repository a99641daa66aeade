"""Handing over: everything of a person in one step, and ticked risks from the list."""

from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from riskreg.accounts.models import User
from riskreg.handover.models import ItemKind
from riskreg.handover.queries import (
    Responsibilities,
    handovers_of_own_party,
    people_whose_things_may_be_handed_over,
    present_or_past_member,
    ref_or_name,
    responsibilities,
)
from riskreg.handover.services import MAX_AT_ONCE, hand_over, reassign_risks
from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register.access import Viewer
from riskreg.register.change_models import ChangeRequest
from riskreg.register.permissions import permits, require, require_for_person
from riskreg.register.queries import answerable_members
from riskreg.risks.queries.access import risks_called
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.change_requests.asking import names_of_parties_to_ask, redirect_to_request
from riskreg.web.returning import list_address_to_return_to_or_empty
from riskreg.web.risks.listing import filter_and_rows
from riskreg.web.table_form import set_choices

LISTED = 20


def _taker_choices(viewer: Viewer) -> list[tuple[str, str]]:
    # Nobody first: whoever comes first by name must not get it by a slip.
    members = answerable_members(viewer)
    return [("", "—"), *((str(m.user.uuid), f"{m.user} · {m.party}") for m in members)]


class HandOverForm(forms.Form):
    """To whom and why; ``seen`` is what the preview showed."""

    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)
    to = forms.ChoiceField(label=pgettext_lazy("hand-over", "To"))
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("It is kept with the record, for whoever asks later."),
    )


class HandOverAskedFor(NamedTuple):
    """Whose things, which they are, and the ``ItemKind`` that they are narrowed to."""

    giver: User
    found: Responsibilities
    part: str


class HandOverPage(RegisterView):
    """Choose whose things (``?from=``) and which (``?part=``), see what would move, do it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """With nobody chosen: whose things can be handed over, and what was."""
        require(self.viewer, "handover.make")
        if "from" not in request.GET:
            return self._page({})
        giver, found, part = self._read_hand_over_asked_for(request.GET)
        form = HandOverForm(initial={"seen": found.fingerprint_of_moving})
        return self._preview_page(giver, found, part, form)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Do it, if it is still what was shown."""
        require(self.viewer, "handover.make")
        giver, found, part = self._read_hand_over_asked_for(request.POST)
        form = HandOverForm(request.POST)
        set_choices(form, "to", _taker_choices(self.viewer))
        status = 400
        if form.is_valid():
            given = form.cleaned_data
            try:
                row = hand_over(
                    actor=self.viewer,
                    from_user=giver,
                    to_user=given["to"],
                    reason=given["reason"],
                    part=part,
                    seen=given["seen"],
                    at=self.at,
                )
            except Conflict as conflict:
                status = 409
                # The form again for what it is now: sending it once more is a new decision.
                data = request.POST.copy()
                data["seen"] = found.fingerprint_of_moving
                form = HandOverForm(data)
                set_choices(form, "to", _taker_choices(self.viewer))
                form.is_valid()
                form.add_error(None, conflict.detail)
            except Invalid as invalid:
                add_errors(form, invalid)
            else:
                if isinstance(row, ChangeRequest):
                    return redirect_to_request(request, self.viewer, row)
                message = _("%(n)d things of %(giver)s are now %(taker)s's.")
                values = {"n": sum(row.counts.values()), "giver": giver, "taker": row.to_user}
                messages.success(request, message % values)
                keys = {"slug": self.viewer.register.slug}
                return HttpResponseRedirect(reverse("web:handover", kwargs=keys))
        return self._preview_page(giver, found, part, form, status)

    def _read_hand_over_asked_for(self, given: Any) -> HandOverAskedFor:
        giver, party = present_or_past_member(self.viewer, given.get("from"))
        require_for_person(self.viewer, "handover.make", giver.pk, party)
        part = given.get("part", ItemKind.ALL)
        part = part if part in ItemKind.values else ItemKind.ALL
        return HandOverAskedFor(giver, responsibilities(self.viewer, giver, part), part)

    def _preview_page(
        self, giver: User, found: Responsibilities, part: str, form: HandOverForm, status: int = 200
    ) -> HttpResponse:
        set_choices(form, "to", [p for p in _taker_choices(self.viewer) if p[0] != str(giver.uuid)])
        rows = [
            {
                "label": label,
                "count": len(found.moving.get(kind, [])),
                "refs": [ref_or_name(row) for row in found.moving.get(kind, [])[:LISTED]],
                "more": max(0, len(found.moving.get(kind, [])) - LISTED),
                "staying": [ref_or_name(row) for row in found.staying.get(kind, [])[:LISTED]],
                "staying_more": max(0, len(found.staying.get(kind, [])) - LISTED),
            }
            for kind, label in (
                ("owned", _("risks owned, drafts as well")),
                ("deputised", _("risks deputised for")),
                ("mitigations", _("mitigations not over")),
                ("indicators", _("indicators in use")),
                ("controls", _("controls in place")),
            )
            if part == ItemKind.ALL or kind in found.moving or kind in found.staying
        ]
        return self._page(
            {
                "giver": giver,
                "giver_id": str(giver.uuid),
                "part": part,
                "preview": rows,
                "total": found.moving_total,
                "private": len(found.moving_private_things),
                "form": form,
            },
            status,
        )

    def _page(self, context: dict[str, Any], status: int = 200) -> HttpResponse:
        people = people_whose_things_may_be_handed_over(self.viewer)
        context = {
            "title": _("Hand over"),
            "people_asked": names_of_parties_to_ask(self.viewer),
            "giver": None,
            "part": ItemKind.ALL,
            "parts": ItemKind.choices,
            "people": [{"id": str(u.uuid), "name": str(u), "left": left} for u, left in people],
            "done": list(handovers_of_own_party(self.viewer)[:LISTED]),
            **context,
        }
        return self.render("handover/index.html", context, status)


class ReassignForm(forms.Form):
    """Who answers for the ticked risks from now on."""

    owner = forms.ChoiceField(label=gettext_lazy("New owner"))


class ReassignPage(RegisterView):
    """The risks ticked in the list (``risk``, several) get another owner, all or none."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """What was ticked, and to whom it should go."""
        require(self.viewer, "risk.transfer")
        if "all" in request.GET:
            return self._page_of_all_matching(QueryDict(request.GET["all"].removeprefix("?")))
        refs = list(dict.fromkeys(request.GET.getlist("risk")))[: MAX_AT_ONCE + 1]
        return self._page(dict.fromkeys(refs), ReassignForm())

    def _page_of_all_matching(self, filters: QueryDict) -> HttpResponse:
        """Every risk of the list as it was filtered, so many at a time, in the list's order."""
        _chosen, rows = filter_and_rows(self.viewer, filters, self.at)
        total, part = rows.count(), self.request.GET.get("part", "1")
        parts = max(1, -(-total // MAX_AT_ONCE))
        plain = part.isascii() and part.isdigit() and len(part) < 6
        number = min(max(1, int(part)), parts) if plain else 1
        first = (number - 1) * MAX_AT_ONCE
        refs = rows[first : first + MAX_AT_ONCE].values_list("risk__ref", flat=True)
        following = self.request.GET.copy()
        following["part"] = str(number + 1)
        more = {
            "total": total,
            "first": first + 1,
            "last": min(first + MAX_AT_ONCE, total),
            "following": f"?{following.urlencode()}" if number < parts else "",
        }
        return self._page(dict.fromkeys(refs), ReassignForm(), matched=more)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Each ticked risk comes with the version that was shown."""
        require(self.viewer, "risk.transfer")
        risks: dict[str, int | None] = {}
        for item in request.POST.getlist("risk")[: MAX_AT_ONCE + 1]:
            ref, _at, version = item.partition("@")
            # Ten digits are more than any version has, and fewer than Python refuses to read.
            plain = version.isascii() and version.isdigit() and len(version) < 10
            risks[ref] = int(version) if plain else None
        form = ReassignForm(request.POST)
        set_choices(form, "owner", _taker_choices(self.viewer))
        problems: dict[str, str] = {}
        if form.is_valid():
            try:
                rows = reassign_risks(
                    actor=self.viewer, risks=risks, owner=form.cleaned_data["owner"], at=self.at
                )
            except Invalid as invalid:
                named = {f: e for f, e in invalid.fields.items() if f in risks}
                problems = {ref: errors[0].detail for ref, errors in named.items()}
                if named:
                    form.add_error(None, invalid.detail)
                else:
                    add_errors(form, invalid)
            else:
                if isinstance(rows, ChangeRequest):
                    return redirect_to_request(request, self.viewer, rows)
                message = ngettext(
                    "%(n)d risk was handed over.", "%(n)d risks were handed over.", len(rows)
                )
                messages.success(request, message % {"n": len(rows)})
                keys = {"slug": self.viewer.register.slug}
                return HttpResponseRedirect(reverse("web:risks", kwargs=keys))
        return self._page(risks, form, problems, 400)

    def _page(
        self,
        version_by_ref: dict[str, int | None],
        form: ReassignForm,
        problems: dict[str, str] | None = None,
        status: int = 200,
        matched: dict[str, Any] | None = None,
    ) -> HttpResponse:
        set_choices(form, "owner", _taker_choices(self.viewer))
        found = risks_called(self.viewer, version_by_ref).select_related("owner", "party")
        by_ref = {row.ref: row for row in found}
        rows = [
            {
                "ref": ref,
                "title": by_ref[ref].localized("title") if ref in by_ref else "",
                "owner": str(by_ref[ref].owner) if ref in by_ref else "",
                "version": by_ref[ref].version if ref in by_ref else "",
                "problem": (problems or {}).get(ref, "")
                or self._why_not_transferable(by_ref.get(ref)),
            }
            for ref in version_by_ref
        ]
        keys = {"slug": self.viewer.register.slug}
        context = {
            "title": _("Hand over risks"),
            "people_asked": names_of_parties_to_ask(self.viewer),
            "rows": rows,
            "form": form,
            "most": MAX_AT_ONCE,
            "matched": matched,
            "unfit": sum(1 for row in rows if row["problem"]),
            "back_url": list_address_to_return_to_or_empty(self.request)
            or reverse("web:risks", kwargs=keys),
        }
        return self.render("handover/risks.html", context, status)

    def _why_not_transferable(self, risk: Any) -> str:
        if risk is None:
            return _("There is no such risk.")
        if not permits(self.viewer, "risk.transfer", risk):
            return _("It is not yours to hand over.")
        return ""


urlpatterns = [
    path("handover/", HandOverPage.as_view(), name="handover"),
    path("handover/risks/", ReassignPage.as_view(), name="reassign"),
]
