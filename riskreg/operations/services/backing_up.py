"""Making a backup: everything as it was at one moment, while others go on writing."""

import contextlib
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils.crypto import salted_hmac

from riskreg.events.models import Chain
from riskreg.evidence.queries import all_evidence_with_bytes
from riskreg.evidence.services import open_checked
from riskreg.kernel import health
from riskreg.kernel.errors import Unavailable
from riskreg.operations import archive
from riskreg.operations.archive import Manifest, TableEntry
from riskreg.operations.errors import Refused
from riskreg.operations.rows import (
    Digest,
    backed_up_tables,
    column_names,
    row_to_json_line,
    rows_of,
)

PREFIX = "riskreg-"
ENDING = ".backup.zip"
# Public ids of records whose bytes cannot be read, as hexadecimal digits.
UnreadableFileIds = list[str]


def make_backup(path: Path, at: dt.datetime, *, with_files: bool = True) -> Manifest:
    """Write a backup of the database to ``path``, with the files that people attached; what it
    cannot hold is in ``texts_on_what_to_keep``.

    Raises ``Refused`` when the file cannot be written; then none is left; and for tables of another
    version, which this one does not know whole.
    """
    require_tables_of_this_version()
    try:
        with archive.writing_backup(path) as writer, transaction_of_one_moment():
            tables = {}
            for model in backed_up_tables():
                digest = Digest()
                with writer.open_table(model._meta.label) as out:
                    for row in rows_of(model):
                        out.write(row_to_json_line(row).encode("utf-8", "surrogatepass") + b"\n")
                        digest.add(row)
                entry = TableEntry(column_names(model), digest.rows, digest.text())
                tables[model._meta.label] = entry
            missing = write_attached_files(writer) if with_files else []
            manifest = Manifest(
                made_at=at.astimezone(dt.UTC).isoformat(timespec="seconds"),
                vendor=connection.vendor,
                migrations=applied_migrations(),
                tables=tables,
                chains={chain.key: [chain.seq, chain.head] for chain in Chain.objects.all()},
                key=key_fingerprint(settings.SECRET_KEY),
                needs=texts_on_what_to_keep() + text_on_missing_files(missing),
                files=all_evidence_with_bytes().count() - len(missing) if with_files else 0,
                missing_files=missing,
                rows=sum(entry.rows for entry in tables.values()),
            )
            writer.finish(manifest)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from error
    return manifest


def write_attached_files(writer: archive.Writer) -> UnreadableFileIds:
    """Write every attached file to a backup; the records whose bytes cannot be read are returned:
    withdrawn since the moment of the backup, or lost."""
    missing = []
    for row in all_evidence_with_bytes().iterator(chunk_size=500):
        try:
            content = open_checked(row)
        except Unavailable:
            missing.append(row.uuid.hex)
            continue
        with content:
            writer.write_file(row.uuid.hex, content)
    return missing


def text_on_missing_files(missing: UnreadableFileIds) -> list[str]:
    """What is said of attached files that are not in a backup."""
    if not missing:
        return []
    return [
        f"{len(missing)} attached files could not be read and are not in it: see manage.py "
        "verify_evidence"
    ]


@contextlib.contextmanager
def transaction_of_one_moment() -> Iterator[None]:
    """A transaction that sees the database as it is now, whatever others write, and stops nobody.

    Raises ``Refused`` inside another transaction, which may have seen an earlier moment.
    """
    if connection.in_atomic_block:
        raise Refused("A backup needs a transaction of its own.")
    if connection.vendor == "sqlite":
        # What it is set to is known from the first connection on.
        connection.ensure_connection()
        # IMMEDIATE would keep every writer waiting until the backup is done.
        usual = connection.transaction_mode  # type: ignore[attr-defined]
        connection.transaction_mode = "DEFERRED"  # type: ignore[attr-defined]
        try:
            with transaction.atomic():
                yield
        finally:
            connection.transaction_mode = usual  # type: ignore[attr-defined]
        return
    connection.ensure_connection()
    usual = connection.connection.answer_within
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            lift_time_limits_of_transaction()
            yield
    finally:
        if connection.connection is not None:
            connection.connection.answer_within = usual


def lift_time_limits_of_transaction() -> None:
    """Let the rest of this transaction take its time: limits are for requests."""
    if connection.vendor != "postgresql":
        return
    connection.ensure_connection()
    connection.connection.answer_within = None
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")


def require_tables_of_this_version() -> None:
    """Raise ``Refused`` unless the database has the migrations of this code and no others."""
    known = set(health.all_migrations())
    apps = {app for app, _name in known}
    applied = MigrationRecorder(connection).applied_migrations()
    if other := known ^ {key for key in applied if key[0] in apps}:
        raise Refused(
            f"The tables are of another version than this code ({'.'.join(min(other))}): only the "
            "version that they are of can make a backup. Make it before an upgrade."
        )


def applied_migrations() -> list[list[str]]:
    """What the database was brought to, as [app, migration]."""
    return sorted(list(key) for key in MigrationRecorder(connection).applied_migrations())


def key_fingerprint(key: str) -> str:
    """Tells whether two systems have the same SECRET_KEY, and nothing else of it."""
    return salted_hmac("riskreg.backup", "key", secret=key, algorithm="sha256").hexdigest()[:16]


def texts_on_what_to_keep() -> list[str]:
    """What has to be kept beside the file, or what is in it is of no use."""
    found = [
        "SECRET_KEY (and SECRET_KEY_FALLBACKS): addresses and secrets of chats and webhooks are "
        "sealed under it",
        "the other variables: ALLOWED_HOSTS, BASE_URL, EMAIL_URL and what else is set",
        "this version of riskreg: another one restores nothing",
    ]
    if settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
        found.append(f"{settings.MAIL_DIR}: mails that were written to files")
    return found


def new_backup_name(at: dt.datetime, prefix: str = PREFIX) -> str:
    """The name of a backup made at that moment: names sort by time."""
    return f"{prefix}{at.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}{ENDING}"
