from django.db import migrations, models

LEAP = """
CREATE FUNCTION ggzy_clock_leap() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  moment timestamptz := clock_timestamp();
  was timestamptz := OLD.anchor_legal + (moment - OLD.anchor_real) * OLD.speed::double precision;
  will timestamptz := NEW.anchor_legal + (moment - NEW.anchor_real) * NEW.speed::double precision;
BEGIN
  IF will - was > interval '1 second' THEN
    INSERT INTO kernel_leap (centre_id, since, until) VALUES (NEW.centre_id, was, will);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER clock_leaps_are_kept AFTER UPDATE ON kernel_clock
  FOR EACH ROW EXECUTE FUNCTION ggzy_clock_leap();
"""


class Migration(migrations.Migration):
    dependencies = [("kernel", "0002_pulse_and_silence")]
    operations = [
        migrations.CreateModel(
            name="Leap",
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
            options={"indexes": [models.Index(fields=["centre_id", "since"], name="leaps_in_order")]},
        ),
        migrations.RunSQL(
            LEAP, "DROP TRIGGER clock_leaps_are_kept ON kernel_clock; DROP FUNCTION ggzy_clock_leap();"
        ),
    ]
