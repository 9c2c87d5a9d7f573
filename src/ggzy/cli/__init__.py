"""The product's command line. Commands of the bidder's client and the verifier need no database and no Django."""

import importlib
import os
import sys
from collections.abc import Sequence

#: command → (module with `main(argv) -> int`, whether Django is set up first, what it does)
COMMANDS: dict[str, tuple[str, bool, str]] = {
    "bid": ("ggzy.cli.bid", False, "投标客户端: seal 加密, submit 递交, withdraw 撤回, open 开标解密"),
    "verify": ("ggzy.cli.verify", False, "离线复核一个标段: 日志、回执、承诺、抽取、评分、排序、期限"),
    "evaluate": ("ggzy.cli.evaluate", False, "用评标办法文件计算一张报价表, 与记录的中标结果核对"),
    "archive": ("ggzy.cli.archive", False, "离线检测归档包和争议证据包: check 包"),
    "ukey-emulator": ("ggzy.cli.ukey", False, "USB Key 模拟器: 只在本机, 供演示和测试"),
    "replay": ("ggzy.cli.replay", False, "用真实投标数据走完全流程"),
    "drill": ("ggzy.cli.drill", False, "训练中心演练故障日: 停电、无私钥、异议、延期遇假期、流标、再次招标"),
    "training": ("ggzy.cli.training", True, "训练中心: load 装入, logins 列出账号, clock 拨钟"),
    "sequencer": ("ggzy.jobs.sequencer", True, "存证日志的定序进程"),
    "worker": ("ggzy.jobs.worker", True, "期限与后台任务进程"),
    "search-rebuild": ("ggzy.cli.search", True, "重建公告检索索引 (由已发布的公告重新生成)"),
    "preflight": ("ggzy.cli.preflight", True, "启动前检查: 正式运行的中心拒绝训练时钟和缺失的密钥"),
    "openapi": ("ggzy.cli.openapi", True, "输出 OpenAPI 3.1"),
    "docs": ("ggzy.cli.docs", True, "由代码生成文档中的图表"),
}


def main(argv: Sequence[str]) -> int:
    """Run one command and return the exit status."""
    if not argv or argv[0] in {"-h", "--help", "help"}:
        print("用法: ./ggzy 命令 [参数]\n")
        for name, (_, _, says) in COMMANDS.items():
            print(f"  {name:<14} {says}")
        print("  其他命令(migrate, check, shell 等)交给 Django")
        return 0
    name, rest = argv[0], list(argv[1:])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ggzy.settings")
    if name not in COMMANDS:
        from django.core.management import execute_from_command_line

        execute_from_command_line(["ggzy", *argv])
        return 0
    module, needs_django, _ = COMMANDS[name]
    if needs_django:
        import django

        django.setup()
    try:
        return int(importlib.import_module(module).main(rest) or 0)
    except KeyboardInterrupt:
        print("已停止。", file=sys.stderr)
        return 130
