"""The way into an empty system, and the guided set-up of a register."""

from django.urls import URLPattern, URLResolver

from riskreg.web.setup import first

outside: list[URLPattern | URLResolver] = [*first.urlpatterns]
