"""The way in: to the register one was last in."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse

from riskreg.web.base import last_viewer


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """My work in the last register, or a page that says there is none yet."""
    viewer = last_viewer(request)
    if viewer is None:
        return render(request, "home/no_register.html")
    return HttpResponseRedirect(reverse("web:my_work", kwargs={"slug": viewer.register.slug}))


urlpatterns = [path("", home, name="home")]
