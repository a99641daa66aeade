import riskreg.kernel.search
import riskreg.kernel.sorting
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('register', '0003_absence'),
    ]

    operations = [
        migrations.AddField(
            model_name='objective',
            name='search_text',
            field=riskreg.kernel.search.SearchField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='objective',
            name='sort_key_en',
            field=riskreg.kernel.sorting.SortField(db_collation='C', editable=False, language='en', max_length=300, null=True),
        ),
        migrations.AddField(
            model_name='objective',
            name='sort_key_zh',
            field=riskreg.kernel.sorting.SortField(db_collation='C', editable=False, language='zh-hans', max_length=300, null=True),
        ),
    ]
