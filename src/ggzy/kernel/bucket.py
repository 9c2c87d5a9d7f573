"""A bucket beside the disk for everything that is kept, on any store that speaks S3 (signature v4). Without Django.

What a name in it tells is a hash or a random number. The library is taken up only where a bucket is configured.
"""

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ggzy.kernel.refusals import Refusal

if TYPE_CHECKING:
    from obstore.store import S3Store

log = logging.getLogger(__name__)
PIECE = 16 * 1024 * 1024
PROBE = "probe"


class StoreAway(Refusal):
    """The bucket does not answer, or does not take what it is given: nothing is kept, nothing is half done."""

    code = "files.store_away"
    status = 503


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """One bucket and how it is reached."""

    endpoint: str
    name: str
    region: str
    key: str
    secret: str
    prefix: str = ""
    #: the bucket's name is part of the endpoint's host already (some stores ask for that)
    virtual: bool = False

    def __repr__(self) -> str:  # the secret stays out of logs
        return f"<{self.endpoint} {self.name}/{self.prefix}>"

    def put(self, name: str, path: Path) -> None:
        """Put a file into the bucket; after return it is there whole.

        :raises StoreAway: it is not
        """
        import obstore

        with _Told(self, "存入"):
            obstore.put(_store(self), self._full(name), path)

    def fetch(self, name: str, into: Path) -> bool:
        """Fetch an object to a file and sync it; False if there is none of this name.

        :raises StoreAway: the bucket does not answer
        """
        import obstore

        with _Told(self, "取出"):
            try:
                size = obstore.head(_store(self), self._full(name))["size"]
                with into.open("xb") as out:
                    for start in range(0, size, PIECE):
                        end = min(size, start + PIECE)
                        out.write(obstore.get_range(_store(self), self._full(name), start=start, end=end))
                    out.flush()
                    os.fsync(out.fileno())
            except FileNotFoundError:
                return False
        return True

    def drop(self, name: str) -> None:
        """Take an object away; one that cannot be taken away now is noted, and harms nobody."""
        import obstore

        try:
            obstore.delete(_store(self), self._full(name))
        except Exception as trouble:  # noqa: BLE001 - what asked for it has been refused already
            log.warning("not taken out of the bucket: %s", type(trouble).__name__)

    def names(self) -> Iterator[str]:
        """Return the names of everything that is there.

        :raises StoreAway: the bucket does not answer
        """
        import obstore

        with _Told(self, "列出"):
            for rows in obstore.list(_store(self), prefix=self.prefix or None):
                for row in rows:
                    yield row["path"].removeprefix(self.prefix).lstrip("/")

    def probe(self) -> None:
        """Write and read a small object.

        :raises StoreAway: one of both failed
        """
        import obstore

        with _Told(self, "读写"):
            obstore.put(_store(self), self._full(PROBE), b"openggzy")
            obstore.get(_store(self), self._full(PROBE)).bytes()

    def _full(self, name: str) -> str:
        return f"{self.prefix.strip('/')}/{name}".lstrip("/")


def options(env: Mapping[str, str], keys: Path) -> Bucket | None:
    """Return the bucket that the environment names; None where there is none. The secret may lie among the keys.

    :raises ValueError: half of what is needed is missing
    """
    given = {name: env.get(f"GGZY_S3_{name.upper()}", "") for name in ("endpoint", "bucket", "key", "secret")}
    if not given["endpoint"] and not given["bucket"]:
        return None
    held = keys / "s3.secret"
    if not given["secret"] and held.exists():
        given["secret"] = held.read_text().strip()
    if missing := [f"GGZY_S3_{name.upper()}" for name, value in given.items() if not value]:
        raise ValueError(f"S3存储没有配齐, 还缺 {', '.join(missing)} (密钥也可以放在 {held})")
    return Bucket(
        endpoint=given["endpoint"].rstrip("/"),
        name=given["bucket"],
        region=env.get("GGZY_S3_REGION") or "us-east-1",
        key=given["key"],
        secret=given["secret"],
        prefix=env.get("GGZY_S3_PREFIX", "").strip("/"),
        virtual=env.get("GGZY_S3_VIRTUAL", "") == "1",
    )


class _Told:
    """Turn whatever the library or the line says into one refusal that a person can read."""

    def __init__(self, bucket: Bucket, what: str) -> None:
        self.bucket, self.what = bucket, what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, trouble: BaseException | None, _: Any) -> None:
        from obstore.exceptions import BaseError

        # the library also says no with Python's own errors, without a number: a full disk of ours has one
        theirs = isinstance(trouble, OSError) and trouble.errno is None
        if isinstance(trouble, BaseError) or theirs:
            # without names: a log must not tell that something sealed was on its way
            _, mark, says = str(trouble).partition("\n")[0].rpartition("  - ")
            says = says.partition("<")[0][:300] if mark else ""
            log.error("%s: %s: %s", self.bucket, type(trouble).__name__, says)
            raise StoreAway(
                f"平台的文件存储暂时不可用(未能{self.what}), 本次操作没有生效, 没有保存任何内容; 请稍后重试"
            ) from None


@cache
def _store(bucket: Bucket) -> "S3Store":
    from obstore.store import S3Store

    plain = bucket.endpoint.startswith("http://")
    return S3Store(
        bucket.name,
        endpoint=bucket.endpoint,
        region=bucket.region,
        access_key_id=bucket.key,
        secret_access_key=bucket.secret,
        virtual_hosted_style_request=bucket.virtual,
        # a bucket with object lock takes only what comes with its checksum; it also notices a line that lies
        checksum_algorithm="SHA256",
        client_options={"allow_http": plain, "connect_timeout": "4s", "timeout": "60s"},
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=8)},
    )
