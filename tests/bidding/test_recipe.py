"""docs/algorithms/open-a-bid.md, run as it stands: an outsider opens a bid with openssl, age and Python's own library."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ggzy.bidding import bidbox

PAGE = Path(__file__).resolve().parents[2] / "docs" / "algorithms" / "open-a-bid.md"
TOOLS = ("openssl", "age", "age-keygen", "tar", "bash")
pytestmark = [
    pytest.mark.pure,
    pytest.mark.skipif(
        not all(shutil.which(tool) for tool in TOOLS),
        reason="缺少 openssl 或 age, 安装命令: sudo apt-get install -y openssl age",
    ),
]


def script() -> str:
    """Return the script on the page."""
    (found,) = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S)
    return str(found)


def sealed(folder: Path, someone: Any, ca: Any) -> Path:
    """Seal a bid with two attachments, and lay beside it what the page names."""
    folder.mkdir()
    files = []
    for name, data in (("技术标.pdf", b"%PDF-1.7 " + b"x" * 70_000), ("bill.json", b"{}")):
        (folder / name).write_bytes(data)
        files.append(folder / name)
    made = bidbox.seal(
        fields={
            "bidder": "济南某建设有限公司",
            "uscc": "91370100M00000001A",
            "price": "9120000.00",
            "duration_days": 300,
            "members": [{"name": "联合体成员", "uscc": "91370100M00000002B"}],
            "consortium": True,
            "note": '引号" 反斜杠\\ 制表\t 汉字',
        },
        attachments=files,
        round_id="1" * 32,
        ocid="ocds-x",
        bidder="91370100M00000001A",
        certificate=someone.certificate,
        key=someone.key,
        payload=folder / "bid.age",
    )
    (folder / "manifest.json").write_bytes(made.manifest)
    (folder / "manifest.p7s").write_bytes(made.signature)
    (folder / "key.p7m").write_bytes(made.envelope)
    (folder / "bidder.pem").write_bytes(someone.to_pem())
    (folder / "ca.pem").write_bytes((ca.folder / "ca.crt").read_bytes())
    for file in files:
        file.unlink()
    return folder


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script()], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def test_the_page_opens_a_bid(someone: Any, ca: Any, tmp_path: Path) -> None:
    folder = sealed(tmp_path / "bid", someone, ca)
    done = run(folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["报价 9120000.00 附件 2 个", "全部相符"]
    assert (folder / "opened" / "attachments" / "技术标.pdf").stat().st_size == 70_009


def test_without_the_private_key_the_published_bid_key_does(someone: Any, ca: Any, tmp_path: Path) -> None:
    folder = sealed(tmp_path / "bid", someone, ca)
    assert run(folder).returncode == 0
    (folder / "bidder.pem").unlink()
    assert run(folder).stdout.endswith("全部相符\n")


@pytest.mark.parametrize("part", ["bid.age", "key.p7m", "manifest.json", "manifest.p7s"])
def test_one_changed_byte_stops_it(p256: Any, ca: Any, tmp_path: Path, part: str) -> None:
    folder = sealed(tmp_path / "bid", p256, ca)
    data = bytearray((folder / part).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / part).write_bytes(bytes(data))
    done = run(folder)
    assert done.returncode != 0 and "全部相符" not in done.stdout


def test_another_bids_payload_stops_it(p256: Any, ca: Any, tmp_path: Path) -> None:
    folder, other = (sealed(tmp_path / name, p256, ca) for name in ("bid", "other"))
    shutil.copy(other / "bid.age", folder / "bid.age")
    done = run(folder)
    assert done.returncode != 0 and "bid.age 与清单不符" in done.stdout


def test_the_commitments_are_checked(p256: Any, ca: Any, tmp_path: Path) -> None:
    """What the script's last step says is not said by the steps before it: let it see a manifest that lies."""
    folder = sealed(tmp_path / "bid", p256, ca)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["fields"]["price"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(manifest, separators=(",", ":"), ensure_ascii=False))
    without_first = script().replace("openssl cms -verify", "true openssl cms -verify")
    done = subprocess.run(
        ["bash", "-c", without_first], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0 and "price 与承诺不符" in done.stderr
