import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("notices", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="IndexedNotice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("centre_id", models.CharField(max_length=32)),
                ("region_code", models.CharField(max_length=9)),
                ("public_id", models.CharField(editable=False, max_length=32, unique=True)),
                ("series", models.CharField(max_length=32)),
                ("kind", models.CharField(max_length=20)),
                ("scope", models.CharField(max_length=8)),
                ("buyer", models.CharField(max_length=200)),
                ("buyer_uscc", models.CharField(max_length=18)),
                ("amount", models.DecimalField(decimal_places=2, max_digits=18, null=True)),
                ("published_at", models.DateTimeField()),
                ("text", models.TextField()),
                ("folded", models.TextField()),
                ("terms", django.contrib.postgres.search.SearchVectorField()),
                (
                    "notice",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="notices.notice"
                    ),
                ),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fastupdate=False, fields=["terms"], name="indexed_terms"
                    ),
                    models.Index(fields=["-published_at", "-id"], name="indexed_newest_first"),
                    models.Index(
                        condition=models.Q(("amount__isnull", False)),
                        fields=["amount"],
                        name="indexed_amounts",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("centre_id", "series"), name="a_series_is_found_by_its_newest"
                    )
                ],
            },
        ),
    ]
