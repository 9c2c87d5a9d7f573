"""Stamps, seal signatures and OFD packages of GB/T 38540, built from plain tags here: nothing of the structures under test."""

import base64
import hashlib
import zipfile
from datetime import UTC, datetime
from io import BytesIO

from cryptography.hazmat.primitives.serialization import Encoding

SM2_SM3, SM3 = "1.2.156.10197.1.501", "1.2.156.10197.1.401"
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def tlv(tag: int, body: bytes) -> bytes:
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + body


def seq(*parts):
    return tlv(0x30, b"".join(parts))


def integer(value):
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1))


def octets(data):
    return tlv(0x04, data)


def bits(data):
    return tlv(0x03, b"\x00" + data)


def utf8(text):
    return tlv(0x0C, text.encode())


def ia5(text):
    return tlv(0x16, text.encode())


def generalized(moment):
    return tlv(0x18, f"{moment:%Y%m%d%H%M%SZ}".encode())


def utc(moment):
    return tlv(0x17, f"{moment:%y%m%d%H%M%SZ}".encode())


def oid(dotted):
    first, second, *rest = map(int, dotted.split("."))
    out = bytes([first * 40 + second])
    for number in rest:
        part = [number & 0x7F]
        while number := number >> 7:
            part.insert(0, 0x80 | number & 0x7F)
        out += bytes(part)
    return tlv(0x06, out)


def der(person):
    return person.certificate.public_bytes(Encoding.DER)


def stamp(maker, users, *, version=4, name="济南某建设有限公司公章", start=None, end=None, digests=False):
    start = start or datetime(2026, 6, 1, tzinfo=UTC)
    end = end or datetime(2028, 6, 1, tzinfo=UTC)
    certs = (
        [seq(tlv(0x13, b"SM3"), octets(hashlib.new("sm3", der(u)).digest())) for u in users]
        if digests
        else [octets(der(u)) for u in users]
    )
    header = seq(ia5("ES"), integer(version), ia5("maker"))
    if version >= 4:
        kind = integer(2 if digests else 1)
        about = seq(
            integer(1),
            utf8(name),
            kind,
            seq(*certs),
            generalized(start),
            generalized(start),
            generalized(end),
        )
    else:
        about = seq(integer(1), utf8(name), seq(*certs), utc(start), utc(start), utc(end))
    info = seq(header, ia5("ES-0001"), about, seq(ia5("png"), octets(b"\x89PNG"), integer(40), integer(40)))
    if version >= 4:
        return seq(info, octets(der(maker)), oid(SM2_SM3), bits(maker.pair.sign(info)))
    signed = seq(info, octets(der(maker)), oid(SM2_SM3))
    return seq(info, seq(octets(der(maker)), oid(SM2_SM3), bits(maker.pair.sign(signed))))


def signature(
    signer, stamp_, digest, *, version=4, at=NOW, place="/Doc_0/Signs/Sign_0/Signature.xml", clock=None
):
    if version >= 4:
        to_sign = seq(integer(4), stamp_, generalized(at), bits(digest), ia5(place))
        value = signer.pair.sign(to_sign)
        more = tlv(0xA0, bits(clock.stamp(hashlib.sha256(value).digest()))) if clock else b""
        return seq(to_sign, octets(der(signer)), oid(SM2_SM3), bits(value), more)
    to_sign = seq(
        integer(1), stamp_, bits(utc(at)), bits(digest), ia5(place), octets(der(signer)), oid(SM2_SM3)
    )
    return seq(to_sign, bits(signer.pair.sign(to_sign)))


NS = 'xmlns:ofd="http://www.ofdspec.org/2016"'
FILES = {
    "OFD.xml": f"<ofd:OFD {NS}><ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot>"
    "<ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures></ofd:DocBody></ofd:OFD>",
    "Doc_0/Document.xml": f"<ofd:Document {NS}/>",
    "Doc_0/Pages/Page_0/Content.xml": f"<ofd:Page {NS}>中标通知书</ofd:Page>",
}
LIST = (
    f'<ofd:Signatures {NS}><ofd:MaxSignId>1</ofd:MaxSignId><ofd:Signature ID="1" Type="Seal" '
    'BaseLoc="/Doc_0/Signs/Sign_0/Signature.xml"/></ofd:Signatures>'
)


def ofd(
    signer, maker, *, version=4, change=None, more=None, method=SM3, leave_out=(), clock=None, **stamp_facts
):
    """Return a sealed OFD; `change` changes files after sealing, `more` adds some, `leave_out` are not referenced."""
    files = {name: text.encode() for name, text in FILES.items()}
    refs = "".join(
        f'<ofd:Reference FileRef="/{name}"><ofd:CheckValue>'
        f"{base64.b64encode(hashlib.new('sm3', data).digest()).decode()}</ofd:CheckValue></ofd:Reference>"
        for name, data in files.items()
        if name not in leave_out
    )
    described = (
        f'<ofd:Signature {NS}><ofd:SignedInfo><ofd:Provider ProviderName="test"/>'
        f"<ofd:SignatureMethod>{SM2_SM3}</ofd:SignatureMethod>"
        "<ofd:SignatureDateTime>20261124020000Z</ofd:SignatureDateTime>"
        f'<ofd:References CheckMethod="{method}">{refs}</ofd:References>'
        "</ofd:SignedInfo><ofd:SignedValue>/Doc_0/Signs/Sign_0/SignedValue.dat</ofd:SignedValue></ofd:Signature>"
    ).encode()
    files["Doc_0/Signs/Signatures.xml"] = LIST.encode()
    files["Doc_0/Signs/Sign_0/Signature.xml"] = described
    made = stamp(maker, [signer], version=version, **stamp_facts)
    value = signature(signer, made, hashlib.new("sm3", described).digest(), version=version, clock=clock)
    files["Doc_0/Signs/Sign_0/SignedValue.dat"] = value
    files |= more or {}
    for name, data in (change or {}).items():
        files[name] = data
    return packed(files)


def packed(files):
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in files.items():
            package.writestr(name, data)
    return out.getvalue()
