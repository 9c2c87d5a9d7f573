"""Recording, acknowledging, disclosing, erasing; and that the database lets nothing else happen to a row."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from ggzy.evidence import acks, keys, tlog
from ggzy.evidence import fields as sealed
from ggzy.evidence.actions import acknowledge, disclose, erase, record_act, record_refusal
from ggzy.evidence.models import Checkpoint, Entry, EscrowBatch, SecurityEvent, Tile
from ggzy.evidence.sequencer import catch_up
from ggzy.kernel.canonical import canonical, commitment
from ggzy.kernel.refusals import NotPermitted

from .conftest import AGENCY, BIDDER, NOON, REAL

pytestmark = pytest.mark.django_db


def test_the_leaf_is_canonical_and_tells_no_person(act):
    entry = act(public={"price": Decimal("12.30")}, party={"when": NOON}, supervisor={"note": "内部"})
    leaf = json.loads(entry.leaf)
    assert canonical(leaf) == entry.leaf
    assert " ".join(leaf) == "act centre fields legal_at lot ocid recorded_at round subject v"
    assert leaf["legal_at"] == "2026-03-02T04:00:00.123456Z"
    assert leaf["recorded_at"] == sealed.stamp(entry.recorded_at)
    assert tlog.leaf_hash(entry.leaf).hex() == entry.entry_hash
    commitments = {name: field["commitment"] for name, field in entry.fields.items()}
    assert leaf["fields"] == sealed.fields_hash(commitments)
    for secret in (AGENCY.person, AGENCY.organisation, AGENCY.address, AGENCY.certificate, "12.30", "内部"):
        assert secret.encode() not in entry.leaf


def test_what_was_returned_is_what_was_stored(act):
    entry = act()
    stored = Entry.objects.get(pk=entry.pk)
    for field in Entry._meta.concrete_fields:
        ours, theirs = getattr(entry, field.attname), getattr(stored, field.attname)
        assert ours == (bytes(theirs) if field.attname == "leaf" else theirs), field.attname


def test_each_field_has_a_salt_of_its_own_and_commits_to_its_value(act):
    entry = act(public={"one": "same", "two": "same"})
    one, two = entry.fields["one"], entry.fields["two"]
    assert one["commitment"] != two["commitment"]
    assert commitment(bytes.fromhex(one["salt"]), "same") == one["commitment"]
    own = sealed.own_values(entry)
    for name in sealed.OWN:
        field = entry.fields[name]
        assert field["level"] == "supervisor"
        assert commitment(bytes.fromhex(field["salt"]), own[name]) == field["commitment"]


def test_the_clock_of_the_row_is_the_databases(act):
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        before = cursor.fetchone()[0]
        entry = act()
        cursor.execute("SELECT clock_timestamp()")
        assert before <= entry.recorded_at <= cursor.fetchone()[0]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"public": {"price": 1.5}}, TypeError),
        ({"public": {"a": 1}, "party": {"a": 2}}, ValueError),
        ({"public": {"person": "x"}}, ValueError),
        ({"public": {"thing": object()}}, TypeError),
    ],
)
def test_what_cannot_be_committed_to_is_not_recorded(act, fields, why):
    with pytest.raises(why):
        act(**fields)
    assert not Entry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_an_act_is_recorded_only_inside_its_transaction():
    with pytest.raises(RuntimeError, match="transaction of the act"):
        record_act("x.y", subject="s", actor=AGENCY, legal_at=NOON)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record_act("x.y", subject="s", actor=AGENCY, legal_at=NOON)
        raise ZeroDivisionError
    assert not Entry.objects.exists()


def test_recording_is_one_statement(act, django_assert_num_queries):
    with transaction.atomic(), django_assert_num_queries(1):
        record_act("x.y", subject="s", actor=AGENCY, legal_at=NOON, public={"a": 1})


@pytest.mark.parametrize(("escrowed", "promise"), [(False, "leaf"), (True, "escrow")])
def test_an_acknowledgement_is_the_centres_word(act, escrowed, promise):
    given = acknowledge(act(escrowed=escrowed))
    assert " ".join(sorted(given)) == (
        "centre entry_hash key merge_delay_seconds promise received_at recorded_at signature"
    )
    assert given["promise"] == promise
    assert acks.verify(given, key=keys.ack_public())
    assert acks.verify(json.loads(json.dumps(given)))
    for name in given:
        assert not acks.verify({**given, name: "00"}), name
    assert not acks.verify(given, key="00" * 32)
    assert not acks.verify({})


# -- append-only


def refused(change):
    with pytest.raises(DatabaseError), transaction.atomic():
        change()


COLUMNS = {
    "act": "other",
    "subject": "other",
    "legal_at": NOON + timedelta(seconds=1),
    "recorded_at": NOON,
    "leaf": b"other",
    "entry_hash": "00",
    "organisation": "other",
    "role": "admin",
    "person": "other",
    "address": "203.0.113.1",
    "certificate": "other",
    "escrowed": True,
    "centre_id": "other",
    "public_id": "other",
    "ocid": "other",
}


@pytest.mark.parametrize(("column", "value"), COLUMNS.items())
def test_no_column_of_an_entry_is_rewritten(act, column, value):
    entry = act()
    refused(lambda: Entry.objects.filter(pk=entry.pk).update(**{column: value}))


def test_an_entry_is_placed_once_and_never_deleted(act):
    entry = act()
    Entry.objects.filter(pk=entry.pk).update(leaf_index=0)
    refused(lambda: Entry.objects.filter(pk=entry.pk).update(leaf_index=1))
    refused(lambda: Entry.objects.filter(pk=entry.pk).update(leaf_index=None))
    refused(lambda: Entry.objects.filter(pk=entry.pk).delete())


def test_an_escrowed_entry_is_never_a_leaf(act):
    entry = act(escrowed=True)
    refused(lambda: Entry.objects.filter(pk=entry.pk).update(leaf_index=0))


def test_a_field_is_dropped_but_not_altered(act):
    entry = act(public={"a": 1, "b": 2})
    altered = {**entry.fields, "a": {**entry.fields["a"], "value": 9}}
    refused(lambda: Entry.objects.filter(pk=entry.pk).update(fields=altered))
    renamed = {name: field for name, field in entry.fields.items() if name != "a"}
    refused(lambda: Entry.objects.filter(pk=entry.pk).update(fields=renamed))
    refused(lambda: Entry.objects.filter(pk=entry.pk).update(fields={**entry.fields, "c": entry.fields["a"]}))
    raised = {**entry.fields, "a": {**entry.fields["a"], "level": "supervisor"}}
    refused(lambda: Entry.objects.filter(pk=entry.pk).update(fields=raised))
    erase(entry, ["a"])


def test_tiles_checkpoints_batches_and_refusals_stay_as_they_are(act):
    act()
    catch_up(REAL)
    record_refusal("x.y", refusal=NotPermitted("不得"), actor=BIDDER, legal_at=NOON)
    refused(lambda: Tile.objects.update(data=b"\0" * 64))
    refused(lambda: Tile.objects.update(data=b""))
    refused(lambda: Tile.objects.all().delete())
    for model, change in (
        (Checkpoint, {"note": "x"}),
        (EscrowBatch, {"root": "x"}),
        (SecurityEvent, {"message": "x"}),
    ):
        refused(lambda model=model, change=change: model.objects.update(**change))
        refused(lambda model=model: model.objects.all()._raw_delete(model.objects.db))
    last = Checkpoint.objects.latest("size")
    refused(
        lambda: Checkpoint.objects.create(
            centre_id=last.centre_id, size=last.size - 1, root="x", note="x", made_at=REAL
        )
    )


# -- refusals, disclosure, erasure


@pytest.mark.django_db(transaction=True)
def test_a_refusal_outlives_the_act_that_was_rolled_back(act):
    with pytest.raises(NotPermitted), transaction.atomic():
        record_act("bidding.submitted", subject="s", actor=BIDDER, legal_at=NOON, escrowed=True)
        refusal = NotPermitted("投标截止后不能递交")
        record_refusal(
            "bidding.submitted", refusal=refusal, actor=BIDDER, legal_at=NOON, subject="s", round="round-1"
        )
        raise refusal
    assert not Entry.objects.exists()
    event = SecurityEvent.objects.get()
    assert (event.code, event.message, event.person) == (
        "permission.denied",
        "投标截止后不能递交",
        BIDDER.person,
    )


def test_disclosure_reaches_escrowed_entries_once(act):
    hidden, open_ = act(escrowed=True), act()
    assert disclose([hidden.pk, open_.pk], now=NOON) == 1
    assert disclose(Entry.objects.all(), now=NOON + timedelta(days=1)) == 0
    hidden.refresh_from_db()
    open_.refresh_from_db()
    assert (hidden.disclosed_at, open_.disclosed_at) == (NOON, None)


def test_erasing_drops_salt_and_value_and_keeps_the_commitment(act):
    entry = act(party={"contact": "13800000000"})
    erased = erase(entry, ["contact", "person"])
    stored = Entry.objects.get(pk=entry.pk)
    assert (stored.person, stored.certificate, stored.address) == ("", "", "")
    assert stored.organisation == AGENCY.organisation
    assert stored.fields == erased.fields
    assert stored.fields["contact"] == {
        "level": "party",
        "commitment": entry.fields["contact"]["commitment"],
    }
    assert "13800000000" not in json.dumps(stored.fields)
    with pytest.raises(ValueError, match="no such field: nothing"):
        erase(entry, ["nothing"])
