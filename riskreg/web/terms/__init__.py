"""Pages of classifications and terms, under Register settings."""

from django.urls import path

from riskreg.web.terms.index import TermsPage
from riskreg.web.terms.term import TaxonomyPage, TermMerge, TermPage

urlpatterns = [
    path("settings/terms/", TermsPage.as_view(), name="terms"),
    path("settings/terms/<str:ref>/", TermPage.as_view(), name="term"),
    path("settings/terms/<str:ref>/merge/", TermMerge.as_view(), name="term_merge"),
    path("settings/taxonomies/<str:key>/", TaxonomyPage.as_view(), name="taxonomy"),
]
