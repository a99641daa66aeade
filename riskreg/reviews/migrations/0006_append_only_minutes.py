from django.db import migrations

from riskreg.kernel.appendonly import AppendOnly


class Migration(migrations.Migration):
    dependencies = [("reviews", "0005_meeting")]

    operations = [
        AppendOnly("reviews_meeting", when="OLD.ended_at IS NOT NULL"),
        AppendOnly("reviews_meetingitem", when="OLD.ended_at IS NOT NULL"),
        AppendOnly("reviews_attendance", when="OLD.ended_at IS NOT NULL"),
    ]
