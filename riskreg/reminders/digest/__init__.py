"""A person's messages: what belongs into them at a moment, and their words."""

from riskreg.reminders.digest.picture import Item, Picture, picture, pictures
from riskreg.reminders.digest.render import (
    ALARM,
    DIGEST,
    INTERRUPT,
    SHOWN,
    Backdrop,
    made_of,
    render,
    render_alarm,
)
from riskreg.reminders.digest.words import day_words, due_words

__all__ = [
    "ALARM",
    "DIGEST",
    "INTERRUPT",
    "SHOWN",
    "Backdrop",
    "Item",
    "Picture",
    "day_words",
    "due_words",
    "made_of",
    "picture",
    "pictures",
    "render",
    "render_alarm",
]
