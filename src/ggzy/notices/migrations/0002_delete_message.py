"""Messages have moved to a context of their own, with what had been told."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("notices", "0001_initial"),
        ("messages", "0001_initial"),
    ]

    operations = [
        migrations.DeleteModel(name="Message"),
    ]
