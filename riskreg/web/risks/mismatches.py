"""A second look at scores that do not fit together: they are taken, and said."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from riskreg.risks.models import Risk
from riskreg.risks.queries.access import current_position_of
from riskreg.web.presenters import mismatch_texts_of


def warn_of_mismatches(request: HttpRequest, risk: Risk) -> None:
    """Say which of the scores of ``risk``, as just saved, deserve a second look."""
    for mark in mismatch_texts_of(current_position_of(risk)):
        messages.warning(
            request,
            _("Look again at the scores of %(ref)s: %(mark)s.") % {"ref": risk.ref, "mark": mark},
        )
