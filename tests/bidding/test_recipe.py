"""docs/algorithms/open-a-bid.md, run as it stands: an outsider opens a bid with openssl, age and Python's own library."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ggzy.bidding import bidbox
from ggzy.bidding.profiles import AGE, GM, Profile
from ggzy.identity import sm2, sm2_ca

ALGORITHMS = Path(__file__).resolve().parents[2] / "docs" / "algorithms"
PAGE, NATIONAL = ALGORITHMS / "open-a-bid.md", ALGORITHMS / "open-a-national-bid.md"
TOOLS = ("openssl", "age", "age-keygen", "tar", "bash")
pytestmark = [
    pytest.mark.pure,
    pytest.mark.skipif(
        not all(shutil.which(tool) for tool in TOOLS),
        reason="缺少 openssl 或 age, 安装命令: sudo apt-get install -y openssl age",
    ),
]


def script(page: Path = PAGE) -> str:
    """Return the script on a page."""
    (found,) = re.findall(r"```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    return str(found)


def sealed(folder: Path, someone: Any, ca: Any, profile: Profile = AGE) -> Path:
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
        payload=folder / profile.payload,
        receives=someone.receives,
        profile=profile,
    )
    (folder / "manifest.json").write_bytes(made.manifest)
    (folder / "manifest.p7s").write_bytes(made.signature)
    (folder / "key.p7m").write_bytes(made.envelope)
    if profile is GM:
        (folder / "encryption.pem").write_bytes(sm2.private_pem(someone.key.encryption))
        (folder / "ca.pem").write_bytes((ca.folder / "issuing.crt").read_bytes())
    else:
        (folder / "bidder.pem").write_bytes(someone.to_pem())
        (folder / "ca.pem").write_bytes((ca.folder / "ca.crt").read_bytes())
    for file in files:
        file.unlink()
    return folder


def run(folder: Path, page: Path = PAGE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script(page)], cwd=folder, capture_output=True, text=True, timeout=60, check=False
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


@pytest.fixture
def folder(tmp_path: Path, national: Any, national_ca: sm2_ca.Sm2CA) -> Path:
    """Return a folder with a bid sealed with the national algorithms."""
    return sealed(tmp_path / "bid", national, national_ca, GM)


def test_the_national_page_opens_a_bid(folder: Path) -> None:
    done = run(folder, NATIONAL)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-2:] == ["报价 9120000.00 附件 2 个", "全部相符"]
    assert (folder / "opened" / "attachments" / "技术标.pdf").stat().st_size == 70_009
    (folder / "encryption.pem").unlink()  # with the published bid_key alone
    assert run(folder, NATIONAL).stdout.endswith("全部相符\n")


@pytest.mark.parametrize("part", ["bid.sm4", "key.p7m", "manifest.json", "manifest.p7s"])
def test_one_changed_byte_stops_the_national_page_too(folder: Path, part: str) -> None:
    data = bytearray((folder / part).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / part).write_bytes(bytes(data))
    done = run(folder, NATIONAL)
    assert done.returncode != 0 and "全部相符" not in done.stdout


def test_another_ca_stops_the_national_page(folder: Path, tmp_path: Path) -> None:
    other = sm2_ca.Sm2CA(tmp_path / "other")
    shutil.copy(other.folder / "issuing.crt", folder / "ca.pem")
    done = run(folder, NATIONAL)
    assert done.returncode != 0 and "全部相符" not in done.stdout
