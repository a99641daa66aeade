"""What must not be readable in the database or a backup of it: addresses and secrets of endpoints.

Encrypted under keys made from SECRET_KEY; what was encrypted under one that is now among
SECRET_KEY_FALLBACKS can still be read, and is encrypted anew when it is next saved.
"""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_PURPOSE = b"riskreg endpoint"


class Undecryptable(Exception):
    """Encrypted under a key that this system does not have any more."""


def encrypt(text: str) -> str:
    """``text`` encrypted and authenticated (Fernet), in ASCII. Empty stays empty."""
    return _fernet_of_all_secrets().encrypt(text.encode()).decode() if text else ""


def decrypt(encrypted: str) -> str:
    """What was encrypted in ``encrypted``. Raises ``Undecryptable``."""
    if not encrypted:
        return ""
    try:
        return _fernet_of_all_secrets().decrypt(encrypted.encode()).decode()
    except InvalidToken:
        raise Undecryptable("SECRET_KEY was changed without SECRET_KEY_FALLBACKS") from None


def _fernet_of_all_secrets() -> MultiFernet:
    return _build_fernet(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)


@lru_cache(maxsize=4)
def _build_fernet(*secrets: str) -> MultiFernet:
    return MultiFernet([Fernet(_fernet_key_from(secret)) for secret in secrets])


def _fernet_key_from(secret: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret.encode())
    return base64.urlsafe_b64encode(derived)
