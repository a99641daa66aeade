import riskreg.kernel.search
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('reviews', '0008_fill_extension_occasion'),
    ]

    operations = [
        migrations.AddField(
            model_name='meeting',
            name='search_text',
            field=riskreg.kernel.search.SearchField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='review',
            name='search_text',
            field=riskreg.kernel.search.SearchField(editable=False, null=True),
        ),
    ]
