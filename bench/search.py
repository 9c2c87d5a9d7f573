"""Searching 200,000 published notices: p50, p95 and the longest of questions of every sort, beside a plain look.

GGZY_VAR=… python -m bench.search [--notices 200000]    with a PostgreSQL (DATABASE_URL of a training centre that may be filled)
"""

import argparse
import json
import os
import random
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

PLACES = [
    "东区",
    "西区",
    "南山",
    "北湖",
    "高新区",
    "经开区",
    "历下区",
    "长清区",
    "新城",
    "老城",
    "临港",
    "空港",
    "云河镇",
    "石桥镇",
    "柳林镇",
    "青川县",
    "白水县",
    "红岩县",
]
THINGS = [
    "污水管网",
    "自来水厂",
    "人民医院病房楼",
    "第三中学教学楼",
    "市民文化馆",
    "体育公园",
    "城市道路",
    "国道改线",
    "河道治理",
    "水库除险加固",
    "老旧小区改造",
    "垃圾焚烧厂",
    "智慧交通",
    "数据中心",
    "供热管网",
    "农村公路",
    "桥梁维修",
    "隧道照明",
    "高标准农田",
    "养老服务中心",
    "消防站",
    "档案馆",
    "图书馆",
    "轨道交通",
    "海绵城市",
    "地下综合管廊",
    "充电桩",
    "光伏电站",
    "公安视频监控",
    "疾控中心实验室",
]
WORKS = [
    "新建工程",
    "改扩建工程",
    "维修工程",
    "设备采购",
    "勘察设计",
    "监理",
    "施工总承包",
    "EPC总承包",
    "信息化建设",
    "物业服务",
    "检测服务",
    "造价咨询",
]
RARE = [
    "麻醉机器人",
    "德航发动机",
    "氦质谱检漏仪",
    "盾构管片",
    "荧光定量PCR仪",
    "钢箱梁顶推",
    "无人机蜂群",
    "石墨烯膜",
    "冷冻电镜",
    "甲骨文数字化",
]
SAYS = (
    "本招标项目已由发展改革部门批准建设, 资金来源为财政资金, 招标人对该项目的施工进行公开招标。",
    "投标人应当具备建筑工程施工总承包二级及以上资质, 并在人员、设备、资金等方面具有相应的施工能力。",
    "本次招标接受联合体投标, 联合体各方不得再以自己名义单独参加同一标段的投标。",
    "获取招标文件不收费用, 不登记下载人, 凡有意参加的单位均可自行下载。",
    "投标文件递交的截止时间为开标时间, 逾期送达的电子投标文件, 交易平台将予以拒收。",
    "工程质量要求合格, 缺陷责任期二十四个月, 工期自监理人发出开工通知之日起计算。",
    "拟派项目负责人须具备相应专业注册建造师执业资格, 且未担任其他在建工程的项目负责人。",
    "供应商应当提供近三年类似业绩证明, 货物须为全新未使用的合格产品, 提供三年免费保修。",
    "公示期间对评标结果有异议的, 应当在公示期内以书面形式提出, 招标人自收到之日起三日内答复。",
    "本项目评标办法采用综合评估法, 评标委员会由招标人代表和有关技术、经济方面的专家组成。",
    "主要建设内容包括土建、安装、装饰装修、室外配套及附属设施等全部工程内容。",
    "监督部门为住房和城乡建设局, 联系方式见招标文件第一章。",
)
KINDS = (
    "tender",
    "candidates",
    "result",
    "contract",
    "opening_record",
    "clarification",
    "failure",
    "correction",
)
START = datetime(2022, 1, 1, tzinfo=UTC)


def notices(count: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    """Yield notices as a province's platform would have them in some years."""
    for n in range(count):
        place, thing, work = (chance.choice(words) for words in (PLACES, THINGS, WORKS))
        kind = chance.choices(KINDS, (30, 18, 18, 14, 8, 6, 4, 2))[0]
        name = f"{place}{thing}{work}"
        says = [
            name,
            *chance.sample(SAYS, 5),
            f"建设规模约{chance.randrange(100, 90000)}平方米, 估算价见招标文件。",
        ]
        if n % 997 == 0:
            says.append(f"其中含{RARE[(n // 997) % len(RARE)]}一套。")
        yield {
            "n": n,
            "kind": kind,
            "title": f"{name}第{n % 9 + 1}标段{ {'tender': '招标公告', 'candidates': '中标候选人公示', 'result': '中标结果公告', 'contract': '合同公告'}.get(kind, '公告') }",
            "lines": says,
            "buyer": f"{place}{chance.choice(('住房和城乡建设局', '交通运输局', '水务局', '教育局', '城市建设投资有限公司', '人民医院'))}",
            "uscc": f"12{chance.choice(('370100', '370200', '371300', '340100', '350200'))}MB{chance.randrange(10**7):07d}X",
            "region": chance.choice(("370100", "370102", "370200", "371300", "340100", "350200")),
            "scope": chance.choice(("GC", "GC", "GP")),
            "amount": chance.randrange(10**4, 10**9),
            "deal_code": f"A01-12370100MB2000001C-{20220101 + n % 1200}-{n:06d}-{n % 7}",
            "at": START + timedelta(minutes=10 * n),
        }


def fill(count: int) -> None:
    """Put generated notices into the database as if they had been published, and file them."""
    from django.db import connection

    from ggzy.kernel.ids import new_public_id
    from ggzy.search import rules

    started = time.perf_counter()
    chance = random.Random(20260302)
    columns = "centre_id, region_code, public_id, ocid, tender, rounds, kind, series, version, title, body, sha256, published_at"
    index = "centre_id, region_code, public_id, notice_id, series, kind, scope, buyer, buyer_uscc, amount, published_at, text, folded"
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("DROP INDEX IF EXISTS indexed_terms")
        made: list[tuple] = []
        for one in notices(count, chance):
            made.append((new_public_id(), one))
        with cursor.copy(f"COPY notices_notice ({columns}) FROM STDIN") as out:
            for public_id, one in made:
                out.write_row(
                    (
                        "xunlian",
                        one["region"],
                        public_id,
                        f"ocds-bench-{one['n']}",
                        public_id,
                        "[]",
                        one["kind"],
                        public_id,
                        1,
                        one["title"],
                        json.dumps(
                            {"lot": one["title"], "says": one["lines"], "price": str(one["amount"])},
                            ensure_ascii=False,
                        ),
                        "0" * 64,
                        one["at"],
                    )
                )
        cursor.execute("SELECT public_id, id FROM notices_notice")
        pks = dict(cursor.fetchall())
        with cursor.copy(f"COPY search_indexednotice ({index}, terms) FROM STDIN") as out:
            for public_id, one in made:
                text = "\n".join([one["title"], *one["lines"], one["buyer"], one["deal_code"], one["uscc"]])
                facts = rules.Facts(
                    kind=one["kind"],
                    scope=one["scope"],
                    region=one["region"],
                    buyer_uscc=one["uscc"],
                    published_at=one["at"],
                    codes=(one["deal_code"], one["uscc"], public_id),
                )
                terms = rules.terms(title=one["title"], lines=text.split("\n")[1:], facts=facts)
                quoted = " ".join("'" + t.replace("\\", "\\\\").replace("'", "''") + "'" for t in terms)
                out.write_row(
                    (
                        "xunlian",
                        one["region"],
                        public_id,
                        pks[public_id],
                        public_id,
                        one["kind"],
                        one["scope"],
                        one["buyer"],
                        one["uscc"],
                        one["amount"],
                        one["at"],
                        text,
                        "\n".join(rules.fold(line) for line in text.split("\n")),
                        quoted,
                    )
                )
        print(f"made {count} notices in {time.perf_counter() - started:.0f} s")
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute(
            "CREATE INDEX indexed_terms ON search_indexednotice USING gin (terms) WITH (fastupdate = off)"
        )
        cursor.execute("VACUUM ANALYZE search_indexednotice")
        cursor.execute("VACUUM ANALYZE notices_notice")
        cursor.execute(
            "SELECT pg_size_pretty(pg_total_relation_size('search_indexednotice')), pg_size_pretty(pg_relation_size('indexed_terms'))"
        )
        print(
            "filed in",
            f"{time.perf_counter() - started:.0f} s;",
            "table and indexes, of these the words:",
            *cursor.fetchone(),
        )


def questions(chance: random.Random) -> Iterator[tuple[str, Any]]:
    """Yield questions of every sort with its name."""
    from ggzy.search.queries import FITTEST, Search

    day = timedelta(days=1)
    for _ in range(25):
        place, thing, work, rare = (chance.choice(words) for words in (PLACES, THINGS, WORKS, RARE))
        yield "everything", Search()
        yield (
            "a frequent word",
            Search(
                words=chance.choice(
                    ("工程", "招标", "公告", "建设", "投标人", "施工总承包", "联合体投标", "评标委员会")
                )
            ),
        )
        yield "two characters", Search(words=chance.choice((place[:2], thing[:2], work[:2], "桥梁", "管片")))
        yield "one character", Search(words=chance.choice(("桥", "水", "氦", "馆")))
        yield "a rare word", Search(words=rare)
        yield "a phrase over words", Search(words=f"{place}{thing}")
        yield "three words", Search(words=f"{place} {thing} {work}")
        yield "a word without another", Search(words=f"{thing} -{work} -{place}")
        yield "a sentence in quotes", Search(words='"缺陷责任期二十四个月"')
        yield "nothing to find", Search(words=chance.choice(("火星基地采购", "工程工程", "标招", "管污水")))
        yield (
            "the beginning of a code",
            Search(code=f"A01-12370100MB2000001C-{20220101 + chance.randrange(1200)}"),
        )
        yield "a code in the words", Search(words=f"12370100MB{chance.randrange(10**5):05d}")
        yield "a buyer's name", Search(buyer=f"{place}水务局")
        yield "a buyer and a word", Search(buyer=f"{place}教育局", words=thing)
        yield (
            "kind, region, trade",
            Search(kind=chance.choice(KINDS), region=chance.choice(("37", "3701", "371300")), scope="GP"),
        )
        yield "a word, kind, region", Search(words=thing, kind="result", region="3702")
        since = START + chance.randrange(1000) * day
        yield "a month", Search(since=since, until=since + 30 * day)
        yield "a word in a month", Search(words=thing, since=since, until=since + 30 * day)
        yield "dear ones", Search(words=work, least=chance.randrange(9 * 10**8, 10**9))
        yield "the fittest", Search(words=thing, sort=FITTEST)
        yield "the fittest of frequent", Search(words="工程 建设", sort=FITTEST)
        yield (
            "the fiftieth page",
            Search(
                words="工程", after=f"{int((START + timedelta(days=900)).timestamp() * 1_000_000)}_{10**9}"
            ),
        )


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--notices", type=int, default=200_000)
    args = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ggzy.settings")
    import django

    django.setup()
    from django.db import connection

    from ggzy.search.queries import search

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM search_indexednotice")
        there = cursor.fetchone()[0]
    if there < args.notices:
        fill(args.notices - there)
    chance = random.Random(7)
    for _, asked in [*questions(random.Random(3))][:60]:
        search(asked)
    by_sort: dict[str, list[float]] = {}
    for says, asked in questions(chance):
        started = time.perf_counter()
        search(asked)
        by_sort.setdefault(says, []).append((time.perf_counter() - started) * 1000)
    for says, spans in by_sort.items():
        print(f"{says:<26} p50 {statistics.median(spans):7.2f}   max {max(spans):7.2f} ms")
    every = sorted(s for spans in by_sort.values() for s in spans)
    p95 = every[int(len(every) * 0.95)]
    print(
        f"{len(every)} questions: p50 {statistics.median(every):.2f}   p95 {p95:.2f}   max {every[-1]:.2f} ms   (aim: p95 under 50)"
    )
    return 0 if p95 < 50 else 1


if __name__ == "__main__":
    sys.exit(main())
