"""Ask a running web process whether it is well: ``python -m riskreg.up.probe URL``.

Exit code 0 when it answers 200. Used by container health checks and by ``manage.py up``. The
Host header is the first name in ALLOWED_HOSTS, because the address asked is a loopback one that a
production system does not serve.
"""

import os
import sys
import urllib.error
import urllib.request
from typing import NamedTuple


class ProbeAnswer(NamedTuple):
    """Status and body; status 0, and why, where nothing answered."""

    status: int
    text: str


def probe(url: str, timeout: float = 3.0, host: str = "") -> ProbeAnswer:
    """Status and body of a GET on ``url``; status 0 and the reason when nothing answers."""
    request = urllib.request.Request(url)  # noqa: S310
    name = host or os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".")
    if name:
        request.add_header("Host", name)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:  # noqa: S310
            return ProbeAnswer(int(answer.status), answer.read().decode(errors="replace"))
    except urllib.error.HTTPError as error:
        return ProbeAnswer(error.code, error.read().decode(errors="replace"))
    except OSError as error:
        return ProbeAnswer(0, str(error))


if __name__ == "__main__":
    status, text = probe(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000/readyz")
    sys.stdout.write(f"{status} {text}\n")
    sys.exit(0 if status == 200 else 1)
