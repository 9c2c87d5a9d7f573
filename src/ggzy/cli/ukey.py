"""./ggzy ukey-emulator: a USB key for demonstrations, on this machine only."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ggzy.client.party import Identity
from ggzy.client.ukey import PORT, Emulator, Reader, Token

PIN = "111111"


def main(argv: Sequence[str]) -> int:
    """Serve keys until interrupted; return the exit status."""
    parser = argparse.ArgumentParser(
        prog="./ggzy ukey-emulator",
        description="USB Key 模拟器: 只在本机 (127.0.0.1) 提供服务, 供演示和测试。真正的 USB Key 由 CA 发放, 私钥不能导出",
    )
    parser.add_argument("keys", nargs="+", type=Path, help="证书和私钥的PEM文件, 每个文件是一把 USB Key")
    parser.add_argument(
        "--origin",
        action="append",
        help="允许调用的网站, 可多次 (默认 http://127.0.0.1:8000 和 http://localhost:8000)",
    )
    parser.add_argument("--port", type=int, default=PORT, help=f"端口 (默认 {PORT})")
    parser.add_argument("--pin", default=PIN, help=f"PIN (默认 {PIN})")
    parser.add_argument(
        "--tls", nargs=2, metavar=("证书", "私钥"), help="用HTTPS提供服务 (浏览器须信任该证书)"
    )
    args = parser.parse_args(argv)
    tokens = []
    for path in args.keys:
        try:
            identity = Identity.from_pem(path.read_bytes())
        except (OSError, ValueError) as wrong:
            print(f"{path}: 不是可用的证书和私钥文件({wrong})", file=sys.stderr)
            return 1
        tokens.append(Token(path.stem, identity, args.pin))
    origins = args.origin or ["http://127.0.0.1:8000", "http://localhost:8000"]
    try:
        server = Emulator(
            Reader(tokens), origins=origins, port=args.port, tls=tuple(args.tls) if args.tls else None
        )
    except OSError as trouble:
        print(f"不能在端口 {args.port} 提供服务: {trouble.strerror}; 换一个端口用 --port", file=sys.stderr)
        return 1
    print(f"USB Key 模拟器(演示): {server.address}, PIN {args.pin}, 允许 {'、'.join(sorted(server.origins))}")
    for token in tokens:
        print(f"  已插入 {token.label}")
    print("按 Ctrl+C 停止。", flush=True)
    server.serve_forever()
    return 0
