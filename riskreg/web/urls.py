"""Pages for people. What follows /r/<slug>/ is inside a register."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from riskreg.web import (
    absences,
    calendar,
    coverage,
    deliveries,
    endpoints,
    handover,
    heatmap,
    history,
    home,
    inbox,
    indicators,
    ladder,
    meetings,
    mitigations,
    my_work,
    preferences,
    register_settings,
    reviews,
    risks,
    search,
    setup,
    style,
    terms,
)

app_name = "web"

inside: list[URLPattern | URLResolver] = [
    *my_work.urlpatterns,
    *heatmap.urlpatterns,
    *risks.urlpatterns,
    *reviews.urlpatterns,
    *coverage.urlpatterns,
    *meetings.urlpatterns,
    *mitigations.urlpatterns,
    *indicators.urlpatterns,
    *history.urlpatterns,
    *absences.urlpatterns,
    *handover.urlpatterns,
    *deliveries.urlpatterns,
    *endpoints.urlpatterns,
    *register_settings.urlpatterns,
    *ladder.urlpatterns,
    *terms.urlpatterns,
]

urlpatterns: list[URLPattern | URLResolver] = [
    *home.urlpatterns,
    *setup.outside,
    *preferences.urlpatterns,
    *calendar.urlpatterns,
    *inbox.urlpatterns,
    *search.urlpatterns,
    path("theme/", style.set_theme, name="set_theme"),
    path("r/<slug:slug>/", include(inside)),
]
if settings.DEBUG:
    urlpatterns.append(path("style/", style.style_page, name="style"))
