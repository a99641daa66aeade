"""The way into an empty system, and the guided set-up of a register."""

from django.urls import URLPattern, URLResolver

from riskreg.web.setup import first, new, steps

outside: list[URLPattern | URLResolver] = [*first.urlpatterns, *new.urlpatterns]
inside: list[URLPattern | URLResolver] = [*steps.urlpatterns]
