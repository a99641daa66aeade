"""Pages of the criteria, under Register settings: those in force, and the next version."""

from django.urls import path

from riskreg.web.criteria.editor import CriteriaEditor
from riskreg.web.criteria.page import CriteriaPage

urlpatterns = [
    path("settings/criteria/", CriteriaPage.as_view(), name="criteria"),
    path("settings/criteria/new/", CriteriaEditor.as_view(), name="criteria_new"),
]
