import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Entry",
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
                ("act", models.CharField(max_length=64)),
                ("subject", models.CharField(max_length=64)),
                ("ocid", models.CharField(blank=True, max_length=64)),
                ("lot", models.CharField(blank=True, max_length=64)),
                ("round", models.CharField(blank=True, max_length=64)),
                ("person", models.CharField(blank=True, max_length=64)),
                ("organisation", models.CharField(blank=True, max_length=64)),
                ("role", models.CharField(max_length=16)),
                ("certificate", models.CharField(blank=True, max_length=128)),
                ("address", models.CharField(blank=True, max_length=64)),
                ("legal_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
                ("fields", models.JSONField()),
                ("leaf", models.BinaryField()),
                ("entry_hash", models.CharField(max_length=64)),
                ("leaf_index", models.BigIntegerField(null=True)),
                ("escrowed", models.BooleanField()),
                ("slot", models.PositiveSmallIntegerField(null=True)),
                ("disclosed_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="EscrowBatch",
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
                ("number", models.PositiveBigIntegerField()),
                ("seed", models.BinaryField()),
                ("root", models.CharField(max_length=64)),
                ("made_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="SecurityEvent",
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
                ("act", models.CharField(max_length=64)),
                ("subject", models.CharField(blank=True, max_length=64)),
                ("round", models.CharField(blank=True, max_length=64)),
                ("code", models.CharField(max_length=64)),
                ("message", models.TextField()),
                ("person", models.CharField(blank=True, max_length=64)),
                ("organisation", models.CharField(blank=True, max_length=64)),
                ("role", models.CharField(max_length=16)),
                ("certificate", models.CharField(blank=True, max_length=128)),
                ("address", models.CharField(blank=True, max_length=64)),
                ("legal_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Tile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("centre_id", models.CharField(max_length=32)),
                ("level", models.PositiveSmallIntegerField()),
                ("index", models.BigIntegerField()),
                ("width", models.PositiveSmallIntegerField()),
                ("data", models.BinaryField()),
            ],
        ),
        migrations.CreateModel(
            name="Checkpoint",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("centre_id", models.CharField(max_length=32)),
                ("size", models.BigIntegerField()),
                ("root", models.CharField(max_length=64)),
                ("note", models.TextField()),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("centre_id", "size"), name="one_checkpoint_a_size")
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="checkpoint",
            trigger=pgtrigger.compiler.Trigger(
                name="only_rises",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF EXISTS (SELECT FROM evidence_checkpoint WHERE centre_id = NEW.centre_id AND size >= NEW.size)\n        THEN RAISE EXCEPTION USING MESSAGE = 'append-only: ' || TG_TABLE_NAME || ' refuses ' || TG_OP; END IF;\n        RETURN NEW;\n    ",
                    hash="4762a9cf927c8112400950def5a5b76ddd1c4e4b",
                    operation="INSERT",
                    pgid="pgtrigger_only_rises_3e8c4",
                    table="evidence_checkpoint",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="checkpoint",
            trigger=pgtrigger.compiler.Trigger(
                name="never_changed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="f9ba7cef9e22791fe57726bea32d1e5865f26110",
                    operation="UPDATE",
                    pgid="pgtrigger_never_changed_eb0ec",
                    table="evidence_checkpoint",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="checkpoint",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="fccaf46927ec4065398d4805c88464794e0e7ed7",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_520a4",
                    table="evidence_checkpoint",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="checkpoint",
            trigger=pgtrigger.compiler.Trigger(
                name="never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="IF left(current_database(), 5) <> 'test_' THEN RAISE EXCEPTION USING MESSAGE = 'append-only: ' || TG_TABLE_NAME || ' refuses ' || TG_OP; END IF; RETURN NULL;",
                    hash="a2f8eda84044685146b84c99e5693935e7bbe56b",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_never_emptied_6fe98",
                    table="evidence_checkpoint",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddField(
            model_name="escrowbatch",
            name="logged",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="evidence.entry"
            ),
        ),
        migrations.AddField(
            model_name="entry",
            name="batch",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="entries",
                to="evidence.escrowbatch",
            ),
        ),
        migrations.AddIndex(
            model_name="securityevent",
            index=models.Index(fields=["act", "recorded_at"], name="refusals_by_act"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="securityevent",
            trigger=pgtrigger.compiler.Trigger(
                name="never_changed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="d39a72f17e06e07077b5c5bac55bb3eac0cb8b5b",
                    operation="UPDATE",
                    pgid="pgtrigger_never_changed_2cadf",
                    table="evidence_securityevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="securityevent",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="18a65f7a545f23de5d670d0c0b62e5fbf399a532",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_994e5",
                    table="evidence_securityevent",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="securityevent",
            trigger=pgtrigger.compiler.Trigger(
                name="never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="IF left(current_database(), 5) <> 'test_' THEN RAISE EXCEPTION USING MESSAGE = 'append-only: ' || TG_TABLE_NAME || ' refuses ' || TG_OP; END IF; RETURN NULL;",
                    hash="cf0be9ba62cca9ef3a4b73faafa788ac71ee3f60",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_never_emptied_81494",
                    table="evidence_securityevent",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="tile",
            constraint=models.UniqueConstraint(
                fields=("centre_id", "level", "index"), name="one_tile_a_place"
            ),
        ),
        migrations.AddConstraint(
            model_name="tile",
            constraint=models.CheckConstraint(
                condition=models.Q(("width__gte", 1), ("width__lte", 256)), name="a_tile_is_never_empty"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="tile",
            trigger=pgtrigger.compiler.Trigger(
                name="only_continued",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n        IF (NEW.id, NEW.centre_id, NEW.level, NEW.index) IS DISTINCT FROM\n           (OLD.id, OLD.centre_id, OLD.level, OLD.index)\n          OR substring(NEW.data FROM 1 FOR octet_length(OLD.data)) IS DISTINCT FROM OLD.data\n        THEN RAISE EXCEPTION USING MESSAGE = 'append-only: ' || TG_TABLE_NAME || ' refuses ' || TG_OP; END IF;\n        RETURN NEW;\n    ",
                    hash="a40438eb0a4f549723dd7c3d29bb114ca35cd6bf",
                    operation="UPDATE",
                    pgid="pgtrigger_only_continued_1ad9c",
                    table="evidence_tile",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="tile",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="d44240058a2b192e0682561881a82541e35e6a02",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_89924",
                    table="evidence_tile",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="tile",
            trigger=pgtrigger.compiler.Trigger(
                name="never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="IF left(current_database(), 5) <> 'test_' THEN RAISE EXCEPTION USING MESSAGE = 'append-only: ' || TG_TABLE_NAME || ' refuses ' || TG_OP; END IF; RETURN NULL;",
                    hash="72c281dcf1d0e80c341bda729df989a0516c2db3",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_never_emptied_2ad47",
                    table="evidence_tile",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="escrowbatch",
            constraint=models.UniqueConstraint(
                fields=("centre_id", "number"), name="one_escrow_batch_a_number"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="escrowbatch",
            trigger=pgtrigger.compiler.Trigger(
                name="never_changed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="88a180143b6b0052c6099a8c613130c5eba22765",
                    operation="UPDATE",
                    pgid="pgtrigger_never_changed_04371",
                    table="evidence_escrowbatch",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="escrowbatch",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="102665f3dbfc0fe151a7c160d317408f5520d272",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_cb442",
                    table="evidence_escrowbatch",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="escrowbatch",
            trigger=pgtrigger.compiler.Trigger(
                name="never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="IF left(current_database(), 5) <> 'test_' THEN RAISE EXCEPTION USING MESSAGE = 'append-only: ' || TG_TABLE_NAME || ' refuses ' || TG_OP; END IF; RETURN NULL;",
                    hash="664be72739d1ab222283ca97111c556a51934907",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_never_emptied_51717",
                    table="evidence_escrowbatch",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("escrowed", False), ("leaf_index", None)),
                fields=["id"],
                name="entry_unplaced",
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(
                condition=models.Q(("batch", None), ("escrowed", True)), fields=["id"], name="entry_unbatched"
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["ocid", "leaf_index"], name="entry_by_ocid"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["lot", "leaf_index"], name="entry_by_lot"),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["round", "leaf_index"], name="entry_by_round"),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(fields=("entry_hash",), name="one_entry_a_hash"),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(fields=("centre_id", "leaf_index"), name="one_entry_a_leaf"),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(fields=("batch", "slot"), name="one_entry_a_slot"),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(("escrowed", False), ("leaf_index__isnull", True), _connector="OR"),
                name="an_escrowed_entry_is_never_a_leaf_of_its_own",
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("escrowed", True),
                    models.Q(("batch__isnull", True), ("disclosed_at__isnull", True), ("slot__isnull", True)),
                    _connector="OR",
                ),
                name="only_an_escrowed_entry_has_a_slot_and_is_disclosed",
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("batch__isnull", True), ("slot__isnull", True)),
                    models.Q(("batch__isnull", False), ("slot__isnull", False), ("slot__lt", 1024)),
                    _connector="OR",
                ),
                name="a_slot_stands_in_a_batch",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="entry",
            trigger=pgtrigger.compiler.Trigger(
                name="never_changed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."act" IS DISTINCT FROM (NEW."act") OR OLD."centre_id" IS DISTINCT FROM (NEW."centre_id") OR OLD."entry_hash" IS DISTINCT FROM (NEW."entry_hash") OR OLD."escrowed" IS DISTINCT FROM (NEW."escrowed") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."leaf" IS DISTINCT FROM (NEW."leaf") OR OLD."legal_at" IS DISTINCT FROM (NEW."legal_at") OR OLD."lot" IS DISTINCT FROM (NEW."lot") OR OLD."ocid" IS DISTINCT FROM (NEW."ocid") OR OLD."organisation" IS DISTINCT FROM (NEW."organisation") OR OLD."public_id" IS DISTINCT FROM (NEW."public_id") OR OLD."recorded_at" IS DISTINCT FROM (NEW."recorded_at") OR OLD."region_code" IS DISTINCT FROM (NEW."region_code") OR OLD."role" IS DISTINCT FROM (NEW."role") OR OLD."round" IS DISTINCT FROM (NEW."round") OR OLD."subject" IS DISTINCT FROM (NEW."subject"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="0a0e049a5556404b439c141a9698aca84c755c99",
                    operation="UPDATE",
                    pgid="pgtrigger_never_changed_e9b84",
                    table="evidence_entry",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="entry",
            trigger=pgtrigger.compiler.Trigger(
                name="only_gains",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE name text;",
                    func="\n        IF (OLD.leaf_index IS NOT NULL AND NEW.leaf_index IS DISTINCT FROM OLD.leaf_index)\n          OR (OLD.batch_id IS NOT NULL AND NEW.batch_id IS DISTINCT FROM OLD.batch_id)\n          OR (OLD.slot IS NOT NULL AND NEW.slot IS DISTINCT FROM OLD.slot)\n          OR (OLD.disclosed_at IS NOT NULL AND NEW.disclosed_at IS DISTINCT FROM OLD.disclosed_at)\n          OR NEW.person NOT IN (OLD.person, '')\n          OR NEW.certificate NOT IN (OLD.certificate, '')\n          OR NEW.address NOT IN (OLD.address, '')\n        THEN RAISE EXCEPTION USING MESSAGE = 'append-only: ' || TG_TABLE_NAME || ' refuses ' || TG_OP; END IF;\n        IF NEW.fields IS DISTINCT FROM OLD.fields THEN\n          FOR name IN SELECT jsonb_object_keys(OLD.fields || NEW.fields) LOOP\n            IF OLD.fields -> name IS NULL OR NEW.fields -> name IS NULL\n              OR NEW.fields -> name NOT IN (OLD.fields -> name, (OLD.fields -> name) - 'salt' - 'value')\n            THEN RAISE EXCEPTION USING MESSAGE = 'append-only: ' || TG_TABLE_NAME || ' refuses ' || TG_OP; END IF;\n          END LOOP;\n        END IF;\n        RETURN NEW;\n    ",
                    hash="4d38991fd110adc2a7cec6ae9bd4ed6e2eaa98cb",
                    operation="UPDATE",
                    pgid="pgtrigger_only_gains_052c2",
                    table="evidence_entry",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="entry",
            trigger=pgtrigger.compiler.Trigger(
                name="never_deleted",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="6931c09c43b5da7db28bac40a6d6f8ae948c9627",
                    operation="DELETE",
                    pgid="pgtrigger_never_deleted_7063a",
                    table="evidence_entry",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="entry",
            trigger=pgtrigger.compiler.Trigger(
                name="never_emptied",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="IF left(current_database(), 5) <> 'test_' THEN RAISE EXCEPTION USING MESSAGE = 'append-only: ' || TG_TABLE_NAME || ' refuses ' || TG_OP; END IF; RETURN NULL;",
                    hash="809132ccb1d5b2ec516e24b7d67c5e9f62fec3c2",
                    level="STATEMENT",
                    operation="TRUNCATE",
                    pgid="pgtrigger_never_emptied_925c0",
                    table="evidence_entry",
                    when="BEFORE",
                ),
            ),
        ),
    ]
