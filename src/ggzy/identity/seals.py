"""Seals on PDF documents: PAdES in two steps, so that the signer's key never comes to the server.

`prepare` places the signature field and says which bytes the signer's device must sign; `finish` puts the
signature in (B-B; B-T with a timestamp); `lengthen` adds what a later reader needs: chains, revocation lists and a
timestamp over all of it (B-LTA). An SM2 certificate signs with SM3: such a signature stands beside one that PDF readers
know. Built on pyHanko's interrupted signing.
"""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from tempfile import NamedTemporaryFile
from typing import cast

from asn1crypto import algos, cms
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.content import ImportedPdfPage
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, fields
from pyhanko.sign.signers import ExternalSigner
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp, PreparedByteRangeDigest
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.signers.pdf_signer import PdfTBSDocument
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from ggzy.identity import sm_oids
from ggzy.identity.trust import CertificateNotTrusted, algorithm_of, as_der

#: hex digits kept free for a signature with the timestamp that comes into it, and for a document timestamp
SIZE = 32 * 1024
#: gives a timestamp token (DER) on a SHA-256 digest
Stamp = Callable[[bytes], bytes]

sm_oids.register()


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A PDF with an empty signature, the digest state, and the bytes that the signer must sign."""

    pdf: bytes
    state: dict[str, str | int]
    to_sign: bytes


_MECHANISMS = {
    "RSA": ("sha256", "sha256_rsa"),
    "P-256": ("sha256", "sha256_ecdsa"),
    "SM2": ("sm3", sm_oids.SM2_WITH_SM3),
}


def _mechanism(certificate: x509.Certificate) -> tuple[str, str]:
    """Return digest and signature algorithm of a certificate's key.

    :raises CertificateNotTrusted: neither RSA nor P-256 nor SM2
    """
    found = _MECHANISMS.get(algorithm_of(certificate))
    if found is None:
        raise CertificateNotTrusted("PDF签章需要RSA、P-256或SM2证书, 请换用这样的证书")
    return found


class _Signer(ExternalSigner):
    """pyHanko's external signer, which knows SM2 with SM3 by its name."""

    def _check_digest_algorithm(self, digest_algorithm: str) -> None:
        if digest_algorithm != "sm3":
            super()._check_digest_algorithm(digest_algorithm)


def _asn1(certificate: x509.Certificate) -> asn1_x509.Certificate:
    return asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))


def _signer(
    certificate: x509.Certificate, chain: tuple[x509.Certificate, ...], value: bytes
) -> ExternalSigner:
    store = SimpleCertificateStore()
    store.register_multiple(_asn1(c) for c in chain)
    return _Signer(
        signing_cert=_asn1(certificate),
        cert_registry=store,
        signature_value=value,
        signature_mechanism=algos.SignedDigestAlgorithm({"algorithm": _mechanism(certificate)[1]}),
    )


async def _attributes(signer: ExternalSigner, digest: bytes, md: str) -> bytes:
    attributes = await signer.signed_attrs(digest, md, attr_settings=PdfCMSSignedAttributes(), use_pades=True)
    return bytes(attributes.dump())


def prepare(
    pdf: bytes,
    *,
    field: str,
    box: tuple[int, int, int, int] | None,
    reason: str,
    certificate: x509.Certificate,
    chain: tuple[x509.Certificate, ...],
    appearance: bytes | None,
    at: datetime | None = None,
) -> Prepared:
    """Return a PDF that waits for a signature in `field` (on the last page, in points) and what must be signed.

    `appearance` is a one-page PDF that is drawn where the seal stands (without it and `box` nothing is seen); `at` is the moment that the signer states.
    """
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    md, _ = _mechanism(certificate)

    async def _prepare(look: str | None) -> tuple[PreparedByteRangeDigest, bytes, bytes]:
        signer = PdfSigner(
            PdfSignatureMetadata(
                field_name=field,
                md_algorithm=md,
                subfilter=fields.SigSeedSubFilter.PADES,
                reason=reason,
            ),
            signer=_signer(certificate, chain, bytes(512)),
            stamp_style=StaticStampStyle(
                border_width=0, background=ImportedPdfPage(look), background_opacity=1
            )
            if look
            else None,
            new_field_spec=fields.SigFieldSpec(field, on_page=-1, box=box),
        )
        session = signer.init_signing_session(writer)
        session.system_time = at or session.system_time
        waiting = session.prepare_tbs_document(validation_info=None, bytes_reserved=SIZE)
        digest, out = waiting.digest_tbs_document()
        to_sign = await _attributes(_signer(certificate, chain, bytes(512)), digest.document_digest, md)
        return digest, cast(BytesIO, out).getvalue(), to_sign

    with NamedTemporaryFile(suffix=".pdf") as look:  # pyHanko reads the appearance by name
        look.write(appearance or b"")
        look.flush()
        digest, prepared, to_sign = asyncio.run(_prepare(look.name if appearance else None))
    return Prepared(
        pdf=prepared,
        state={
            "digest": digest.document_digest.hex(),
            "start": digest.reserved_region_start,
            "end": digest.reserved_region_end,
        },
        to_sign=to_sign,
    )


def finish(
    prepared: Prepared,
    *,
    signature: bytes,
    certificate: x509.Certificate,
    chain: tuple[x509.Certificate, ...],
    stamp: Stamp | None = None,
) -> bytes:
    """Return the sealed PDF; the caller has checked the signature over `prepared.to_sign`.

    With `stamp`, a timestamp on the signature goes into it.
    """
    md, _ = _mechanism(certificate)
    is_ec = algorithm_of(certificate) == "P-256"
    signer = _signer(certificate, chain, as_der(signature) if is_ec else signature)
    state = prepared.state
    digest = PreparedByteRangeDigest(
        document_digest=bytes.fromhex(str(state["digest"])),
        reserved_region_start=int(state["start"]),
        reserved_region_end=int(state["end"]),
    )

    signed = asyncio.run(
        signer.async_sign_prescribed_attributes(md, signed_attrs=cms.CMSAttributes.load(prepared.to_sign))
    )
    if stamp is not None:  # outside the loop: a clock of ours asks the database
        _stamp_signature(signed, stamp)
    out = BytesIO(prepared.pdf)
    asyncio.run(PdfTBSDocument.async_finish_signing(out, digest, signed))
    return out.getvalue()


def _stamp_signature(signed: cms.ContentInfo, stamp: Stamp) -> None:
    """Put a timestamp on a signature's value among its unsigned attributes (SHA-256, whatever the signature's own digest)."""
    (signer_info,) = signed["content"]["signer_infos"]
    token = stamp(hashlib.sha256(signer_info["signature"].native).digest())
    attribute = cms.CMSAttribute(
        {"type": "signature_time_stamp_token", "values": [cms.ContentInfo.load(token)]}
    )
    signer_info["unsigned_attrs"] = cms.CMSAttributes([attribute])


def lengthen(
    pdf: bytes,
    *,
    certificates: Iterable[x509.Certificate],
    crls: Iterable[x509.CertificateRevocationList],
    stamp: Stamp,
) -> bytes:
    """Return a sealed PDF with chains and revocation lists appended, and a timestamp over everything (B-LTA).

    What was there stays byte for byte, so every seal stays valid.
    """
    out = BytesIO(pdf)
    DocumentSecurityStore.add_dss(
        out,
        None,
        certs=[_asn1(one) for one in certificates],
        crls=[asn1_crl.CertificateList.load(one.public_bytes(Encoding.DER)) for one in crls],
        force_write=True,
    )

    name = f"timestamp-{secrets.token_hex(6)}"
    embedding = PdfCMSEmbedder(new_field_spec=fields.SigFieldSpec(name)).write_cms(
        field_name=name,
        writer=IncrementalPdfFileWriter(BytesIO(out.getvalue())),
        existing_fields_only=False,
    )
    next(embedding)
    embedding.send(SigObjSetup(sig_placeholder=DocumentTimestamp(bytes_reserved=SIZE)))
    digest, made = embedding.send(SigIOSetup(md_algorithm="sha256", in_place=False))
    embedding.send(cms.ContentInfo.load(stamp(digest.document_digest)))
    return cast(BytesIO, made).getvalue()
