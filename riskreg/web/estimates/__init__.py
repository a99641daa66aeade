"""Estimates as pages: giving one, and those of a risk beside each other with their pool."""

from django.urls import path

from riskreg.web.estimates.forecasts import OwnForecasts
from riskreg.web.estimates.giving import GiveEstimate
from riskreg.web.estimates.pages import ReleaseEstimate, RiskEstimates

urlpatterns = [
    path("forecasts/", OwnForecasts.as_view(), name="own_forecasts"),
    path("risks/<str:ref>/estimates/", RiskEstimates.as_view(), name="estimates"),
    path("risks/<str:ref>/estimates/new/", GiveEstimate.as_view(), name="estimate_new"),
    path("estimates/<uuid:estimate>/release/", ReleaseEstimate.as_view(), name="estimate_release"),
]
