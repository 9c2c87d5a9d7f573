"""What the database itself refuses: the log only gains. See models.py for where each stands."""

import pgtrigger

_REFUSE = "RAISE EXCEPTION USING MESSAGE = 'append-only: ' || TG_TABLE_NAME || ' refuses ' || TG_OP;"

#: a test database is emptied between tests; no other is
NO_TRUNCATE = pgtrigger.Trigger(
    name="never_emptied",
    level=pgtrigger.Statement,
    operation=pgtrigger.Truncate,
    when=pgtrigger.Before,
    func=f"IF left(current_database(), 5) <> 'test_' THEN {_REFUSE} END IF; RETURN NULL;",
)
NO_DELETE = pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete)
NO_UPDATE = pgtrigger.Protect(name="never_changed", operation=pgtrigger.Update)

#: an entry's place, slot and disclosure are set once; salts and what they open may be dropped, never altered
ENTRY_GAINS = pgtrigger.Trigger(
    name="only_gains",
    operation=pgtrigger.Update,
    when=pgtrigger.Before,
    declare=[("name", "text")],
    func=f"""
        IF (OLD.leaf_index IS NOT NULL AND NEW.leaf_index IS DISTINCT FROM OLD.leaf_index)
          OR (OLD.batch_id IS NOT NULL AND NEW.batch_id IS DISTINCT FROM OLD.batch_id)
          OR (OLD.slot IS NOT NULL AND NEW.slot IS DISTINCT FROM OLD.slot)
          OR (OLD.disclosed_at IS NOT NULL AND NEW.disclosed_at IS DISTINCT FROM OLD.disclosed_at)
          OR NEW.person NOT IN (OLD.person, '')
          OR NEW.certificate NOT IN (OLD.certificate, '')
          OR NEW.address NOT IN (OLD.address, '')
        THEN {_REFUSE} END IF;
        IF NEW.fields IS DISTINCT FROM OLD.fields THEN
          FOR name IN SELECT jsonb_object_keys(OLD.fields || NEW.fields) LOOP
            IF OLD.fields -> name IS NULL OR NEW.fields -> name IS NULL
              OR NEW.fields -> name NOT IN (OLD.fields -> name, (OLD.fields -> name) - 'salt' - 'value')
            THEN {_REFUSE} END IF;
          END LOOP;
        END IF;
        RETURN NEW;
    """,
)
_ENTRY_FIXED = ["leaf_index", "batch", "slot", "disclosed_at", "fields", "person", "certificate", "address"]
ENTRY_FIXED = pgtrigger.Protect(
    name="never_changed",
    operation=pgtrigger.Update,
    condition=pgtrigger.AnyChange(exclude=_ENTRY_FIXED),
)

#: a tile is only ever continued: what was published under a smaller width stays a prefix
TILE_CONTINUES = pgtrigger.Trigger(
    name="only_continued",
    operation=pgtrigger.Update,
    when=pgtrigger.Before,
    func=f"""
        IF (NEW.id, NEW.centre_id, NEW.level, NEW.index) IS DISTINCT FROM
           (OLD.id, OLD.centre_id, OLD.level, OLD.index)
          OR substring(NEW.data FROM 1 FOR octet_length(OLD.data)) IS DISTINCT FROM OLD.data
        THEN {_REFUSE} END IF;
        RETURN NEW;
    """,
)

#: the published size only rises
CHECKPOINT_RISES = pgtrigger.Trigger(
    name="only_rises",
    operation=pgtrigger.Insert,
    when=pgtrigger.Before,
    func=f"""
        IF EXISTS (SELECT FROM evidence_checkpoint WHERE centre_id = NEW.centre_id AND size >= NEW.size)
        THEN {_REFUSE} END IF;
        RETURN NEW;
    """,
)

APPEND_ONLY = [NO_UPDATE, NO_DELETE, NO_TRUNCATE]
