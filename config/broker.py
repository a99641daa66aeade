"""The address of the broker and cache, from the environment."""

from urllib.parse import parse_qsl, urlencode, urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

EMBEDDED = "redis://127.0.0.1:6399/0"
# What the libraries that speak to it take for true.
_VERIFIED = {"ssl_cert_reqs": "required", "ssl_check_hostname": "true"}


def broker_url(env: environ.Env) -> str:
    """REDIS_URL; by TLS it says to every library alike that the certificate has to be verified.

    Left to themselves one verifies and another does not. Raises ``ImproperlyConfigured`` for what
    is no address, and for TLS that verifies nothing.
    """
    url = env.str("REDIS_URL", default="") or EMBEDDED
    parts = urlsplit(url)
    if parts.scheme not in ("redis", "rediss", "unix"):
        raise ImproperlyConfigured(
            "REDIS_URL is redis://:password@host:6379/0, or rediss://… for TLS, and not "
            f"{parts.scheme or 'something without a scheme'}://…"
        )
    if parts.scheme != "rediss":
        return url
    given = dict(parse_qsl(parts.query))
    for name, value in _VERIFIED.items():
        if given.get(name, value).lower() not in (value, f"cert_{value}"):
            raise ImproperlyConfigured(
                f"REDIS_URL has {name}={given[name]}: TLS to whoever answers protects nothing. "
                "Take it out; where an authority of your own signs, name its file: "
                "?ssl_ca_certs=/path"
            )
    return parts._replace(query=urlencode(given | _VERIFIED, safe="/")).geturl()
