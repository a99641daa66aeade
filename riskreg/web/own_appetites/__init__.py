"""A party's own appetites: read beside the criteria, set and changed by its managers."""

from django.urls import path

from riskreg.web.own_appetites.editing import OwnAppetiteEdit, OwnAppetiteNew

urlpatterns = [
    path("settings/own-appetites/new/", OwnAppetiteNew.as_view(), name="own_appetite_new"),
    path(
        "settings/own-appetites/<uuid:appetite>/",
        OwnAppetiteEdit.as_view(),
        name="own_appetite_edit",
    ),
]
