"""A whole tender to its archive; the package is tested by strangers; nobody gets more than is theirs."""

import json
import os
import subprocess
import sys
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from ggzy.archives import bag, rules
from ggzy.archives.check import check, is_defect
from ggzy.client import story
from ggzy.client.party import Party
from ggzy.kernel.actors import Role
from tests.conftest import BASE
from tests.journeys.tale import PRICES, Tale
from tests.journeys.test_whole_tender import no

pytestmark = pytest.mark.journey
ROOT = Path(__file__).resolve().parents[2]


def made(tale: Tale, party: Party, path: str, target: Path, *, reader: Party | None = None) -> Path:
    """Ask for a package, let it be made; let its reader (who asked, where nobody is named) download it; unpack it."""
    package = party.post(path)["package"]
    assert party.post(path)["package"] == package, "while one is being made there is no second"
    tale.platform.work()
    tale.platform.sequence()
    tale.platform.advance(tale.platform.now + timedelta(seconds=2))
    row = party.get(f"/packages/{package}")
    assert row["state"] == "ready", row
    reply = download(tale, reader or party, package)
    assert reply.status_code == 200
    target.mkdir(parents=True)
    (target / "package.zip").write_bytes(reply.content)
    with zipfile.ZipFile(target / "package.zip") as archive:
        archive.extractall(target)
    return next(p for p in target.iterdir() if p.is_dir())


def download(tale: Tale, party: Party, package: str) -> httpx.Response:
    """Ask for the file of a package."""
    with httpx.Client(base_url=BASE, transport=tale.platform.transport) as client:
        token = {"Authorization": f"Bearer {party.token}"}
        return client.get(f"/api/v1/packages/{package}/file", headers=token)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a command as a stranger would: no database, no settings."""
    env = {"PATH": os.environ["PATH"], "PYTHONUTF8": "1"}
    return subprocess.run([sys.executable, *command], env=env, capture_output=True, text=True, check=False)


def text_of(folder: Path) -> str:
    """Return every readable byte of a package."""
    return "\n".join(p.read_bytes().decode("utf-8", "ignore") for p in folder.rglob("*") if p.is_file())


def failed(folder: Path) -> list[str]:
    return [f.name for f in check(folder) if f.outcome == "failed"]


def performing(platform: Any, folder: Path) -> Tale:
    tale = Tale(platform, folder).notified()
    story.contract(tale.owner, tale.winner, tale.round)
    path = f"/rounds/{tale.round}/archive"
    no(tale.owner.post, path, {}, code="archives.too_early")
    starts = (platform.now + timedelta(days=2)).date().isoformat()
    tale.owner.post(f"/rounds/{tale.round}/performance", {"bond": "0", "starts_on": starts})
    return tale


def test_a_whole_tender_is_archived(platform: Any, folder: Path, tmp_path: Path) -> None:
    tale = performing(platform, folder)
    path = f"/rounds/{tale.round}/archive"
    no(tale.owner.get, f"{path}/hand-over?retention=30y", code="archives.not_ready")
    for stranger in ("jia", "jiandu"):
        no(platform.demo(stranger).post, path, {}, code="permission.denied")
    package = made(tale, tale.owner, path, tmp_path / "archive", reader=platform.demo("jiandu"))
    assert not failed(package)
    state = tale.owner.get(path)
    assert state["may_hand_over"] and not [i for i in state["items"] if i["state"] == "missing"]

    # a stranger, years later: no database, no settings; then without this platform at all
    env_free = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!r}); from ggzy.cli import main; sys.exit(main(sys.argv[1:]))"
    said = run("-c", env_free, "archive", "check", str(tmp_path / "archive" / "package.zip"))
    assert said.returncode == 0 and "没有不符" in said.stdout, said.stdout + said.stderr
    said = run(str(package / "tools" / "verify.pyz"), str(package))
    assert said.returncode == 0 and "真实性: 通过" in said.stdout, said.stdout + said.stderr

    # who may know of it: owner side, centre, supervisor; a bidder not. The whole is nobody's before the hand-over
    newest = state["packages"][0]["package"]
    for reader in ("zhongxin", "jiandu"):
        assert platform.demo(reader).get(f"/packages/{newest}")["sha256"]
    no(platform.demo("jia").get, f"/packages/{newest}", code="not_found")
    assert list((package / "data" / "6-evaluation").glob("sheets-*.json")), "each member's own sheets"
    for reader in ("zhaobiao", "zhongxin"):
        no(platform.demo(reader).get, f"/packages/{newest}/file", code="archives.whole_after_hand_over")
    copy = made(tale, platform.demo("zhongxin"), f"/rounds/{tale.round}/pack", tmp_path / "centre")
    assert not failed(copy) and not list((copy / "data" / "6-evaluation").glob("sheets-*.json"))
    package = made(tale, tale.owner, path, tmp_path / "again", reader=platform.demo("jiandu"))
    newest = tale.owner.get(path)["packages"][0]["package"]

    waiting = tale.owner.get(f"{path}/hand-over?retention=30y")
    no(tale.owner.get, f"{path}/hand-over?retention=5y", code="input.invalid")
    body = {"retention": "permanent", "signature": tale.owner.signature_on(waiting["to_sign"])}
    with pytest.raises(Exception, match="签名"):
        tale.owner.post(f"{path}/hand-over", body)
    assert tale.stage() == "PERFORMING"
    tale.owner.post(f"{path}/hand-over", body | {"retention": "30y"})
    assert tale.stage() == "ARCHIVED"
    no(tale.owner.post, f"{path}/hand-over", body | {"retention": "30y"}, code="procedure.move_not_allowed")
    assert download(tale, tale.owner, newest).status_code == 200
    assert download(tale, platform.demo("zhongxin"), newest).status_code == 403

    # tampering with a file, an entry, a field of the metadata is found and named, also when the bag is closed again
    letter = package / "data" / "7-result" / "letter-1.pdf"
    kept = letter.read_bytes()
    letter.write_bytes(kept.replace(b"%PDF-1", b"%PDF-2", 1))
    assert "integrity.file.data/7-result/letter-1.pdf" in failed(package)
    letter.write_bytes(kept)
    evidence = package / "data" / "8-evidence" / "evidence.json"
    kept = evidence.read_bytes()
    pack = json.loads(kept)
    entry = next(e for e in pack["entries"] if json.loads(e["leaf"])["act"] == "awarding.awarded")
    entry["fields"]["price"]["value"] = "1.00"
    evidence.write_text(json.dumps(pack), encoding="utf-8")
    assert f"authenticity.entry.{entry['entry_hash'][:12]}.field.price" in failed(package)
    evidence.write_bytes(kept)
    metadata = package / "data" / "metadata.json"
    said_of = json.loads(metadata.read_bytes())
    said_of["unit"]["责任者"] = "别的单位"
    metadata.write_text(json.dumps(said_of), encoding="utf-8")
    (package / bag.MANIFEST).write_text(bag.manifest(package), encoding="utf-8")
    assert {"authenticity.metadata.责任者", "authenticity.manifest"} <= set(failed(package))


def test_a_dispute_pack_holds_what_its_reader_may_see(platform: Any, folder: Path, tmp_path: Path) -> None:
    tale = Tale(platform, folder).sealed()
    path = f"/rounds/{tale.round}/pack"
    for name in ("jia", "ding"):  # who bid and who did not are answered alike
        no(platform.demo(name).post, path, {}, code="archives.nothing_yet")
    no(platform.demo("zhongxin").post, path, {}, code="archives.too_early")
    early = made(tale, platform.demo("jiandu"), path, tmp_path / "early")
    for name in PRICES:
        assert tale.bidder(name).uscc not in text_of(early) and tale.bidder(name).name not in text_of(early)
    platform.advance(tale.deadline + timedelta(seconds=1))
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")
    for name in PRICES:
        tale.release(name)
    platform.work()
    own = made(tale, platform.demo("jia"), path, tmp_path / "jia")
    assert not failed(own)
    assert len(list((own / "data" / "5-bids").iterdir())) == 1
    no(platform.demo("ding").post, path, {}, code="permission.denied")
    assert "谁在何时依何条款办了何事" in (own / "data" / "timeline.html").read_text(encoding="utf-8")
    whole = made(tale, platform.demo("jiandu"), path, tmp_path / "supervisor")
    lines = (whole / "data" / "timeline.html").read_text(encoding="utf-8")
    assert f"招标人 {tale.owner.name}" in lines and f"投标人 {tale.bidder('yi').name}" in lines
    assert f"招标人 {tale.owner.name}" not in (own / "data" / "timeline.html").read_text(encoding="utf-8")
    assert not failed(whole) and len(list((whole / "data" / "5-bids").iterdir())) == 3


def test_a_failed_round_says_nothing_of_other_bidders(platform: Any, folder: Path, tmp_path: Path) -> None:
    tale = Tale(platform, folder).closed("jia", "yi")
    assert tale.stage() == "FAILED"
    platform.sequence()
    before = {e["act"] for e in platform.anonymous().get("/evidence/feed?limit=1000")["entries"]}
    own = made(tale, platform.demo("jia"), f"/rounds/{tale.round}/pack", tmp_path / "jia")
    platform.sequence()
    after = {e["act"] for e in platform.anonymous().get("/evidence/feed?limit=1000")["entries"]}
    assert after == before, "a leaf would tell that a bidder asked"
    archive = made(tale, tale.owner, f"/rounds/{tale.round}/archive", tmp_path / "archive")
    assert not failed(archive)
    others = tale.bidder("yi")
    assert others.name not in text_of(own) and others.uscc not in text_of(own)
    for name in ("jia", "yi"):
        party = tale.bidder(name)
        assert party.name not in text_of(archive) and party.uscc not in text_of(archive)
    assert not (archive / "data" / "5-bids").exists()
    # it is handed over as it stands, once
    waiting = tale.owner.get(f"/rounds/{tale.round}/archive/hand-over?retention=10y")
    body = {"retention": "10y", "signature": tale.owner.signature_on(waiting["to_sign"])}
    tale.owner.post(f"/rounds/{tale.round}/archive/hand-over", body)
    assert tale.stage() == "FAILED"
    assert tale.owner.get(f"/rounds/{tale.round}/archive")["handed_over"]["retention"] == "10y"
    again = f"/rounds/{tale.round}/archive/hand-over"
    no(tale.owner.post, again, body, code="archives.handed_over_already")


def test_a_package_killed_halfway_is_made_anew_and_the_pages_show_it(
    platform: Any, folder: Path, tmp_path: Path, settings: Any
) -> None:
    tale = Tale(platform, folder).closed("jia", "yi")
    platform.sequence()
    path = f"/rounds/{tale.round}/archive"
    package = tale.owner.post(path)["package"]
    draft = settings.FILES / "packages" / f"{package}.draft"
    (draft / "data").mkdir(parents=True)
    (draft / "data" / "left-behind.json").write_text("half", encoding="utf-8")
    platform.work()
    platform.sequence()
    platform.advance(platform.now + timedelta(seconds=2))
    assert tale.owner.get(f"/packages/{package}")["state"] == "ready" and not draft.exists()
    with httpx.Client(base_url=BASE, transport=platform.transport) as client:

        def page(who: str) -> httpx.Response:
            return client.get(f"/work{path}", headers={"Cookie": f"ggzy_session={platform.demo(who).token}"})

        assert "公开级" in page("zhaobiao").text and package in page("zhongxin").text
        assert package not in page("yi").text and page("zhuanjia01").status_code == 403


def test_a_limit_that_was_missed_is_told_and_is_no_defect_of_the_archive(
    platform: Any, folder: Path, tmp_path: Path
) -> None:
    tale = Tale(platform, folder).reported()
    platform.advance(platform.now + timedelta(days=9))
    tale.owner.post(f"/rounds/{tale.round}/publicity")
    pack = made(tale, platform.demo("jiandu"), f"/rounds/{tale.round}/pack", tmp_path / "late")
    late = [f for f in check(pack) if f.outcome == "failed"]
    assert {f.name for f in late} == {"process.clock.GC-T12"} and not any(map(is_defect, late))


@pytest.mark.pure
def test_what_is_missing_is_named_with_who_owes_it() -> None:
    rows = {r.key: r for r in rules.standing(["tendering.published", "evaluation.reported"])}
    assert rows["review"].state == "missing" and rows["review"].owes == "招标人"
    assert rows["report-signed"].state == "missing" and rows["report-signed"].owes == "评标委员会"
    assert rows["contract"].state == "not_due" and rows["approval"].state == "elsewhere"
    assert len({i.key for i in rules.ITEMS}) == len(rules.ITEMS) >= 55


@pytest.mark.pure
@pytest.mark.parametrize(
    ("facts", "refusal"),
    [
        ({"ready": False}, rules.NotReady),
        ({"failed": 1}, rules.TestFailed),
        ({"missing": ["合同"]}, rules.TestFailed),
        ({"acts_now": 8}, rules.PackageStale),
    ],
)
def test_only_a_good_and_fresh_package_is_handed_over(
    facts: dict[str, Any], refusal: type[Exception]
) -> None:
    good: dict[str, Any] = {"ready": True, "failed": 0, "missing": [], "acts_in": 7, "acts_now": 7}
    rules.require_may_hand_over(**good)
    with pytest.raises(refusal):
        rules.require_may_hand_over(**{**good, **facts})


@pytest.mark.pure
@pytest.mark.parametrize(
    ("role", "tenderee", "level", "handed_over", "whole"),
    [
        (Role.TENDEREE, True, "supervisor", True, True),
        (Role.TENDEREE, True, "supervisor", False, False),
        (Role.TENDEREE, False, "supervisor", True, False),
        (Role.AGENCY, False, "supervisor", True, False),
        (Role.CENTRE, False, "supervisor", True, False),
        (Role.SUPERVISOR, False, "supervisor", False, True),
        (Role.CENTRE, False, "public", False, True),
    ],
)
def test_the_whole_archive_is_the_tenderees_once_handed_over(
    role: Role, tenderee: bool, level: str, handed_over: bool, whole: bool
) -> None:
    found = rules.may_have_whole(role=role, tenderee=tenderee, level=level, handed_over=handed_over)
    assert found is whole
