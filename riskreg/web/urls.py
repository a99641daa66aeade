"""Pages for people. What follows /r/<slug>/ is inside a register."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from riskreg.web import (
    acceptances,
    board_packs,
    change_requests,
    comments,
    controls,
    criteria,
    decisions,
    drivers,
    effects,
    estimates,
    evidence,
    exports,
    home,
    indicators,
    meetings,
    mitigations,
    objectives,
    overview,
    own_appetites,
    people,
    programme,
    questions,
    registers,
    relations,
    reminder_ladder,
    risks,
    search,
    setup,
    simulations,
    style,
    terms,
)
from riskreg.web.duties import calendar, my_work
from riskreg.web.heatmap import page as heatmap
from riskreg.web.history import page as history
from riskreg.web.imports import pages as imports
from riskreg.web.messages import deliveries, inbox
from riskreg.web.people import absences, handover, preferences
from riskreg.web.reviews import coverage
from riskreg.web.reviews import form as reviews
from riskreg.web.settings import archive, endpoints, parties
from riskreg.web.settings import register as register_settings

app_name = "web"

inside: list[URLPattern | URLResolver] = [
    *overview.urlpatterns,
    *my_work.urlpatterns,
    *heatmap.urlpatterns,
    *exports.urlpatterns,
    *board_packs.urlpatterns,
    *acceptances.urlpatterns,
    *questions.urlpatterns,
    *comments.urlpatterns,
    *decisions.urlpatterns,
    *risks.urlpatterns,
    *reviews.urlpatterns,
    *coverage.urlpatterns,
    *meetings.urlpatterns,
    *mitigations.urlpatterns,
    *indicators.urlpatterns,
    *history.urlpatterns,
    *absences.urlpatterns,
    *handover.urlpatterns,
    *imports.urlpatterns,
    *deliveries.urlpatterns,
    *endpoints.urlpatterns,
    *register_settings.urlpatterns,
    *archive.urlpatterns,
    *parties.urlpatterns,
    *reminder_ladder.urlpatterns,
    *change_requests.urlpatterns,
    *terms.urlpatterns,
    *programme.urlpatterns,
    *relations.urlpatterns,
    *evidence.urlpatterns,
    *controls.urlpatterns,
    *objectives.urlpatterns,
    *effects.urlpatterns,
    *estimates.urlpatterns,
    *drivers.urlpatterns,
    *simulations.urlpatterns,
    *criteria.urlpatterns,
    *own_appetites.urlpatterns,
    *people.inside,
    *setup.inside,
]

urlpatterns: list[URLPattern | URLResolver] = [
    *home.urlpatterns,
    *setup.outside,
    *registers.urlpatterns,
    *people.outside,
    *preferences.urlpatterns,
    *calendar.urlpatterns,
    *inbox.urlpatterns,
    *search.urlpatterns,
    path("theme/", style.set_theme, name="set_theme"),
    path("r/<slug:slug>/", include(inside)),
]
if settings.DEBUG:
    urlpatterns.append(path("style/", style.style_page, name="style"))
