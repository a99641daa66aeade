from django.db import migrations

from riskreg.kernel.appendonly import AppendOnly

# Who said it of what, when and before whom; the words can be replaced, which keeps the old ones.
FROZEN = (
    "uuid", "created_at", "register_id", "party_id", "visibility", "about_type", "about",
    "reading", "author_id",
)


class Migration(migrations.Migration):
    dependencies = [("comments", "0001_initial")]

    operations = [
        AppendOnly("comments_comment", columns=FROZEN),
        AppendOnly("comments_earlierwording"),
    ]
