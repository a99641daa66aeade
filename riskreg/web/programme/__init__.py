"""The programme that a register is about, on a page."""

from django.urls import path

from riskreg.web.programme.page import ProgrammePage

urlpatterns = [path("settings/programme/", ProgrammePage.as_view(), name="programme")]
