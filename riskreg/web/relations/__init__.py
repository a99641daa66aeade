"""Relations between risks: noted from one of them, and ended."""

from django.urls import path

from riskreg.web.relations.editing import RelationEnd, RelationNew

urlpatterns = [
    path("risks/<str:ref>/relations/new/", RelationNew.as_view(), name="relation_new"),
    path("relations/<uuid:relation>/end/", RelationEnd.as_view(), name="relation_end"),
]
