#!/usr/bin/env python
"""Entry point of every riskreg command."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from riskreg.up import ports

    if sys.argv[1:2] == ["up"]:
        ports.fill_in_missing_environment(sys.argv[2:])
    else:
        # A command counts no requests, and the folder may be there only while the web server is.
        os.environ.pop("PROMETHEUS_MULTIPROC_DIR", None)
        ports.fill_environment_from_running_system()
    from django.core.management import execute_from_command_line

    from config.variables import settings_or_exit

    settings_or_exit()
    from django.db import Error

    from riskreg.kernel.away import sentence_for_operators_or_none

    try:
        execute_from_command_line(sys.argv)
    except Error as error:
        sentence = sentence_for_operators_or_none(error)
        if sentence is None or "--traceback" in sys.argv:
            raise
        sys.exit(sentence)


if __name__ == "__main__":
    main()
