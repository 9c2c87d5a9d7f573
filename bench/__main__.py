"""CPU per operation, p50 and p95, with one web process: read, list, publish, submit a bid at 0 and at 1,000 bids."""

import secrets
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench.house import URL, cpu_seconds, running

MANY = 1000
BIG = 8 * 1024 * 1024


def measure(says: str, web: int, work: Callable[[int], Any], times: int, aim: str = "") -> None:
    """Run `work` and print the web process's CPU and the wall time per operation."""
    for warm in range(3):
        work(-1 - warm)
    before, spans = cpu_seconds(web), []
    for number in range(times):
        started = time.perf_counter()
        work(number)
        spans.append((time.perf_counter() - started) * 1000)
    cpu = (cpu_seconds(web) - before) * 1000 / times
    spans.sort()
    p95 = spans[min(len(spans) - 1, int(len(spans) * 0.95))]
    print(f"{says:<34}{cpu:8.2f} CPU-ms   p50 {statistics.median(spans):7.2f}   p95 {p95:7.2f} ms   {aim}")


class Scene:
    """A tender with one round, and bidders who have sealed their bids beforehand."""

    def __init__(self) -> None:
        from ggzy.client import story
        from ggzy.client.party import Party
        from ggzy.kernel.ids import make_uscc

        self.story = story
        self.folder = Path(tempfile.mkdtemp(prefix="ggzy-bench-"))
        self.owner = story.demo_party(URL, "zhaobiao")
        mark, base = secrets.token_hex(3), secrets.randbelow(8_000_000) + 100_000
        self.bidders = []
        for number in range(8):
            party = Party(URL)
            party.register(
                uscc=make_uscc(region="370100", serial=base + number),
                name=f"测量{mark}投标人{number}",
                role="bidder",
                username=f"bench-{mark}-{number}",
                password=secrets.token_urlsafe(12),
                person="经办人",
            )
            self.bidders.append(party)

    def ready(self) -> dict[str, Any]:
        """Return a tender that can be published."""
        serial = secrets.randbelow(1_000_000)
        project = self.story.register_project(self.owner, name=f"测量工程{serial}", serial=serial)
        return self.story.prepare_tender(
            self.owner,
            project=project,
            name=f"测量招标{serial}",
            lots=[{"name": "标段", "budget": "10000000", "duration_days": "365"}],
            file=self.story.document(),
        )

    def publish(self, tender: dict[str, Any]) -> None:
        now = datetime.fromisoformat(self.owner.get("/clock")["now"])
        self.story.publish(self.owner, tender["tender"], deadline=now + timedelta(days=30))

    def sealed(self, tender: dict[str, Any], bidder: Any, *, attachment: int = 0) -> Path:
        from ggzy.client import bids

        folder = self.folder / secrets.token_hex(6)
        attachments = []
        if attachment:
            attachments = [self.folder / f"{secrets.token_hex(4)}.bin"]
            attachments[0].write_bytes(secrets.token_bytes(attachment))
        fields = {
            "bidder": bidder.name,
            "uscc": bidder.uscc,
            "price": str(Decimal("9000000.00")),
            "duration_days": 300,
        }
        return bids.seal(
            party=bidder,
            round_id=tender["rounds"][0]["round"],
            ocid=tender["ocid"],
            fields=fields,
            attachments=attachments,
            into=folder,
        )


def fill(round_id: str, count: int) -> None:
    """Put many sealed bids of as many organisations into a round, straight into the tables."""
    import django

    django.setup()
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO parties_organisation (centre_id, region_code, public_id, uscc, name, kinds, address, contact)
               SELECT 'xunlian', '370100', md5(random()::text || n), 'B' || lpad(n::text, 17, '0'), '填充' || n, '{}', '', ''
               FROM generate_series(1, %s) n ON CONFLICT DO NOTHING""",
            [count],
        )
        cursor.execute(
            """INSERT INTO bidding_bid (centre_id, region_code, public_id, state, received_at, manifest,
                 manifest_signature, envelope, shares, payload, payload_size, payload_sha256, entry_hash, account_id, bidder_id,
                 certificate_id, round_id)
               SELECT b.centre_id, b.region_code, md5(random()::text || o.id), 'live', b.received_at, b.manifest,
                 b.manifest_signature, b.envelope, b.shares, b.payload, b.payload_size, b.payload_sha256,
                 md5(random()::text) || md5(random()::text), b.account_id, o.id, b.certificate_id, b.round_id
               FROM bidding_bid b, parties_organisation o
               WHERE b.id = (SELECT min(x.id) FROM bidding_bid x JOIN tendering_round r ON r.id = x.round_id
                             WHERE r.public_id = %s)
                 AND o.uscc LIKE 'B0%%' ORDER BY o.id LIMIT %s""",
            [round_id, count],
        )
        cursor.execute("ANALYZE bidding_bid")


def main() -> None:
    """Measure and print."""
    import httpx

    from ggzy.client import bids

    with running() as web:
        scene = Scene()
        waiting = [scene.ready() for _ in range(43)]
        tender = scene.ready()
        scene.publish(tender)
        round_id, lot = tender["rounds"][0]["round"], tender["rounds"][0]["lot"]
        client = httpx.Client(base_url=URL, trust_env=False)
        measure("读取一个标段(JSON)", web, lambda _: client.get(f"/api/v1/lots/{lot}"), 400, "目标 ≤2")
        publish = iter(waiting)
        measure("发布招标公告", web, lambda _: scene.publish(next(publish)), 40, "目标 ≤25(含读钟一次)")
        measure("列出100个标段", web, lambda _: client.get("/api/v1/lots?limit=100"), 100, "目标 ≤3")

        def submitting(*, attachment: int, times: int) -> Callable[[int], Any]:
            ready = [
                (scene.bidders[n % 8], scene.sealed(tender, scene.bidders[n % 8], attachment=attachment))
                for n in range(times + 3)
            ]
            return lambda n: bids.submit(party=ready[n][0], round_id=round_id, folder=ready[n][1])

        measure("递交投标(仅数据), 已有0份", web, submitting(attachment=0, times=100), 100, "目标 ≤6")
        measure("递交投标(附件8MB), 已有0份", web, submitting(attachment=BIG, times=12), 12)
        fill(round_id, MANY)
        measure(
            f"递交投标(仅数据), 已有{MANY}份",
            web,
            submitting(attachment=0, times=100),
            100,
            "目标 ≤6, 与0份持平",
        )
        measure(f"递交投标(附件8MB), 已有{MANY}份", web, submitting(attachment=BIG, times=12), 12)
        together = [(b, scene.sealed(tender, b)) for b in scene.bidders]
        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(lambda p: bids.submit(party=p[0], round_id=round_id, folder=p[1]), together)
            )
        print(f"八家同时递交: 成功 {sum(1 for a in answers if a['bid'])} / 8")


if __name__ == "__main__":
    main()
