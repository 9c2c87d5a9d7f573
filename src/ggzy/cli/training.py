"""./ggzy training load|logins|clock: fill the training centre, list its demo logins, move its clock."""

import argparse
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.conf import settings

from ggzy.client.story import PASSWORD
from ggzy.kernel import clock
from ggzy.kernel.clock import BEIJING
from ggzy.kernel.refusals import Refusal


def main(argv: Sequence[str]) -> int:
    """Run one subcommand; return the exit status."""
    parser = argparse.ArgumentParser(prog="./ggzy training", description="训练中心")
    commands = parser.add_subparsers(dest="command", required=True)
    load = commands.add_parser("load", help="装入训练数据(可重复)")
    load.add_argument("--cast-only", action="store_true", help="只装入单位、人员和证书")
    commands.add_parser("logins", help="列出演示账号")
    move = commands.add_parser("clock", help="查看或拨动训练时钟(只能向前)")
    move.add_argument("--to", help="例如 2026-04-01T09:00")
    move.add_argument("--speed", help="倍速, 1至3600")
    args = parser.parse_args(argv)
    if settings.MODE != "training":
        print("正式运行的中心没有训练数据")
        return 2
    if args.command == "load":
        from ggzy.training.cast import build_cast
        from ggzy.training.records import build_records
        from ggzy.training.stages import build_stages

        clock.start_training_clock()
        build_cast()
        build_records()
        if not args.cast_only:
            build_stages()
        print("训练中心已就绪")
        return 0
    if args.command == "logins":
        _print_logins()
        return 0
    try:
        if args.speed:
            clock.set_speed(Decimal(args.speed))
        if args.to:
            moment = datetime.fromisoformat(args.to)
            clock.advance_to(moment if moment.tzinfo else moment.replace(tzinfo=BEIJING))
    except Refusal as refusal:
        print(refusal.message)
        return 1
    face = clock.face()
    print(
        f"训练时钟 {face.now.astimezone(BEIJING):%Y-%m-%d %H:%M:%S} 北京时间, {face.speed.normalize():f}倍速"
    )
    return 0


def _print_logins() -> None:
    from ggzy.training.cast import logins

    rows = [("用户名", "身份", "单位"), *logins()]
    width = [max(_width(row[n]) for row in rows) for n in range(3)]
    for row in rows:
        print("  " + "  ".join(cell + " " * (width[n] - _width(cell)) for n, cell in enumerate(row)))
    print(f"  密码均为 {PASSWORD}; 登录页可一键选用演示证书")


def _width(text: str) -> int:
    return sum(2 if ord(c) > 0x2E80 else 1 for c in text)
