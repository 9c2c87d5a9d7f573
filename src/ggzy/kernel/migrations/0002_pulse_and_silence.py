from django.db import migrations, models

BEAT = """
CREATE FUNCTION ggzy_beat(centre text, longest interval) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  moment timestamptz := clock_timestamp();
  before timestamptz;
BEGIN
  INSERT INTO kernel_pulse (centre_id, beat_at) VALUES (centre, moment) ON CONFLICT DO NOTHING;
  SELECT beat_at INTO before FROM kernel_pulse WHERE centre_id = centre FOR UPDATE;
  IF moment - before > longest THEN
    INSERT INTO kernel_silence (centre_id, since, until) VALUES (centre, before, moment);
  END IF;
  UPDATE kernel_pulse SET beat_at = greatest(beat_at, moment) WHERE centre_id = centre;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="Pulse",
            fields=[
                ("centre_id", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("beat_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Silence",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("centre_id", models.CharField(max_length=32)),
                ("since", models.DateTimeField()),
                ("until", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["centre_id", "-until"], name="silences_newest_first")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("until__gt", models.F("since"))),
                        name="a_silence_ends_after_it_began",
                    )
                ],
            },
        ),
        migrations.RunSQL(BEAT, "DROP FUNCTION ggzy_beat(text, interval);"),
    ]
