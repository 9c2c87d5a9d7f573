"""What a challenge is about: a round, or a purchase that has none."""

import django.db.models.deletion
from django.db import migrations, models

# what stands there was all about rounds
_FILL = """
UPDATE objections_challenge AS row
SET "of" = r.public_id, step_at = row.filed_at, buyer_id = t.tenderee_id, agency_id = t.agency_id,
    name = t.name || '（' || l.name || '）', page = '/lots/' || l.public_id
FROM tendering_round AS r
JOIN tendering_lot AS l ON l.id = r.lot_id
JOIN tendering_tender AS t ON t.id = l.tender_id
WHERE r.id = row.round_id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("objections", "0004_prequalification_challenged"),
        ("parties", "0002_bookmarks"),
        ("tendering", "0005_procurementplan"),
    ]

    operations = [
        migrations.CreateModel(
            name="ProceedingHold",
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
                ("of", models.CharField(max_length=32)),
                ("kind", models.CharField(max_length=20)),
                ("reason", models.CharField(max_length=300)),
                ("source", models.CharField(max_length=32)),
                ("since", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("lifted_at", None)),
                        fields=["of"],
                        name="proceeding_holds_in_force",
                    )
                ],
            },
        ),
        migrations.RemoveConstraint(model_name="challenge", name="a_matter_is_challenged_once"),
        migrations.AddField(
            model_name="challenge",
            name="agency",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="parties.organisation",
            ),
        ),
        migrations.AddField(
            model_name="challenge",
            name="buyer",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="parties.organisation",
            ),
        ),
        migrations.AddField(
            model_name="challenge",
            name="kind",
            field=models.CharField(default="round", max_length=16),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="challenge",
            name="name",
            field=models.CharField(default="", max_length=420),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="challenge",
            name="of",
            field=models.CharField(default="", max_length=32),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="challenge",
            name="page",
            field=models.CharField(default="", max_length=100),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="challenge",
            name="step_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunSQL(_FILL, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="challenge",
            name="buyer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="parties.organisation",
            ),
        ),
        migrations.AlterField(
            model_name="challenge",
            name="step_at",
            field=models.DateTimeField(),
        ),
        migrations.AlterField(
            model_name="challenge",
            name="round",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="%(class)ss",
                to="tendering.round",
            ),
        ),
        migrations.AddConstraint(
            model_name="challenge",
            constraint=models.UniqueConstraint(
                condition=models.Q(("withdrawn_at", None)),
                fields=("of", "challenger", "about", "step_at"),
                name="a_matter_is_challenged_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="challenge",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "round"), ("round__isnull", False)),
                    models.Q(models.Q(("kind", "round"), _negated=True), ("round__isnull", True)),
                    _connector="OR",
                ),
                name="a_challenge_of_a_round_names_it",
            ),
        ),
    ]
