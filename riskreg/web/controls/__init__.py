"""Pages of controls: the list, one of them, noting, changing, testing and ending one."""

from django.urls import path

from riskreg.web.controls.editing import ControlEdit, ControlEnd, ControlNew
from riskreg.web.controls.pages import ControlList, ControlPage
from riskreg.web.controls.testing import ControlTest

urlpatterns = [
    path("controls/", ControlList.as_view(), name="controls"),
    path("controls/new/", ControlNew.as_view(), name="control_new"),
    path("controls/<uuid:control>/", ControlPage.as_view(), name="control"),
    path("controls/<uuid:control>/edit/", ControlEdit.as_view(), name="control_edit"),
    path("controls/<uuid:control>/test/", ControlTest.as_view(), name="control_test"),
    path("controls/<uuid:control>/end/", ControlEnd.as_view(), name="control_end"),
]
