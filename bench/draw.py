"""A draw from 20,000 experts in 4 specialties of whom 55 % refuse: ranking, filling, the digest, and freezing in the database.

python -m bench.draw            the pure part: what anyone recomputes
python -m bench.draw --freeze   with a PostgreSQL (DATABASE_URL of a training centre): the pool by SQL, freezing, ranking
"""

import hashlib
import os
import secrets
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from ggzy.experts import rules

EXPERTS, SPECIALTIES, REFUSALS = 20_000, ("A0801", "A0802", "A0803", "B0101"), 55
PLACES = (3, 3, 2, 2)
T = TypeVar("T")


def timed(says: str, work: Callable[[], T], aim: str = "") -> T:
    """Print how long some work takes, the best of three, and return what it gives."""
    spans = []
    for _ in range(3):
        started = time.perf_counter()
        found = work()
        spans.append(time.perf_counter() - started)
    print(f"{says:<46}{min(spans) * 1000:9.1f} ms   {aim}")
    return found


def lines() -> list[rules.Entry]:
    """Return a frozen list: one expert in ten has two specialties, eighty share an employer."""
    out = []
    for n in range(EXPERTS):
        label = hashlib.sha256(f"expert {n}".encode()).hexdigest()
        fits = tuple(sorted({n % 4, (n // 4) % 4})) if n % 10 == 0 else (n % 4,)
        out.append(rules.Entry(label, fits, f"u{n // 80}"))
    return out


def filled(order: list[rules.Entry]) -> tuple[list[str], int]:
    """Return the committee when 55 of 100 refuse, and how many calls it took; each answer calls the next, as live."""
    sitting: list[rules.Entry] = []
    gone: set[str] = set()
    by_label = {e.label: e for e in order}
    calls = 0
    while more := rules.next_calls(order, PLACES, sitting=sitting, gone=gone, one_per_unit=True, most=1):
        calls += 1
        if int(more[0][:8], 16) % 100 < REFUSALS:
            gone.add(more[0])
        else:
            sitting.append(by_label[more[0]])
    return [e.label for e in sitting], calls


def pure() -> None:
    """Measure what the platform does at the draw, and anyone afterwards."""
    entries = lines()
    by_label = {e.label: e for e in entries}
    randomness, code = bytes(96), bytes(16)
    print(f"{EXPERTS} experts, {len(SPECIALTIES)} specialties, {sum(PLACES)} places, {REFUSALS} % refuse")
    timed("digest of the frozen list", lambda: rules.list_digest(entries))
    order = timed("ranking", lambda: rules.ranking(by_label, randomness=randomness, code=code))
    ranked = [by_label[label] for label in order]
    committee, calls = timed("filling, each refusal calls the next", lambda: filled(ranked))

    def all_of_it() -> int:
        placed = rules.ranking(by_label, randomness=randomness, code=code)
        return len(filled([by_label[label] for label in placed])[0])

    timed("ranking and filling together", all_of_it, "aim: under 1000 ms")
    print(f"{len(committee)} members after {calls} calls")


def frozen() -> None:
    """Measure the pool by SQL, freezing and ranking on the tables, in a transaction that is taken back."""
    import django

    from ggzy.boot import paths, postgres

    os.environ["DATABASE_URL"] = postgres.ensure_started(paths.place().var)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ggzy.settings")
    django.setup()
    from django.db import transaction

    from ggzy.experts import actions, seeding
    from ggzy.experts.models import Draw, Expert
    from ggzy.experts.pool import OwnPool
    from ggzy.experts.ports import Wanted
    from ggzy.kernel.actors import SYSTEM
    from ggzy.parties.models import Account, Person
    from ggzy.tendering.models import Tender

    with transaction.atomic():
        marks = [secrets.token_hex(8) for _ in range(EXPERTS)]
        people = Person.objects.bulk_create(Person(name="测量专家") for _ in marks)
        accounts = Account.objects.bulk_create(
            Account(username=f"bench-{m}", password="-", person=p, role="expert")
            for m, p in zip(marks, people, strict=True)
        )
        Expert.objects.bulk_create(
            Expert(account=a, specialties=[SPECIALTIES[n % 4]], employer_uscc=f"{n // 80:018d}")
            for n, a in enumerate(accounts)
        )
        quotas = [rules.Quota(s, n) for s, n in zip(SPECIALTIES, PLACES, strict=True)]
        conditions = rules.Conditions(recent_most=2, recent_days=30, most_ahead=3, not_again=True)
        now = datetime.now(UTC)
        tender = Tender.objects.order_by("pk").last()
        assert tender is not None, "a training centre has tenders"
        wanted = Wanted(
            quotas=quotas,
            conditions=conditions,
            without_employers=set(),
            tenderee_pk=tender.tenderee_id,
            since=now,
            until=now + timedelta(hours=4),
            now=now,
        )
        found = timed("the pool by SQL, every condition set", lambda: OwnPool().candidates(wanted))
        draw = Draw.objects.create(
            tender=tender,
            state=Draw.SEEDING,
            quotas=[q.as_json() for q in quotas],
            conditions=conditions.as_json(),
            needed=sum(PLACES),
            committee_size=11,
            requested_at=now,
        )
        started = time.perf_counter()
        row = actions.freeze(draw, found, quotas, actor=SYSTEM, now=now)
        print(
            f"{'freezing ' + str(row.size) + ' labels':<46}{(time.perf_counter() - started) * 1000:9.1f} ms"
        )
        started = time.perf_counter()
        seeds = dict.fromkeys(rules.SEED_PARTIES, "11" * 32)
        seeding.rank(draw, row, seeds, actor=SYSTEM, now=now)
        print(f"{'ranking on the tables and calling':<46}{(time.perf_counter() - started) * 1000:9.1f} ms")
        transaction.set_rollback(True)


if __name__ == "__main__":
    pure()
    if "--freeze" in sys.argv:
        frozen()
