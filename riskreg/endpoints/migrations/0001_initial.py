import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    # The table was made by notify, which handed the model over; nothing happens in the database.
    initial = True

    dependencies = [("notify", "0002_channels")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.CreateModel(
                    name='Endpoint',
                    fields=[
                        ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                        ('uuid', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                        ('created_at', models.DateTimeField()),
                        ('register', models.UUIDField()),
                        ('party', models.UUIDField()),
                        ('kind', models.CharField(choices=[('webhook', 'Webhook'), ('slack', 'Slack'), ('msteams', 'Microsoft Teams'), ('feishu', 'Feishu'), ('lark', 'Lark'), ('wecom', 'WeCom'), ('dingtalk', 'DingTalk')], max_length=10)),
                        ('name', models.CharField(max_length=100)),
                        ('address', models.TextField()),
                        ('secret', models.TextField(blank=True)),
                        ('language', models.CharField(max_length=10)),
                        ('created_by', models.UUIDField()),
                        ('version', models.PositiveIntegerField(default=1)),
                        ('disabled_at', models.DateTimeField(null=True)),
                        ('disabled_why', models.CharField(blank=True, max_length=500)),
                    ],
                    options={
                        'db_table': 'notify_endpoint',
                        'indexes': [models.Index(fields=['register', 'party'], name='endpoint_party')],
                        'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['webhook', 'slack', 'msteams', 'feishu', 'lark', 'wecom', 'dingtalk'])), name='endpoint_kind')],
                    },
                ),
            ]
        )
    ]
