"""What a page says before a change of what is common is asked for, and after."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from riskreg.kernel.punctuation import enumerate_texts
from riskreg.register.access import Viewer
from riskreg.register.change_models import AnswerState, ChangeRequest
from riskreg.register.change_queries import other_parties_to_ask


def names_of_parties_to_ask(viewer: Viewer) -> str:
    """The names of the parties whose yes a change would need; empty where nobody is to be asked."""
    return enumerate_texts(party.name for party in other_parties_to_ask(viewer))


def names_of_parties_waited_for(row: ChangeRequest) -> str:
    """The names of the parties that have not answered yet."""
    return enumerate_texts(
        answer.party.name for answer in row.answers.all() if answer.answer == AnswerState.WAITING
    )


def redirect_to_request(
    request: HttpRequest, viewer: Viewer, row: ChangeRequest
) -> HttpResponseRedirect:
    """To the page of a request that was just made, with a word that nothing is changed yet."""
    messages.info(
        request,
        _("Nothing is changed yet: %(ref)s waits for a yes of %(parties)s.")
        % {"ref": row.ref, "parties": names_of_parties_waited_for(row)},
    )
    keys = {"slug": viewer.register.slug, "ref": row.ref}
    return HttpResponseRedirect(reverse("web:change_request", kwargs=keys))
