"""Events as the feed and the history of a risk show them: as files that go out tell them."""

from riskreg.exchange.queries.events import events_json as to_json

__all__ = ["to_json"]
