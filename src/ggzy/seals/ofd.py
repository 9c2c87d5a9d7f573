"""OFD packages with seals of GB/T 38540: unpacked with limits, their XML read without entities, every digest recomputed. Pure."""

import base64
import binascii
import hashlib
import posixpath
import zipfile
from dataclasses import dataclass
from io import BytesIO
from xml.etree import ElementTree  # noqa: S405 - only what `_tree` has passed: no DTD, no entity
from xml.parsers import expat

from ggzy.kernel.refusals import BadInput
from ggzy.seals import ses

MOST_FILES, MOST_UNPACKED, MOST_XML, MOST_RATIO, MOST_SEALS = (
    2000,
    200 * 1024 * 1024,
    8 * 1024 * 1024,
    200,
    50,
)
_DIGESTS = {
    "1.2.156.10197.1.401": "sm3",
    "sm3": "sm3",
    "sha256": "sha256",
    "2.16.840.1.101.3.4.2.1": "sha256",
}


def _no(says: str) -> BadInput:
    return BadInput(says, field="file")


class Package:
    """An unpacked OFD: names to bytes, read one by one within limits."""

    def __init__(self, data: bytes) -> None:
        """Look at the directory before anything is unpacked.

        :raises BadInput: no zip, too many or too large files, or a name that leaves the package
        """
        try:
            self._zip = zipfile.ZipFile(BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
            raise _no("OFD文件不完整或已损坏, 请重新下载后再核验") from None
        rows = [row for row in self._zip.infolist() if not row.is_dir()]
        if len(rows) > MOST_FILES:
            raise _no(f"OFD包内文件超过{MOST_FILES}个, 不予核验")
        if sum(row.file_size for row in rows) > MOST_UNPACKED:
            raise _no(f"OFD解开后超过{MOST_UNPACKED >> 20}MB, 不予核验")
        self._rows: dict[str, zipfile.ZipInfo] = {}
        for row in rows:
            _require_name(row.filename)
            if row.flag_bits & 1:
                raise _no("OFD包内有加密的文件, 不能核验")
            if row.file_size > 1 << 20 and row.file_size > MOST_RATIO * max(row.compress_size, 1):
                raise _no("OFD包内有压缩比异常的文件(可能是压缩炸弹), 不予核验")
            if row.filename in self._rows:
                raise _no("OFD包内有两个同名文件, 不知道哪个是真的, 不予核验")
            self._rows[row.filename] = row

    @property
    def names(self) -> set[str]:
        """Return the names of all files."""
        return set(self._rows)

    def read(self, name: str, *, most: int = MOST_UNPACKED) -> bytes:
        """Return a file; never more bytes than its directory entry says.

        :raises BadInput: not there, too large, or broken
        """
        row = self._rows.get(name)
        if row is None:
            raise _no(f"OFD包里缺少文件 {name[:80]}")
        if row.file_size > most:
            raise _no(f"OFD包里的 {name[:80]} 过大")
        try:
            with self._zip.open(row) as file:
                data = file.read(row.file_size + 1)
        except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError):
            raise _no("OFD文件不完整或已损坏, 请重新下载后再核验") from None
        except Exception as trouble:  # zlib has an error class of its own, other packers have theirs
            if type(trouble).__name__ not in {"error", "LZMAError"}:
                raise
            raise _no("OFD文件不完整或已损坏, 请重新下载后再核验") from None
        if len(data) > row.file_size:
            raise _no("OFD包内文件的实际大小与目录不符, 不予核验")
        return data

    def tree(self, name: str) -> ElementTree.Element:
        """Return a file as XML."""
        return _tree(self.read(name, most=MOST_XML), name)


def _require_name(name: str) -> None:
    parts = name.split("/")
    if (
        name.startswith("/")
        or "\\" in name
        or ".." in parts
        or ":" in name
        or "\x00" in name
        or len(name) > 300
    ):
        raise _no("OFD包内有指向包外的文件名, 不予核验")


def _tree(data: bytes, name: str) -> ElementTree.Element:
    """Return XML that has no document type and so no entities.

    :raises BadInput: it has one, or is no XML
    """

    def refuse(*_: object) -> int:
        raise _no(f"OFD里的 {name[:80]} 含有XML实体或文档类型声明, 不予核验")

    looker = expat.ParserCreate()
    looker.StartDoctypeDeclHandler = refuse
    looker.EntityDeclHandler = refuse
    looker.ExternalEntityRefHandler = refuse
    try:
        looker.Parse(data, True)
        return ElementTree.fromstring(data)  # noqa: S314 - looked through above
    except (expat.ExpatError, ElementTree.ParseError, ValueError, LookupError):
        raise _no(f"OFD里的 {name[:80]} 不是有效的XML") from None


def _local(node: ElementTree.Element) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _children(node: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [child for child in node if _local(child) == name]


def _text(node: ElementTree.Element, name: str) -> str:
    found = _children(node, name)
    return (found[0].text or "").strip() if found else ""


def _join(base: str, location: str) -> str:
    """Return a location in the package: from its root, or beside the file that names it.

    :raises BadInput: it leaves the package
    """
    location = location.strip()
    joined = location[1:] if location.startswith("/") else posixpath.join(posixpath.dirname(base), location)
    path = posixpath.normpath(joined)
    _require_name(path)
    return path


@dataclass(frozen=True, kw_only=True)
class Sealed:
    """One signature of an OFD: where it stands, what it names, which digests fit, and the seal's own structure."""

    id: str
    place: str
    method: str
    provider: str
    said: str
    references: int
    wrong: tuple[str, ...]
    #: digests by an algorithm that is not counted here
    unknown: tuple[str, ...]
    #: files of the package that this signature does not cover
    outside: tuple[str, ...]
    covers_itself: bool
    signature: ses.Signature | None
    trouble: str


def read(data: bytes) -> list[Sealed]:
    """Return the signatures of an OFD in their order; [] where there is none.

    :raises BadInput: no OFD, or one that is not unpacked here
    """
    package = Package(data)
    if "OFD.xml" not in package.names:
        raise _no("压缩包里没有OFD.xml, 这不是OFD文件")
    out: list[Sealed] = []
    lists: list[str] = []
    for body in _children(package.tree("OFD.xml"), "DocBody"):
        if where := _text(body, "Signatures"):
            lists.append(_join("OFD.xml", where))
    places: list[tuple[str, str, str]] = []
    for listed in lists:
        for one in _children(package.tree(listed), "Signature"):
            places.append((one.get("ID", ""), _join(listed, one.get("BaseLoc", "")), one.get("Type", "Seal")))
    if len(places) > MOST_SEALS:
        raise _no(f"文件中的签章超过{MOST_SEALS}个, 请联系签发单位核验")
    own = set(lists).union(*(_own_files(package, place) for _, place, _ in places))
    for id_, place, _ in places:
        out.append(_sealed(package, id_, place, own))
    return out


def _own_files(package: Package, place: str) -> set[str]:
    """Return the files of a signature itself, which it cannot cover: its description, its value, its stamp."""
    root = package.tree(place)
    info = (_children(root, "SignedInfo") or [root])[0]
    stamps = [one for node in _children(info, "Seal") for one in _children(node, "BaseLoc")]
    named = [one.text or "" for one in stamps] + [_text(root, "SignedValue"), _text(info, "SignedValue")]
    return {place} | {_join(place, one) for one in named if one.strip()}


def _sealed(package: Package, id_: str, place: str, own: set[str]) -> Sealed:
    raw = package.read(place, most=MOST_XML)
    root = _tree(raw, place)
    (info,) = _children(root, "SignedInfo")[:1] or [root]
    lists = _children(info, "References")
    wrong, unknown, covered = [], [], set()
    for listed in lists:
        method = _DIGESTS.get(listed.get("CheckMethod", "").lower(), "")
        for one in _children(listed, "Reference"):
            name = _join("OFD.xml", one.get("FileRef", ""))
            fits = _fits(package, name, method, _text(one, "CheckValue"))
            if not method:
                unknown.append(name)
            elif fits:
                covered.add(name)
            else:
                wrong.append(name)
    total = sum(len(_children(listed, "Reference")) for listed in lists)
    value = _join(place, _text(root, "SignedValue") or _text(info, "SignedValue") or "SignedValue.dat")
    signature, trouble = None, ""
    try:
        signature = ses.read_signature(package.read(value, most=ses.MOST_BYTES))
    except BadInput as no:
        trouble = no.message
    provider = _children(info, "Provider")
    return Sealed(
        id=id_[:40],
        place=place,
        method=_text(info, "SignatureMethod")[:60],
        provider=(provider[0].get("ProviderName", "") if provider else "")[:80],
        said=_text(info, "SignatureDateTime")[:40],
        references=total,
        wrong=tuple(wrong),
        unknown=tuple(unknown),
        outside=tuple(sorted(package.names - covered - set(unknown) - set(wrong) - own)),
        covers_itself=signature is not None and signature.digest == hashlib.new("sm3", raw).digest(),
        signature=signature,
        trouble=trouble,
    )


def _fits(package: Package, name: str, method: str, said: str) -> bool:
    if not method or name not in package.names:
        return False
    try:
        wanted = base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError):
        return False
    return hashlib.new(method, package.read(name)).digest() == wanted
