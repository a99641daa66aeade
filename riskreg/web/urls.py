"""Pages for people. What follows /r/<slug>/ is inside a register."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from riskreg.web import (
    deliveries,
    heatmap,
    history,
    home,
    indicators,
    mitigations,
    my_work,
    preferences,
    reviews,
    risks,
    search,
    style,
)

app_name = "web"

inside: list[URLPattern | URLResolver] = [
    *my_work.urlpatterns,
    *heatmap.urlpatterns,
    *risks.urlpatterns,
    *reviews.urlpatterns,
    *mitigations.urlpatterns,
    *indicators.urlpatterns,
    *history.urlpatterns,
    *deliveries.urlpatterns,
]

urlpatterns: list[URLPattern | URLResolver] = [
    *home.urlpatterns,
    *preferences.urlpatterns,
    *search.urlpatterns,
    path("theme/", style.set_theme, name="set_theme"),
    path("r/<slug:slug>/", include(inside)),
]
if settings.DEBUG:
    urlpatterns.append(path("style/", style.style_page, name="style"))
