"""WSGI entry point for production servers."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from riskreg.kernel.alive import answers_healthz
from riskreg.kernel.charset import only_utf8

application = answers_healthz(only_utf8(get_wsgi_application()))
