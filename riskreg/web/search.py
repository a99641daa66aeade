"""Search within a register: a ref goes straight to its page, words go to the list."""

from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _

from riskreg.kernel import clock
from riskreg.kernel.errors import NotFound
from riskreg.register.access import Viewer, viewer_for
from riskreg.register.policy import Matrix
from riskreg.risks.filters import parse
from riskreg.risks.queries.access import mitigation_for, risk_for
from riskreg.risks.queries.lists import mitigations_for, risk_list
from riskreg.web.base import last_viewer, request_id, signed_in

LIMIT = 30


@login_required
def search(request: HttpRequest) -> HttpResponse:
    """Find risks and mitigations by ref or by words, in the register named or last visited."""
    text = request.GET.get("q", "").replace("\0", "").strip()[:200]
    slug = request.GET.get("register", "")
    viewer = (
        viewer_for(signed_in(request), slug, request_id(request)) if slug else last_viewer(request)
    )
    if viewer is None:
        return HttpResponseRedirect(reverse("web:home"))
    request.viewer = viewer  # type: ignore[attr-defined]
    if target := _by_ref(viewer, text):
        return HttpResponseRedirect(target)
    found, risks, mitigations = [], [], []
    if text:
        now = clock.now()
        matrix = Matrix(viewer.register.criteria)
        chosen = parse(viewer, {"q": text, "state": "all"}, now)
        found = list(risk_list(viewer, chosen).order_by("risk_id")[: LIMIT + 1])
        risks = [
            {
                "ref": p.ref,
                "title": p.risk.said("title"),
                "state": p.state,
                "private": p.visibility == "party",
                "party": p.party,
                "owner": p.owner,
                "rating": matrix.rating_name(p.residual_rating) if p.residual_rating else None,
                "tone": matrix.rating_keys.index(p.residual_rating) if p.residual_rating else None,
                "ratings": len(matrix.rating_keys),
                "score": p.residual_score,
            }
            for p in found[:LIMIT]
        ]
        wanted = Q()
        for word in text.split():
            wanted &= (
                Q(title__icontains=word)
                | Q(description__icontains=word)
                | Q(translations__icontains=word)
            )
        mitigations = list(mitigations_for(viewer).filter(wanted)[:LIMIT])
    context = {
        "q": text,
        "risks": risks,
        "mitigations": mitigations,
        "more": len(found) > LIMIT,
        "title": _("Search"),
    }
    return render(request, "search/index.html", context)


def _by_ref(viewer: Viewer, text: str) -> str | None:
    ref = text.upper()
    for find, name in ((risk_for, "web:risk"), (mitigation_for, "web:mitigation")):
        try:
            thing = find(viewer, ref)
        except NotFound:
            continue
        return reverse(name, kwargs={"slug": viewer.register.slug, "ref": thing.ref})
    return None


urlpatterns = [path("search/", search, name="search")]
