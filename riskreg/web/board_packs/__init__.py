"""Board packs: asking for one, how far it is, and the file; and those made before meetings."""

from django.urls import path

from riskreg.web.board_packs.pages import BoardPackCancel, BoardPackFile, BoardPackList
from riskreg.web.board_packs.schedules import ScheduleEdit, ScheduleNew

urlpatterns = [
    path("board-packs/", BoardPackList.as_view(), name="board_packs"),
    path("board-packs/schedules/new/", ScheduleNew.as_view(), name="pack_schedule_new"),
    path("board-packs/schedules/<uuid:schedule>/", ScheduleEdit.as_view(), name="pack_schedule"),
    path("board-packs/<uuid:pack>/file/", BoardPackFile.as_view(), name="board_pack_file"),
    path("board-packs/<uuid:pack>/cancel/", BoardPackCancel.as_view(), name="board_pack_cancel"),
]
