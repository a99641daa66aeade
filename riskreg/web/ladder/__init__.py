"""The ladder as a page: its rungs, a form for managers, and who gets what when."""

from django.urls import path

from riskreg.web.ladder.page import LadderPage

urlpatterns = [path("settings/ladder/", LadderPage.as_view(), name="ladder")]
