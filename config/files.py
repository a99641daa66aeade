"""Where files that people attach are kept: a folder, or an object store that speaks S3."""

from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured


def evidence_storage(env: environ.Env, folder: Path) -> dict[str, Any]:
    """Django's settings of the storage: ``folder``, or the bucket EVIDENCE_BUCKET.

    The keys of the store come from where its library looks for them (AWS_ACCESS_KEY_ID and its
    neighbours, or the machine's role). django-storages is needed for a bucket alone: it is loaded
    when the first file is.
    """
    bucket = env.str("EVIDENCE_BUCKET", default="")
    endpoint = env.str("EVIDENCE_BUCKET_ENDPOINT", default="")
    region = env.str("EVIDENCE_BUCKET_REGION", default="")
    if not bucket:
        if endpoint or region:
            raise ImproperlyConfigured("EVIDENCE_BUCKET_ENDPOINT and _REGION need EVIDENCE_BUCKET.")
        return {
            "BACKEND": "riskreg.evidence.storage.Folder",
            "OPTIONS": {"location": str(folder)},
        }
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "endpoint_url": endpoint or None,
            "region_name": region or None,
            "location": "evidence",
            "default_acl": "private",
            "file_overwrite": True,
            "querystring_auth": True,
        },
    }
