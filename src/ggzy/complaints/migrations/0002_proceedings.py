"""What a complaint is about: a round, or a purchase that has none."""

import django.db.models.deletion
from django.db import migrations, models

# what stands there was all about rounds
_FILL = """
UPDATE complaints_complaint AS row
SET "of" = r.public_id, buyer_id = t.tenderee_id, agency_id = t.agency_id,
    name = t.name || '（' || l.name || '）', page = '/lots/' || l.public_id
FROM tendering_round AS r
JOIN tendering_lot AS l ON l.id = r.lot_id
JOIN tendering_tender AS t ON t.id = l.tender_id
WHERE r.id = row.round_id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("complaints", "0001_initial"),
        ("parties", "0002_bookmarks"),
        ("tendering", "0005_procurementplan"),
    ]

    operations = [
        migrations.RemoveConstraint(model_name="complaint", name="a_matter_is_complained_of_once_at_a_time"),
        migrations.AddField(
            model_name="complaint",
            name="agency",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="parties.organisation",
            ),
        ),
        migrations.AddField(
            model_name="complaint",
            name="buyer",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="parties.organisation",
            ),
        ),
        migrations.AddField(
            model_name="complaint",
            name="kind",
            field=models.CharField(default="round", max_length=16),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="complaint",
            name="name",
            field=models.CharField(default="", max_length=420),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="complaint",
            name="of",
            field=models.CharField(default="", max_length=32),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="complaint",
            name="page",
            field=models.CharField(default="", max_length=100),
            preserve_default=False,
        ),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="complaint",
            name="buyer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="parties.organisation",
            ),
        ),
        migrations.AlterField(
            model_name="complaint",
            name="round",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="%(class)ss",
                to="tendering.round",
            ),
        ),
        migrations.AlterField(
            model_name="suspensionorder",
            name="change",
            field=models.CharField(blank=True, max_length=32),
        ),
        migrations.AddConstraint(
            model_name="complaint",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at", None)),
                fields=("of", "complainant", "matter"),
                name="a_matter_is_complained_of_once_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="complaint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "round"), ("round__isnull", False)),
                    models.Q(models.Q(("kind", "round"), _negated=True), ("round__isnull", True)),
                    _connector="OR",
                ),
                name="a_complaint_of_a_round_names_it",
            ),
        ),
    ]
