"""The form of API tokens: pure functions."""

import hashlib

TOKEN_PREFIX = "rr_"  # noqa: S105 - the public mark of our tokens, not a secret


def token_digest(token: str) -> str:
    """The stored form of ``token``; it has 256 bits of its own, so a plain hash suffices."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
