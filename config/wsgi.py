"""WSGI entry point for production servers."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from riskreg.kernel.alive import with_healthz_answered
from riskreg.kernel.charset import with_charset_of_request_ignored

application = with_healthz_answered(with_charset_of_request_ignored(get_wsgi_application()))
