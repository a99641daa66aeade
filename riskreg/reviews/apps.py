from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "riskreg.reviews"
    label = "reviews"
