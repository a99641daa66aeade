"""What must not be readable in the database or a backup of it: addresses and secrets of endpoints.

Sealed under keys made from SECRET_KEY; what was sealed under one that is now among
SECRET_KEY_FALLBACKS still opens, and is sealed anew when it is next saved.
"""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_PURPOSE = b"riskreg endpoint"


class Unopenable(Exception):
    """Sealed under a key that this system does not have any more."""


def seal(text: str) -> str:
    """``text`` encrypted and authenticated (Fernet), in ASCII. Empty stays empty."""
    return _keys().encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """What was sealed. Raises ``Unopenable``."""
    if not sealed:
        return ""
    try:
        return _keys().decrypt(sealed.encode()).decode()
    except InvalidToken:
        raise Unopenable("SECRET_KEY was changed without SECRET_KEY_FALLBACKS") from None


def _keys() -> MultiFernet:
    return _made(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@lru_cache(maxsize=4)
def _made(*secrets: str) -> MultiFernet:
    return MultiFernet([Fernet(_key(secret)) for secret in secrets])


def _key(secret: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return base64.urlsafe_b64encode(derived)
