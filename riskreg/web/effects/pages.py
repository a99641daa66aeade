"""What experts say of a mitigation beside each other, and releasing it."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from riskreg.analysis.models import Effect
from riskreg.analysis.queries.effects import (
    effects_not_withheld_of,
    may_give_effect,
    newest_of_each_expert_mitigation_risk,
    withheld_effect_count,
)
from riskreg.analysis.services import release_effect
from riskreg.kernel.errors import Invalid
from riskreg.register.permissions import permits
from riskreg.register.visibility import Visibility
from riskreg.risks.queries.access import mitigation_for
from riskreg.web.base import RegisterView
from riskreg.web.effects.words import effect_texts
from riskreg.web.forms.marks import mark_not_done
from riskreg.web.presenters import name_of_person

# The newest ones; where more was said, the API has it all.
MOST = 200


class MitigationEffects(RegisterView):
    """Every effect of a mitigation that the viewer is shown, by risk."""

    def get(self, request: HttpRequest, ref: str) -> HttpResponse:
        """The page."""
        mitigation = mitigation_for(self.viewer, ref)
        rows = list(effects_not_withheld_of(self.viewer, mitigation)[: MOST + 1])
        newest = sorted(
            newest_of_each_expert_mitigation_risk(rows[:MOST]), key=lambda row: row.risk.ref
        )
        context = {
            "m": mitigation,
            "title": mitigation.localized("title"),
            "rows": [self._row(row) for row in newest],
            "withheld": withheld_effect_count(self.viewer, mitigation),
            "more": len(rows) > MOST,
            "may_give": may_give_effect(self.viewer, mitigation),
        }
        return self.render("effects/index.html", context)

    def _row(self, row: Effect) -> dict[str, Any]:
        private = row.visibility == Visibility.PARTY
        everybodys = {row.risk.visibility, row.mitigation.visibility} == {Visibility.SHARED}
        return {
            **effect_texts(row),
            "effect": row,
            "risk_title": row.risk.localized("title"),
            "expert": name_of_person(row.expert),
            "own": row.expert_id == self.viewer.user.pk,
            "rationale": row.localized("rationale"),
            "private": private,
            "may_release": private and everybodys and permits(self.viewer, "estimate.release", row),
        }


class ReleaseEffect(RegisterView):
    """Let the other parties see what was said of a mitigation."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, effect: uuid.UUID) -> HttpResponse:
        """For good."""
        try:
            row = release_effect(actor=self.viewer, effect=effect, at=self.at)
        except Invalid as invalid:
            messages.error(request, invalid.detail)
            address = reverse("web:mitigations", kwargs={"slug": self.viewer.register.slug})
            return mark_not_done(HttpResponseRedirect(address))
        messages.success(request, _("It is released: every party sees it from now on."))
        keys = {"slug": self.viewer.register.slug, "ref": row.mitigation.ref}
        return HttpResponseRedirect(reverse("web:effects", kwargs=keys))
