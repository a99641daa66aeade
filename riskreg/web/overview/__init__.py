"""Where the register stands, what moved and what waits: the home of leadership."""

from django.urls import path

from riskreg.web.overview.page import OverviewPage

urlpatterns = [path("home/", OverviewPage.as_view(), name="overview")]
