"""The review screen: look at a risk in under a minute, and say what came of it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import NoReverseMatch, path, reverse
from django.utils.translation import gettext as _

from riskreg.kernel.errors import Conflict, Invalid
from riskreg.register.permissions import require
from riskreg.reviews.services import record_review
from riskreg.risks.models import Risk, State
from riskreg.risks.queries.access import risk_for
from riskreg.web.base import add_errors
from riskreg.web.forms.marks import adds_same_contents_once
from riskreg.web.reviews.page import ReviewForm, ReviewScreen, pop_cell_error
from riskreg.web.risks.mismatches import warn_of_mismatches


@adds_same_contents_once
class ReviewPage(ReviewScreen):
    """One screen: the sentence, what happened, where it stands, why; then the next date and why."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        risk = self._risk(ref)
        return self._page(request, risk, ReviewForm(initial={"version": risk.version}))

    def post(self, request: HttpRequest, ref: str) -> HttpResponse:
        risk = self._risk(ref)
        form = ReviewForm(request.POST)
        if not form.is_valid():
            return self._page(request, risk, form, status=400)
        data = form.cleaned_data
        if data["version"] is None:
            form.add_error(None, _("Open the page again: this one does not say what it was."))
            return self._page(request, risk, form, status=400)
        cell_error = ""
        try:
            assessment = self.parse_judgement(request, risk, data)
            review = record_review(
                actor=self.viewer,
                ref=ref,
                version=data["version"],
                outcome=data["outcome"] or None,
                comment=data["comment"],
                assessment=assessment,
                next_review_on=data["next_review_on"],
                at=self.at,
            )
        except Conflict:
            return self._conflict_page(request, ref, form)
        except Invalid as invalid:
            cell_error = pop_cell_error(invalid)
            if cell_error:
                form.add_error(None, cell_error)
            add_errors(form, invalid)
            return self._page(request, risk, form, status=400, cell_error=cell_error)
        messages.success(request, self.saved_message(review, bool(data["next_review_on"])))
        if review.assessment is not None:
            warn_of_mismatches(request, review.risk)
        return HttpResponseRedirect(self._address_to_return_to(request, review.risk))

    def _risk(self, ref: str) -> Risk:
        risk = risk_for(self.viewer, ref)
        require(self.viewer, "risk.review", risk)
        if risk.state != State.OPEN:
            raise Invalid.one("state", "not_open", _("Only open risks are reviewed."))
        return risk

    def _page(
        self,
        request: HttpRequest,
        risk: Risk,
        form: ReviewForm,
        *,
        status: int = 200,
        cell_error: str = "",
    ) -> HttpResponse:
        context = {
            **self.review_context(request, risk, form, cell_error),
            "next": _next_param_or_empty(request),
        }
        return self.render("reviews/review.html", context, status=status)

    def _conflict_page(self, request: HttpRequest, ref: str, form: ReviewForm) -> HttpResponse:
        """The screen again, on the risk as it is now, with what was written; nothing was saved."""
        risk = self._risk(ref)
        data = request.POST.copy()
        data["version"] = str(risk.version)
        again = ReviewForm(data)
        again.is_valid()
        again.add_error(
            None,
            _(
                "Somebody changed this risk since you opened the review. Below is how it is now, "
                "with what you wrote; look again and save."
            ),
        )
        return self._page(request, risk, again, status=409)

    def _address_to_return_to(self, request: HttpRequest, risk: Risk) -> str:
        """Back to the work list if one came from there, else to the risk."""
        keys = {"slug": self.viewer.register.slug}
        if _next_param_or_empty(request) == "work":
            try:
                return reverse("web:my_work", kwargs=keys)
            except NoReverseMatch:
                pass
        return reverse("web:risk", kwargs={**keys, "ref": risk.ref})


def _next_param_or_empty(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next", "")
    return "work" if wanted == "work" else ""


urlpatterns = [path("risks/<str:ref>/review/", ReviewPage.as_view(), name="review")]
