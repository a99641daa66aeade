"""The append-only log of everything that was done, one hash chain per audience.

The log stores public identifiers and text; it knows neither Risk nor User. ``changes`` is kept as
the exact canonical JSON text that was hashed, so that no database can reformat it.
"""

from django.db import models


class Chain(models.Model):
    """The head of one chain. ``key`` names the audience; ``seq`` is that of the last event.

    A register has one chain for what is shared and one per party for what is that party's own;
    accounts have one for the whole system (no register).
    """

    key = models.CharField(max_length=100, unique=True)
    seq = models.PositiveBigIntegerField(default=0)
    head = models.CharField(max_length=64, default="0" * 64)

    def __str__(self) -> str:
        return self.key


class Event(models.Model):
    """One thing that was done.

    ``at`` is when it happened, ``recorded_at`` when it was written here; ``brought_in`` marks what
    was entered with a past date. ``subject_*`` name the thing it was about by its public names;
    ``subject_version`` is the version that it has since (null: it has none, or the event is older
    than this column).
    """

    chain = models.ForeignKey(Chain, on_delete=models.PROTECT, related_name="events")
    seq = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    brought_in = models.BooleanField(default=False)
    actor = models.UUIDField(null=True)
    request_id = models.CharField(max_length=64, blank=True)
    verb = models.CharField(max_length=60)
    subject_type = models.CharField(max_length=40)
    subject_uuid = models.UUIDField()
    subject_ref = models.CharField(max_length=60)
    subject_version = models.PositiveIntegerField(null=True)
    changes = models.TextField()
    previous = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["chain", "seq"], name="event_chain_seq")]
        indexes = [models.Index(fields=["subject_uuid", "chain", "seq"], name="event_subject")]

    def __str__(self) -> str:
        return f"{self.chain_id}/{self.seq} {self.verb} {self.subject_ref}"


class PersonalValue(models.Model):
    """What an event says of a person, beside the event, so that it can be erased.

    The event holds the ``digest`` alone: the HMAC-SHA256 of ``value`` under ``salt``, which is of
    this row and random. While the row is there it proves what the event said; without it nobody
    can find that out, and the chain is as whole as it was. ``person``: whose it is, by public id.
    """

    person = models.UUIDField(db_index=True)
    digest = models.CharField(max_length=64, unique=True)
    salt = models.CharField(max_length=32)
    value = models.TextField()

    def __str__(self) -> str:
        return self.digest[:12]


class Epoch(models.Model):
    """From here on the log is another one: the system was restored from a backup.

    ``heads`` are the chains' numbers of that moment: {key: seq}. What a reader holds beyond them
    was lost, and its numbers have been given to other events since.
    """

    name = models.CharField(max_length=12, unique=True)
    began_at = models.DateTimeField()
    backup_of = models.DateTimeField()
    heads = models.JSONField()

    def __str__(self) -> str:
        return f"{self.name} {self.began_at:%Y-%m-%d %H:%M}"
