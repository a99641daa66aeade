"""Every classification with its terms; managers add to them here."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Invalid
from riskreg.register.permissions import permits, require
from riskreg.register.queries import taxonomies_for
from riskreg.register.services import add_taxonomy, add_term
from riskreg.risks.queries.links import risk_counts_by_term
from riskreg.web.base import RegisterView
from riskreg.web.forms.marks import adds_same_contents_once
from riskreg.web.terms.forms import NewTermForm

_NEW = "new"


class TermsPage(RegisterView):
    """Everybody reads them; how many risks a term has counts those that the reader may know of."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        return self._page()

    @adds_same_contents_once
    def post(self, request: HttpRequest) -> HttpResponse:
        """Add a term to the classification named in ``taxonomy``, or, without one, a new one."""
        require(self.viewer, "register.configure")
        form, taxonomy = NewTermForm(request.POST), request.POST.get("taxonomy", "")
        if not form.is_valid():
            return self._page(taxonomy or _NEW, form, 400)
        key, names = form.cleaned_data["key"] or None, form.names()
        try:
            if taxonomy:
                row: Any = add_term(
                    actor=self.viewer, taxonomy=taxonomy, key=key, names=names, at=self.at
                )
            else:
                row = add_taxonomy(actor=self.viewer, key=key, names=names, terms=[], at=self.at)
        except Invalid as invalid:
            form.add_errors_of_service(invalid)
            return self._page(taxonomy or _NEW, form, 400)
        messages.success(request, _("“%(name)s” is added.") % {"name": row.name})
        place = taxonomy or row.key
        address = reverse("web:terms", kwargs={"slug": self.viewer.register.slug})
        return HttpResponseRedirect(f"{address}#{place}")

    def _page(
        self, place: str = "", form: NewTermForm | None = None, status: int = 200
    ) -> HttpResponse:
        """The page, with the form that could not be saved in its ``place``."""
        may_edit = permits(self.viewer, "register.configure")
        taxonomies = taxonomies_for(self.viewer)
        counts = risk_counts_by_term(self.viewer)
        names = {t.pk: t.name for taxonomy in taxonomies for t in taxonomy.terms.all()}
        context = {
            "may_edit": may_edit,
            "taxonomies": [
                {
                    "taxonomy": taxonomy,
                    "terms": [
                        {
                            "term": term,
                            "ref": f"{taxonomy.key}:{term.key}",
                            "count": counts.get(term.pk, 0),
                            "merged_into": names.get(term.merged_into_id or 0, ""),
                        }
                        for term in sorted(taxonomy.terms.all(), key=lambda t: bool(t.retired_at))
                    ],
                    "form": self._form(form if place == taxonomy.key else None, taxonomy.key),
                }
                for taxonomy in taxonomies
            ],
            "form": self._form(form if place == _NEW else None, _NEW),
        }
        return self.render("terms/index.html", context, status)

    def _form(self, refused: NewTermForm | None, place: str) -> NewTermForm:
        form = refused or NewTermForm()
        form.auto_id = f"id_{place}_%s"
        return form
