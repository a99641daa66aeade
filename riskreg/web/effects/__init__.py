"""Effects as pages: saying what a mitigation does, and what others say beside it."""

from django.urls import path

from riskreg.web.effects.giving import GiveEffect
from riskreg.web.effects.pages import MitigationEffects, ReleaseEffect

urlpatterns = [
    path("mitigations/<str:ref>/effects/", MitigationEffects.as_view(), name="effects"),
    path("mitigations/<str:ref>/effects/new/", GiveEffect.as_view(), name="effect_new"),
    path("effects/<uuid:effect>/release/", ReleaseEffect.as_view(), name="effect_release"),
]
