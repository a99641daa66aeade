"""Pages about people of a register: members, invitations, programs."""

from django.urls import URLPattern, URLResolver

from riskreg.web.people import joining, members, programs

outside: list[URLPattern | URLResolver] = [*joining.urlpatterns]
inside: list[URLPattern | URLResolver] = [*members.urlpatterns, *programs.urlpatterns]
