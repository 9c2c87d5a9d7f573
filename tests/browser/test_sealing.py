"""A bid sealed, tried, handed in and opened in a real browser, and opened beside it by openssl, age and our client."""

import base64
import io
import json
import secrets
import shutil
import subprocess
import tarfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from ggzy.bidding import bidbox
from ggzy.bidding.models import Bid
from ggzy.client import story
from ggzy.client.party import Identity
from ggzy.client.story import PASSWORD
from ggzy.identity import cms
from ggzy.kernel import files
from tests.browser.test_signing import _signed_in
from tests.browser.visitor import DESK, IN_A_BROWSER, PHONE, Visitor
from tests.fronts.fronttale import FrontTale
from tests.journeys.tale import Tale
from tests.journeys.test_changes import change
from tests.journeys.test_two_envelopes import two_enveloped

pytestmark = IN_A_BROWSER
HAVE = {tool: shutil.which(tool) for tool in ("openssl", "age")}


def _attachments(folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    chinese, plain = folder / "技术标 第一册.pdf", folder / "offer.xlsx"
    chinese.write_bytes(b"%PDF-1.7 " + bytes(range(256)) * 900)
    plain.write_bytes(b"PK\x03\x04 not really")
    return [chinese, plain]


def _fill_in(window: Any, attachments: list[Path], *, price: str = "9120000") -> None:
    window.fill("[data-seal-form] [name=price]", price)
    window.fill("[data-seal-form] [name=manager]", "赵强")
    window.fill("[data-seal-form] [name=manager_certificate]", "训1370000000001")
    window.set_input_files("[data-attach]", [str(path) for path in attachments])
    _seal(window)


def _seal(window: Any) -> None:
    window.click("button:has-text('加密并试开')")


def _opens(window: Any) -> None:
    window.locator("[data-opens]", has_text="这份投标文件能够打开").wait_for()


def _hand_in(window: Any) -> None:
    window.click("[data-hand-in]")
    window.locator("[data-received]", has_text="已签发回执").wait_for()


def _downloaded(window: Any, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    window.click("summary:has-text('下载四个密封文件')")
    for name in ("manifest.json", "manifest.p7s", "key.p7m", "bid.age"):
        with window.expect_download() as saved:
            window.click(f"[data-downloads] button:has-text('{name}')")
        saved.value.save_as(folder / name)
    return folder


def _opened_by_openssl_and_age(sealed: Path, pem: bytes, folder: Path) -> tuple[str, dict[str, bytes]]:
    """Return the bid_key and what is in the tar, with none of our code."""
    if not all(HAVE.values()):
        pytest.skip("缺少 openssl 或 age")
    (folder / "own.pem").write_bytes(pem)
    own = str(folder / "own.pem")
    openssl = ["openssl", "cms", "-decrypt", "-inform", "DER", "-in", str(sealed / "key.p7m")]
    key = subprocess.run(
        [*openssl, "-inkey", own, "-recip", own], capture_output=True, check=True
    ).stdout.decode()
    verify = ["openssl", "cms", "-verify", "-inform", "DER", "-in", str(sealed / "manifest.p7s"), "-noverify"]
    subprocess.run(
        [*verify, "-binary", "-content", str(sealed / "manifest.json")], capture_output=True, check=True
    )
    (folder / "key.txt").write_text(key)
    plain = subprocess.run(
        ["age", "-d", "-i", str(folder / "key.txt"), str(sealed / "bid.age")], capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
        return key, {m.name: tar.extractfile(m).read() for m in tar}  # type: ignore[union-attr]


def _to_the_opening(tale: Tale) -> None:
    tale.platform.sequence()
    tale.platform.advance(tale.deadline + timedelta(seconds=1))
    tale.owner.post(f"/tenders/{tale.tender['tender']}/opening")


def _decrypts(visitor: Any, tale: Tale) -> None:
    window = visitor.open(f"/work/rounds/{tale.round}/bid")
    window.click("[data-open]")
    window.locator("#key", has_text="密钥已收到").wait_for()
    tale.platform.work()
    assert "解密成功" in visitor.open(f"/work/rounds/{tale.round}/bid").inner_text("#key")


def test_a_bid_is_sealed_tried_handed_in_and_opened(
    committed_platform: Any, live_server: Any, chromium: Any, folder: Path
) -> None:
    tale = Tale(committed_platform, folder).sealed("yi", "bing")
    visitor = _signed_in(chromium, live_server.url, "jia")
    window, sent = visitor.open(f"/work/rounds/{tale.round}/bid"), []
    window.on("request", lambda request: sent.append(request.post_data_buffer or b""))
    attachments = _attachments(folder / "files")
    _fill_in(window, attachments)
    _opens(window)
    assert "技术标 第一册.pdf" in window.inner_text("[data-inside]")
    assert len(window.inner_text("[data-bundle]")) == 64

    # the recovery code is the bid_key itself; the four files are the command line's
    window.click("summary:has-text('恢复码')")
    window.click("[data-recovery]")
    window.locator("[data-recovery-code]", has_text="AGE-SECRET-KEY-1").wait_for()
    code = window.inner_text("[data-recovery-code]")
    sealed = _downloaded(window, folder / "down")
    identity = tale.bidder("jia").identity
    key, inside = _opened_by_openssl_and_age(sealed, identity.to_pem(), folder)
    assert key == code
    assert list(inside) == ["bid.json", "attachments/技术标 第一册.pdf", "attachments/offer.xlsx"]
    assert [*inside.values()][1:] == [path.read_bytes() for path in attachments]
    for size in (DESK, PHONE):
        window.set_viewport_size(size)
        visitor.fits("sealed")

    # it is still there after the page was left
    window = visitor.open(f"/work/rounds/{tale.round}/bid")
    window.click("[data-kept] button:has-text('试开后递交')")
    _opens(window)
    _hand_in(window)
    with window.expect_download() as saved:
        window.click("[data-received] button")
    acknowledgement = json.loads(Path(saved.value.path()).read_text())

    # what arrived is what was downloaded, and opens with the Python client's code
    bid = Bid.objects.order_by("-pk")[0]
    assert acknowledgement and bytes(bid.manifest) == (sealed / "manifest.json").read_bytes()
    manifest = bidbox.read_manifest(bytes(bid.manifest))
    assert cms.open_envelope(bytes(bid.envelope), key=identity.key).decode() == key
    opened = bidbox.open_payload(files.sealed_path(bid.payload), bid_key=key, manifest=manifest)
    assert opened.fields["price"] == "9120000.00" and opened.fields["manager"]["name"] == "赵强"
    assert opened.fields["commitments"] == ["响应招标文件全部要求"]
    file = tale.bidder("jia").get(f"/tenders/{tale.tender['tender']}/file")
    assert manifest["tender_file"] == file["sha256"]
    handed = b"".join(
        [*sent, bytes(bid.manifest), bytes(bid.envelope), files.sealed_path(bid.payload).read_bytes()]
    )
    secret = (b"9120000", "赵强".encode(), key.encode(), "技术标".encode(), b"PRIVATE")
    assert not any(word in handed for word in secret)

    _to_the_opening(tale)
    _decrypts(visitor, tale)
    assert visitor.complaints == []


def _with_rsa(party: Any) -> Identity:
    """Bind an RSA certificate to a party and return it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, party.name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    csr = request.public_bytes(serialization.Encoding.PEM).decode()
    made = party.post("/certificates", {"csr": csr})
    return Identity(key, x509.load_pem_x509_certificate(made["pem"].encode()))


def test_an_rsa_certificate_seals_and_opens(
    committed_platform: Any, live_server: Any, chromium: Any, folder: Path
) -> None:
    tale = Tale(committed_platform, folder).sealed("jia", "yi")
    identity = _with_rsa(tale.bidder("bing"))
    pem = folder / "rsa.pem"
    pem.write_bytes(identity.to_pem())
    visitor = Visitor(chromium, live_server.url, DESK)
    window = visitor.open(f"/login?next=/work/rounds/{tale.round}/bid")

    def without_files_of_its_own(route: Any) -> None:
        answer = route.fetch()
        body = answer.text().replace("navigator.storage.getDirectory()", "Promise.reject(new Error())")
        route.fulfill(response=answer, body=body)

    # and where the browser keeps no files of its own, the ciphertext is kept as Blobs
    window.route("**/bidworker.js", without_files_of_its_own)
    window.on("dialog", lambda dialog: dialog.accept())
    window.fill("[name=username]", "bing")
    window.fill("[name=password]", PASSWORD)
    window.keyboard.press("Enter")
    window.wait_for_url("**/login?step=certificate**")  # loaded: the page listens
    window.set_input_files("input[type=file]", str(pem))
    window.wait_for_url("**/bid")
    attachments = _attachments(folder / "files")
    _fill_in(window, attachments)
    _opens(window)
    sealed = _downloaded(window, folder / "down")
    _, inside = _opened_by_openssl_and_age(sealed, identity.to_pem(), folder)
    assert [*inside.values()][1:] == [path.read_bytes() for path in attachments]
    _hand_in(window)
    _to_the_opening(tale)
    _decrypts(visitor, tale)
    assert visitor.complaints == []


def test_what_the_command_line_sealed_is_opened_by_the_button(
    committed_platform: Any, live_server: Any, chromium: Any, folder: Path
) -> None:
    tale = Tale(committed_platform, folder).opened()
    visitor = _signed_in(chromium, live_server.url, "jia")
    window = visitor.open(f"/work/rounds/{tale.round}/bid")

    # kept before keys were kept for opening: the file is asked for once more; another's key is told apart
    fingerprint = tale.bidder("jia").identity.fingerprint
    window.evaluate(
        """(name) => new Promise((done) => { const open = indexedDB.open("ggzy", 1); open.onsuccess = () => {
             const act = open.result.transaction("keys", "readwrite"); act.objectStore("keys").delete(name);
             act.oncomplete = () => { open.result.close(); done(); }; }; })""",
        f"{fingerprint}:opener",
    )
    window.click("[data-open]")
    window.locator("[data-key-says]", has_text="以前存入的, 只能签名").wait_for()
    assert "恢复码" in window.inner_text("[data-open-says]")
    other, own = folder / "other.pem", folder / "own.pem"
    other.write_bytes(tale.bidder("yi").identity.to_pem())
    own.write_bytes(tale.bidder("jia").identity.to_pem())
    window.set_input_files("#key [data-key-file]", str(other))
    window.locator("[data-key-says]", has_text="另一张证书的私钥").wait_for()
    window.set_input_files("#key [data-key-file]", str(own))
    window.locator("#key", has_text="密钥已收到").wait_for()
    committed_platform.work()
    assert "解密成功" in visitor.open(f"/work/rounds/{tale.round}/bid").inner_text("#key")

    # a recovery code alone opens too, in a browser that has no key
    visitor = _signed_in(chromium, live_server.url, "yi")
    folder_of_yi = folder / tale.round / "yi"
    code = cms.open_envelope((folder_of_yi / "key.p7m").read_bytes(), key=tale.bidder("yi").identity.key)
    window = visitor.open(f"/work/rounds/{tale.round}/bid")
    window.click("summary:has-text('恢复码')")
    window.fill("[name=bid_key]", code.decode())
    window.click("button:has-text('交出密钥, 解密')")
    window.locator("#key", has_text="密钥已收到").wait_for()
    assert visitor.complaints == []


def test_openssl_and_the_browser_open_each_others_envelopes(
    committed_platform: Any, live_server: Any, chromium: Any, folder: Path
) -> None:
    if not HAVE["openssl"]:
        pytest.skip("缺少 openssl")
    folder.mkdir(parents=True, exist_ok=True)
    party = committed_platform.demo("jia")
    window = Visitor(chromium, live_server.url, DESK).open("/login")
    script = """async ({ pem, envelope }) => {
      const { importPem, blocks, bytes } = await import("/static/ui/sign.js");
      const { openEnvelope } = await import("/static/ui/cms.js");
      const { opener } = await importPem(pem);
      return openEnvelope(bytes(envelope), opener, blocks(pem, "CERTIFICATE")).catch((no) => no.message);
    }"""
    both = ["rsa_padding_mode:oaep", "rsa_oaep_md:sha256"], ["ecdh_kdf_md:sha256"]
    identities = _with_rsa(party), party.identity
    for identity, other, options in zip(identities, reversed(identities), both, strict=True):
        pem = folder / "own.pem"
        pem.write_bytes(identity.to_pem())
        command = ["openssl", "cms", "-encrypt", "-aes256", "-binary", "-outform", "DER", "-recip", str(pem)]
        command += [part for option in options for part in ("-keyopt", option)]
        made = subprocess.run(command, input=b"AGE-SECRET-KEY-1TEST", capture_output=True, check=True).stdout
        ours = cms.seal_to(identity.certificate, b"AGE-SECRET-KEY-1TEST")
        for envelope in (made, ours):
            asked = {"pem": pem.read_text(), "envelope": base64.b64encode(envelope).decode()}
            assert window.evaluate(script, asked) == "AGE-SECRET-KEY-1TEST"
            wrong = window.evaluate(script, asked | {"pem": other.to_pem().decode()})
            assert "另一张证书" in wrong


def test_what_is_filled_in_is_held_against_the_tender_file(
    committed_platform: Any, live_server: Any, chromium: Any, folder: Path
) -> None:
    tale = Tale(committed_platform, folder, changes={"consortium_allowed": True}).published()
    visitor = _signed_in(chromium, live_server.url, "jia")
    window = visitor.open(f"/work/rounds/{tale.round}/bid")
    says = window.locator("[data-checks]")
    _fill_in(window, [], price="一千万")
    says.filter(has_text="应为大于0的数字").wait_for()
    assert "请先改正" in says.inner_text()
    window.fill("[name=price]", "10,000,000.01")
    window.fill("[name=days]", "400")
    window.fill("[name=manager_certificate]", "")
    window.click("summary:has-text('联合体')")
    window.click("[data-add=member]")
    window.fill("[data-part=name]", "某设计院")
    _seal(window)
    says.filter(has_text="统一社会信用代码不完整").wait_for()
    window.fill("[data-part=uscc]", tale.bidder("yi").uscc)
    window.check("[name=registry]")
    _seal(window)
    says.filter(has_text="高于最高投标限价").wait_for()
    for hint in ("长于招标文件要求的 365", "证书编号", "应附联合体协议", "没有选择附件"):
        assert hint in says.inner_text()
    # a hint is a hint: who means it goes on
    _seal(window)
    _opens(window)
    _hand_in(window)
    bid = Bid.objects.order_by("-pk")[0]
    key = cms.open_envelope(bytes(bid.envelope), key=tale.bidder("jia").identity.key).decode()
    manifest = bidbox.read_manifest(bytes(bid.manifest))
    fields = bidbox.open_payload(files.sealed_path(bid.payload), bid_key=key, manifest=manifest).fields
    assert fields["members"] == [{"name": "某设计院", "uscc": tale.bidder("yi").uscc}]
    assert fields["price"] == "10000000.01" and "sha256" in fields["registry"]
    assert visitor.complaints == []


def test_sealing_is_paused_and_given_up(
    committed_platform: Any, live_server: Any, chromium: Any, folder: Path
) -> None:
    tale = Tale(committed_platform, folder).published()
    visitor = _signed_in(chromium, live_server.url, "jia")
    window = visitor.open(f"/work/rounds/{tale.round}/bid")
    folder.mkdir(parents=True, exist_ok=True)
    large = folder / "大文件.bin"
    large.write_bytes(secrets.token_bytes(48 << 20))
    _fill_in(window, [large])
    window.click("[data-pause]")
    bar = window.locator("[data-running] progress")
    window.wait_for_timeout(300)
    stood = bar.get_attribute("value")
    window.wait_for_timeout(500)
    assert bar.get_attribute("value") == stood and float(stood) < 1
    window.click("[data-pause]")
    window.wait_for_function(
        "(was) => document.querySelector('[data-running] progress').value > was", arg=float(stood)
    )
    window.click("[data-cancel]")
    window.locator("[data-trouble]", has_text="已取消").wait_for()
    assert window.locator("[data-seal-form]").is_visible() and window.input_value("[name=price]") == "9120000"
    left = """async () => { const names = []; const all = await (await navigator.storage.getDirectory()).getDirectoryHandle("sealed");
      for await (const [, folder] of all) for await (const [name] of folder) names.push(name); return names; }"""
    assert window.evaluate(left) == []
    _seal(window)
    _opens(window)
    assert sorted(window.evaluate(left)) == ["bid.age", "key.p7m", "manifest.json", "manifest.p7s"]
    window.click("[data-discard]")
    window.locator("[data-seal-form]").wait_for()
    assert visitor.complaints == []


def test_an_application_without_a_price_is_sealed_and_opened(
    committed_platform: Any, live_server: Any, chromium: Any, folder: Path
) -> None:
    tale = FrontTale(committed_platform, folder).noticed()
    for name in ("yi", "bing"):
        tale.apply(name)
    visitor = _signed_in(chromium, live_server.url, "jia")
    address = f"/work/fronts/{tale.front}/package"
    window = visitor.open(address)
    window.fill("[data-seal-form] [name=text]", "建筑工程施工总承包一级")
    window.fill("[name=manager]", "赵强")
    window.fill("[name=manager_certificate]", "训1370000000001")
    window.set_input_files("[data-attach]", [str(path) for path in _attachments(folder / "files")])
    visitor.fits("front")
    _seal(window)
    _opens(window)
    _hand_in(window)
    tale.front_closed()
    window = visitor.open(address)
    window.click("[data-open]")
    window.locator("#key", has_text="密钥已收到").wait_for()
    committed_platform.work()
    assert "解密成功" in visitor.open(address).inner_text("#key")
    assert visitor.complaints == []


def test_a_bid_against_an_old_file_is_replaced_or_confirmed(
    committed_platform: Any, live_server: Any, chromium: Any, folder: Path
) -> None:
    tale = Tale(committed_platform, folder).published()
    visitor = _signed_in(chromium, live_server.url, "jia")
    window = visitor.open(f"/work/rounds/{tale.round}/bid")
    _fill_in(window, _attachments(folder / "files"))
    _opens(window)
    change(tale.owner, tale, kind="clarify", text="补充说明: 不改变要求")
    window.click("[data-hand-in]")
    window.locator("[data-trouble]", has_text="旧版招标文件").wait_for()
    assert all("409" in text for text in visitor.complaints)
    visitor.complaints.clear()
    window.check("[name=old_file] >> visible=true")
    _hand_in(window)

    # a second one replaces it
    window = visitor.open(f"/work/rounds/{tale.round}/bid")
    window.locator("[data-kept]", has_text="就是已递交的这一份").wait_for()
    _fill_in(window, _attachments(folder / "files"), price="9000000")
    _opens(window)
    _hand_in(window)
    assert "已替换" in window.inner_text("[data-received]")
    assert visitor.complaints == []


def test_two_envelopes_are_sealed_and_opened_one_after_the_other(
    committed_platform: Any, live_server: Any, chromium: Any, folder: Path
) -> None:
    tale = two_enveloped(committed_platform, folder).sealed("yi", "bing")
    visitor = _signed_in(chromium, live_server.url, "jia")
    window = visitor.open(f"/work/rounds/{tale.round}/bid")
    assert "本标段采用双信封" in window.inner_text("#seal")
    first, offer = _attachments(folder / "files")
    window.set_input_files("[name=priced]", str(offer))
    _fill_in(window, [first])
    _opens(window)
    said = window.inner_text("[data-inside]")
    assert "9,120,000.00 元" in said and "offer.xlsx" in said and "第二信封-" not in said
    window.click("summary:has-text('恢复码')")
    window.click("[data-recovery]")
    window.locator("[data-recovery-code]", has_text="第二信封 AGE-SECRET-KEY-1").wait_for()
    sealed = _downloaded(window, folder / "down")
    _hand_in(window)
    identity = tale.bidder("jia").identity
    assert identity is not None
    _, inside = _opened_by_openssl_and_age(sealed, identity.to_pem(), folder)
    second = folder / "second"
    second.mkdir()
    for part, name in bidbox.SECOND.items():
        plain = {"payload": "bid.age", "envelope": "key.p7m"}.get(part, name.removeprefix("第二信封-"))
        (second / plain).write_bytes(inside[f"attachments/{name}"])
    _, offered = _opened_by_openssl_and_age(second, identity.to_pem(), second)
    assert json.loads(offered["bid.json"])["fields"]["price"] == "9120000.00"
    assert offered["attachments/offer.xlsx"] == offer.read_bytes()
    assert "price" not in json.loads(inside["bid.json"])["fields"]

    _to_the_opening(tale)
    _decrypts(visitor, tale)
    for name in ("yi", "bing"):
        tale.release(name)
    tale.platform.work()
    story.end_opening(tale.owner, tale.round)
    cast = tale.platform.cast()
    tale.draw = story.draw(tale.owner, cast, tale.tender["tender"])
    tale.members = story.check_in(cast, tale.draw, story.answer_calls(cast)[tale.draw])
    tale.owner.post(f"/draws/{tale.draw}/committee")
    story.evaluate(tale.members, tale.round, until_scored=True)
    at = tale.platform.now + timedelta(minutes=31)
    story.tell_second(tale.owner, tale.round, at=at)
    tale.platform.advance(at + timedelta(seconds=1))
    story.begin_second(tale.owner, tale.round)
    _decrypts(visitor, tale)
    for name in ("yi", "bing"):
        tale.release(name)
    tale.platform.work()
    hall = visitor.open(f"/rounds/{tale.round}/hall").inner_text("#second")
    assert "9,120,000.00" in hall and "9,340,000.00" in hall
