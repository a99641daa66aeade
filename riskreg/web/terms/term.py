"""One classification, and one term: renamed, taken out of use, brought back, merged."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Conflict, Invalid
from riskreg.kernel.localised import localised
from riskreg.register.change_models import ChangeRequest
from riskreg.register.models import Term
from riskreg.register.permissions import permits, require
from riskreg.register.services import edit_term, rename_taxonomy
from riskreg.register.terms import other_terms_in_use, taxonomy_for, term_for
from riskreg.risks.queries.links import risk_counts_by_term
from riskreg.risks.services import merge_terms
from riskreg.web.base import RegisterView, add_errors
from riskreg.web.change_requests.asking import names_of_parties_to_ask, redirect_to_request
from riskreg.web.conflict import data_over_newest_version, form_conflict_context, form_to_save
from riskreg.web.terms.forms import MergeForm, NamesForm, TermForm


class OneOfTerms(RegisterView):
    """What the pages have in common."""

    def redirect_to_list_at(self, place: str) -> HttpResponse:
        """The list of terms, at ``place``."""
        return HttpResponseRedirect(self.list_url_at(place))

    def list_url_at(self, place: str) -> str:
        """The address of that."""
        address = reverse("web:terms", kwargs={"slug": self.viewer.register.slug})
        return f"{address}#{place}"


class TaxonomyPage(OneOfTerms):
    """Other names for a classification."""

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        """The form."""
        require(self.viewer, "register.configure")
        return self._page(key)

    def post(self, request: HttpRequest, key: str) -> HttpResponse:
        """Rename it."""
        require(self.viewer, "register.configure")
        make = partial(NamesForm, row=taxonomy_for(self.viewer, key))
        form = form_to_save(request, make)
        if not form.is_valid():
            return self._page(key, form, 400)
        try:
            row = rename_taxonomy(
                actor=self.viewer,
                key=key,
                names=form.names(),
                version=form.cleaned_data["version"],
                at=self.at,
            )
        except Invalid as invalid:
            form.add_errors_of_service(invalid)
            return self._page(key, form, 400)
        except Conflict:
            now = taxonomy_for(self.viewer, key)
            urls = {"thing": self.list_url_at(key), "edit": request.path}
            make = partial(NamesForm, row=now)
            context = form_conflict_context(
                request, make, now, urls, _("Back to the classifications")
            )
            return self.render("conflict.html", context, 409)
        messages.success(request, _("It is called “%(name)s” now.") % {"name": row.name})
        return self.redirect_to_list_at(key)

    def _page(self, key: str, form: NamesForm | None = None, status: int = 200) -> HttpResponse:
        row = taxonomy_for(self.viewer, key)
        context = {"taxonomy": row, "form": form or NamesForm(row=row)}
        return self.render("terms/taxonomy.html", context, status)


class TermPage(OneOfTerms):
    """One term: what it is called and where it comes from; out of use, back, or merged."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Everybody reads it; managers have forms besides."""
        return self.page(ref)

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """``action``: save (the default), retire or restore."""
        require(self.viewer, "register.configure")
        form = form_to_save(request, partial(TermForm, row=term_for(self.viewer, ref)))
        action = request.POST.get("action", "")
        if not form.is_valid():
            return self.page(ref, form=form, status=400)
        fields = (
            {"active": action == "restore"}
            if action in ("retire", "restore")
            else form.fields_for_service()
        )
        try:
            row = edit_term(
                actor=self.viewer,
                ref=ref,
                fields=fields,
                version=form.cleaned_data["version"],
                at=self.at,
            )
        except Invalid as invalid:
            form.add_errors_of_service(invalid)
            return self.page(ref, form=form, status=400)
        except Conflict as conflict:
            if "active" in fields:
                return self.page(ref, status=409, conflict=conflict.detail)
            now = term_for(self.viewer, ref)
            keys = {"slug": self.viewer.register.slug, "ref": ref}
            urls = {"thing": reverse("web:term", kwargs=keys), "edit": request.path}
            make = partial(TermForm, row=now)
            context = form_conflict_context(request, make, now, urls, _("Back to the term"))
            return self.render("conflict.html", context, 409)
        if isinstance(row, ChangeRequest):
            return redirect_to_request(request, self.viewer, row)
        message = {
            "retire": _("“%(name)s” is out of use. What is filed under it stays so."),
            "restore": _("“%(name)s” is in use again."),
        }.get(action, _("“%(name)s” is saved."))
        messages.success(request, message % {"name": row.name})
        return self.redirect_to_list_at(row.taxonomy.key)

    def page(
        self,
        ref: str,
        *,
        form: TermForm | None = None,
        merge: MergeForm | None = None,
        status: int = 200,
        conflict: str = "",
    ) -> HttpResponse:
        """The page, with what could not be saved in place of fresh forms."""
        term = term_for(self.viewer, ref)
        others = {row.ref: row.name for row in other_terms_in_use(term)}
        if conflict:
            merge = merge and self._merge_form(
                data_over_newest_version(merge, term.version), term, others
            )
        may_edit = permits(self.viewer, "register.configure")
        context = {
            "may_edit": may_edit,
            "all_asked": names_of_parties_to_ask(self.viewer) if may_edit else "",
            "term": term,
            "source": {
                n: localised(t) if isinstance(t, dict) else t for n, t in term.source.items()
            },
            "count": risk_counts_by_term(self.viewer).get(term.pk, 0),
            "others": others,
            "form": form or TermForm(row=term),
            "merge": merge or self._merge_form(None, term, others),
            "conflict": conflict,
        }
        return self.render("terms/term.html", context, status)

    def _merge_form(self, data: Any, term: Term, others: dict[str, str]) -> MergeForm:
        form = MergeForm(data, row=term, others=others)
        form.auto_id = "id_merge_%s"
        return form


class TermMerge(TermPage):
    """What is filed under one term is filed under another from now on."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        """Merge it into the term named in ``into``."""
        require(self.viewer, "register.configure")
        term = term_for(self.viewer, ref)
        form = self._merge_form(
            request.POST, term, {r.ref: r.name for r in other_terms_in_use(term)}
        )
        form.full_clean()
        version = form.cleaned_data.get("version")
        try:
            into = merge_terms(
                actor=self.viewer,
                ref=ref,
                # As it was sent: what is wrong with it is for the service to say.
                into=request.POST.get("into", ""),
                version=version,
                at=self.at,
            )
        except Invalid as invalid:
            form.errors.pop("into", None)
            add_errors(form, invalid)
            return self.page(ref, merge=form, status=400)
        except Conflict as conflict:
            return self.page(ref, merge=form, status=409, conflict=conflict.detail)
        if isinstance(into, ChangeRequest):
            return redirect_to_request(request, self.viewer, into)
        message = _("“%(old)s” is merged: all of it is filed under “%(new)s” now.")
        messages.success(request, message % {"old": term.name, "new": into.name})
        return self.redirect_to_list_at(term.taxonomy.key)
