from django.db import migrations, models

CLOCK = """
CREATE FUNCTION ggzy_now(centre text) RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
  SELECT coalesce(
    (SELECT anchor_legal + (clock_timestamp() - anchor_real) * speed::double precision
       FROM kernel_clock WHERE centre_id = centre),
    clock_timestamp())
$$;
CREATE FUNCTION ggzy_clock_only_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN RAISE EXCEPTION 'the training clock cannot be removed'; END IF;
  IF NEW.anchor_legal + (clock_timestamp() - NEW.anchor_real) * NEW.speed::double precision
     < OLD.anchor_legal + (clock_timestamp() - OLD.anchor_real) * OLD.speed::double precision
       - interval '5 milliseconds'
  THEN RAISE EXCEPTION 'the training clock only moves forward'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER clock_only_forward BEFORE UPDATE OR DELETE ON kernel_clock
  FOR EACH ROW EXECUTE FUNCTION ggzy_clock_only_forward();
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Clock",
            fields=[
                ("centre_id", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("anchor_real", models.DateTimeField()),
                ("anchor_legal", models.DateTimeField()),
                ("speed", models.DecimalField(decimal_places=3, max_digits=9)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("speed__gte", 1)), name="the_clock_never_stands_still"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="RememberedAnswer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("actor", models.CharField(max_length=64)),
                ("key", models.CharField(max_length=128)),
                ("request_hash", models.CharField(max_length=64)),
                ("body", models.JSONField(null=True)),
                ("made_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("actor", "key"), name="one_answer_per_key")]
            },
        ),
        migrations.RunSQL(
            CLOCK,
            "DROP TRIGGER clock_only_forward ON kernel_clock; DROP FUNCTION ggzy_clock_only_forward();"
            " DROP FUNCTION ggzy_now(text);",
        ),
    ]
