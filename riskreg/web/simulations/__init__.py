"""Runs as pages: those there are, asking for one, its progress and its results."""

from django.urls import path

from riskreg.web.simulations.pages import (
    CancelSimulation,
    SimulationCsv,
    SimulationPage,
    Simulations,
)

urlpatterns = [
    path("simulations/", Simulations.as_view(), name="simulations"),
    path("simulations/<uuid:simulation>/", SimulationPage.as_view(), name="simulation"),
    path("simulations/<uuid:simulation>/csv/", SimulationCsv.as_view(), name="simulation_csv"),
    path(
        "simulations/<uuid:simulation>/cancel/",
        CancelSimulation.as_view(),
        name="simulation_cancel",
    ),
]
