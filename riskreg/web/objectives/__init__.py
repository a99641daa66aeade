"""Pages of objectives: the list, one of them, adding and changing one."""

from django.urls import path

from riskreg.web.objectives.editing import ObjectiveEdit, ObjectiveNew
from riskreg.web.objectives.modelling import ModelNew
from riskreg.web.objectives.pages import ObjectiveList, ObjectivePage

urlpatterns = [
    path("objectives/", ObjectiveList.as_view(), name="objectives"),
    path("objectives/new/", ObjectiveNew.as_view(), name="objective_new"),
    path("objectives/<str:key>/", ObjectivePage.as_view(), name="objective"),
    path("objectives/<str:key>/edit/", ObjectiveEdit.as_view(), name="objective_edit"),
    path("objectives/<str:key>/model/", ModelNew.as_view(), name="objective_model"),
]
