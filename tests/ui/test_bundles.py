"""The committed bundle is the one that is listed, and the log says which one is served."""

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from ggzy.evidence.models import Entry
from ggzy.jobs import bundles as job
from ggzy.ui import bundles

ROOT = Path(__file__).parents[2]


def test_the_committed_bundle_is_the_listed_one() -> None:
    listed = json.loads((bundles.VENDOR / "BUNDLES.json").read_text())
    assert {row["file"] for row in listed} == {path.name for path in bundles.VENDOR.glob("*.js")}
    licences = (bundles.VENDOR / "LICENSES.txt").read_text()
    for row in listed:
        made = (bundles.VENDOR / row["file"]).read_bytes()
        assert (len(made), hashlib.sha256(made).hexdigest()) == (row["size"], row["sha256"])
        assert not re.search(rb"\beval\(|new Function", made)
        # what shows a PDF names namespaces, and WebAssembly that the desk tells it to leave alone
        assert row["file"] in bundles.READING or not re.search(rb"WebAssembly|https?://", made)
        assert all(f"{p['name']} {p['version']} ({p['licence']})" in licences for p in row["packages"])


def test_the_lock_file_names_hashes_and_no_registry() -> None:
    text = (ROOT / "tools" / "browser" / "package-lock.json").read_text()
    lock = json.loads(text)
    wanted = json.loads((ROOT / "tools" / "browser" / "package.json").read_text())
    assert "://" not in text and "resolved" not in text
    assert all(one.get("integrity") for name, one in lock["packages"].items() if name)
    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert lock["packages"][f"node_modules/{name}"]["version"] == version
    shipped = {
        p["name"]: p["version"]
        for row in json.loads((bundles.VENDOR / "BUNDLES.json").read_text())
        for p in row["packages"]
    }
    assert shipped.keys() >= wanted["dependencies"].keys()


def test_what_shows_a_pdf_is_on_no_page_that_seals() -> None:
    assert {b.file for b in bundles.bundles()} - {
        b.file for b in bundles.sealing_bundles()
    } == bundles.READING
    assert bundles.sealing_bundles()[0].file == "bidkit.js"


def test_the_log_says_once_which_bundle_is_served(platform: Any, monkeypatch: Any) -> None:
    assert job.note_bundles(now=platform.now) and not job.note_bundles(now=platform.now)
    (entry,) = Entry.objects.filter(act=job.ACT)
    assert entry.fields["bundles"]["value"] == [
        {"file": b.file, "sha256": b.sha256} for b in bundles.bundles()
    ]
    other = (bundles.Bundle(file="bidkit.js", sha256="00" * 32),)
    monkeypatch.setattr(job, "bundles", lambda: other)
    assert job.note_bundles(now=platform.now) and not job.note_bundles(now=platform.now)
    assert Entry.objects.filter(act=job.ACT).count() == 2
