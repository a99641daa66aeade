"""The ladder as a page: its rungs, a form for managers, and who gets what when."""

from django.urls import path

from riskreg.web.reminder_ladder.page import ReminderLadderPage

urlpatterns = [path("settings/ladder/", ReminderLadderPage.as_view(), name="ladder")]
