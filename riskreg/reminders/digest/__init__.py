"""A person's messages: what belongs into them at a moment, and their words."""

from riskreg.reminders.digest.facts import SHOWN, Backdrop, facts_for, made_of
from riskreg.reminders.digest.picture import Item, Picture, picture, pictures
from riskreg.reminders.digest.render import render, render_alarm
from riskreg.reminders.digest.words import day_words, due_words

__all__ = [
    "SHOWN",
    "Backdrop",
    "Item",
    "Picture",
    "day_words",
    "due_words",
    "facts_for",
    "made_of",
    "picture",
    "pictures",
    "render",
    "render_alarm",
]
