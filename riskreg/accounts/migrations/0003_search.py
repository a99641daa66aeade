import riskreg.kernel.search
import riskreg.kernel.sorting
from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_being_reached'),
    ]

    operations = [
        migrations.AddField(
            model_name='user',
            name='search_text',
            field=riskreg.kernel.search.SearchField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='sort_key_en',
            field=riskreg.kernel.sorting.SortField(db_collation='C', editable=False, language='en', max_length=300, null=True),
        ),
        migrations.AddField(
            model_name='user',
            name='sort_key_zh',
            field=riskreg.kernel.sorting.SortField(db_collation='C', editable=False, language='zh-hans', max_length=300, null=True),
        ),
    ]
