"""Server time of every page for every role on the training data many times over: `python -m bench.pages [times]`.

A page is asked for ten times in this process (no network, no waiting); the aim is 60 ms at the median of each.
"""

import os
import statistics
import sys
import time

from bench.house import ROOT, environment_of

AIM_MS = 60.0
TIMES = 10


def main() -> None:
    """Build the data, multiply it, walk as every role, print the slowest pages and how many miss the aim."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
    os.environ.update(environment_of("pages"))
    import django
    from django.core.management import call_command

    django.setup()
    from django.conf import settings
    from django.db import connection

    settings.ALLOWED_HOSTS = ["*"]
    call_command("migrate", verbosity=0)
    from ggzy.kernel.clock import start_training_clock
    from ggzy.training.cast import build_cast
    from ggzy.training.stages import build_stages

    start_training_clock()
    build_cast()
    settings.EXPERT_SOURCES = {}
    build_stages()
    from bench.many import multiply
    from ggzy.tendering.models import Tender

    if Tender.objects.count() < 50:
        began = time.perf_counter()
        print(f"{multiply(times)} rows copied in {time.perf_counter() - began:.0f} s")
    print(f"{Tender.objects.count()} tenders")

    from django.core.wsgi import get_wsgi_application

    from ggzy.client import story
    from tests.conftest import BASE, InProcess
    from tests.pages.crawler import Walk
    from tests.pages.test_crawl import VISITORS
    from tests.portals.test_work import Browser

    transport = InProcess(app=get_wsgi_application())
    figures: list[tuple[float, float, str, str, str]] = []
    for username, role in VISITORS:
        client = Browser()
        if username:
            client.cookies["ggzy_session"] = story.demo_party(BASE, username, transport=transport).token
        walk = Walk(client, per_route=1).follow("/", "/work")
        for seen in walk.seen.values():
            if seen.page is None or seen.status != 200:
                continue
            spans = []
            for _ in range(TIMES):
                began = time.perf_counter()
                client.get(seen.address)
                spans.append((time.perf_counter() - began) * 1000)
            figures.append((statistics.median(spans), max(spans), seen.route, role.label, seen.address))
    figures.sort(reverse=True)
    for median, worst, route, label, address in figures[:25]:
        print(f"{median:8.1f} ms  worst {worst:8.1f}  {route:<24}{label:<8}{address}")
    medians = [figure[0] for figure in figures]
    over = sum(median > AIM_MS for median in medians)
    print(
        f"{len(figures)} pages: median of medians {statistics.median(medians):.1f} ms, {over} over {AIM_MS:.0f} ms"
    )
    connection.close()


if __name__ == "__main__":
    main()
