"""What web server, worker and beat load, loaded once by the process that they are forked from."""

import gc
import importlib

# Each pulls in what only its program would load, and no two load the same again.
_PROGRAMS = (
    "config.wsgi",
    "config.worker",
    "gunicorn.app.wsgiapp",
    "celery.bin.celery",
    "celery.apps.worker",
    "celery.beat",
    "celery.concurrency.prefork",
    "celery.worker.consumer",
    "kombu.transport.redis",
)


def import_code_of_programs() -> None:
    """Load the code of every program, in the process that will be forked."""
    from django.urls import get_resolver

    from config.celery import app

    for name in _PROGRAMS:
        importlib.import_module(name)
    app.loader.import_default_modules()
    _ = get_resolver().reverse_dict


def freeze_loaded_objects() -> None:
    """Take everything that is loaded out of what is collected, before this process is forked.

    A collection writes into the header of each object that it looks at, so that every process would
    soon have a copy of all memory that it shares with the others.
    """
    gc.collect()
    gc.freeze()
