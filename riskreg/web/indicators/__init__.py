"""Indicators: the list, one of them, setting one up, and recording readings."""

from django.urls import path

from riskreg.web.indicators.detail import IndicatorPage
from riskreg.web.indicators.editing import IndicatorEdit, IndicatorNew
from riskreg.web.indicators.listing import IndicatorList
from riskreg.web.indicators.readings import ReadingsPage

urlpatterns = [
    path("indicators/", IndicatorList.as_view(), name="indicators"),
    path("indicators/new/", IndicatorNew.as_view(), name="indicator_new"),
    path("indicators/<str:ref>/", IndicatorPage.as_view(), name="indicator"),
    path("indicators/<str:ref>/edit/", IndicatorEdit.as_view(), name="indicator_edit"),
    path("indicators/<str:ref>/readings/", ReadingsPage.as_view(), name="indicator_readings"),
]
