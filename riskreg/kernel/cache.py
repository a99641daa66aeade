"""A cache that may be away: what it cannot answer counts as not remembered.

The cache holds nothing that is not made again (sign-in limits, finished drawings), so a Valkey or
Redis that is down must not turn a page into an error. The failure is logged each time.
"""

from collections.abc import Callable
from typing import Any

import structlog
from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache, with a lost connection read as a miss."""

    def _try(self, call: Callable[..., Any], missed: Any, *args: Any, **options: Any) -> Any:
        try:
            return call(*args, **options)
        except RedisError as error:
            log.warning("cache_away", error=type(error).__name__)
            return missed

    def add(self, *args: Any, **options: Any) -> bool:
        return bool(self._try(super().add, True, *args, **options))

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._try(super().get, default, key, default, version=version)

    def set(self, *args: Any, **options: Any) -> None:
        self._try(super().set, None, *args, **options)

    def touch(self, *args: Any, **options: Any) -> bool:
        return bool(self._try(super().touch, False, *args, **options))

    def delete(self, *args: Any, **options: Any) -> bool:
        return bool(self._try(super().delete, False, *args, **options))

    def get_many(self, *args: Any, **options: Any) -> Any:
        return self._try(super().get_many, {}, *args, **options)

    def has_key(self, *args: Any, **options: Any) -> bool:
        return bool(self._try(super().has_key, False, *args, **options))

    def incr(self, key: Any, delta: int = 1, version: int | None = None) -> Any:
        return self._try(super().incr, delta, key, delta, version=version)

    def set_many(self, data: Any, *args: Any, **options: Any) -> Any:
        return self._try(super().set_many, list(data), data, *args, **options)

    def delete_many(self, *args: Any, **options: Any) -> None:
        self._try(super().delete_many, None, *args, **options)

    def clear(self) -> None:
        self._try(super().clear, None)
