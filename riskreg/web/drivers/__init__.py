"""Drivers as pages: those there are, naming one, beliefs about it and its links to risks."""

from django.urls import path

from riskreg.web.drivers.pages import (
    ChooseDriverIndicator,
    DriverPage,
    Drivers,
    EndBelief,
    EndLink,
    GiveBelief,
    LinkRisk,
)

urlpatterns = [
    path("drivers/", Drivers.as_view(), name="drivers"),
    path("drivers/<str:ref>/", DriverPage.as_view(), name="driver"),
    path("drivers/<str:ref>/beliefs/", GiveBelief.as_view(), name="belief_new"),
    path("drivers/<str:ref>/link/", LinkRisk.as_view(), name="driver_link"),
    path("drivers/<str:ref>/feed/", ChooseDriverIndicator.as_view(), name="driver_feed"),
    path("beliefs/<uuid:belief>/end/", EndBelief.as_view(), name="belief_end"),
    path("links/<uuid:link>/end/", EndLink.as_view(), name="link_end"),
]
