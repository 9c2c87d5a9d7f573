"""Seals on PDF documents: PAdES B-B, in two steps, so that the signer's key never comes to the server.

`prepare` places the signature field and says which bytes the signer's device must sign; `finish` puts the
signature in. Built on pyHanko's interrupted signing.
"""

import asyncio
from dataclasses import dataclass
from io import BytesIO
from tempfile import NamedTemporaryFile
from typing import cast

from asn1crypto import algos, cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.content import ImportedPdfPage
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import PdfSignatureMetadata, PdfSigner, fields
from pyhanko.sign.signers import ExternalSigner
from pyhanko.sign.signers.pdf_byterange import PreparedByteRangeDigest
from pyhanko.sign.signers.pdf_cms import PdfCMSSignedAttributes
from pyhanko.sign.signers.pdf_signer import PdfTBSDocument
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator.registry import SimpleCertificateStore

from ggzy.identity.trust import CertificateNotTrusted, as_der

SIZE = 12 * 1024


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A PDF with an empty signature, the digest state, and the bytes that the signer must sign."""

    pdf: bytes
    state: dict[str, str | int]
    to_sign: bytes


def _is_rsa(certificate: x509.Certificate) -> bool:
    """Say which of the two kinds of key seals here.

    :raises CertificateNotTrusted: neither RSA nor P-256
    """
    try:
        return isinstance(certificate.public_key(), rsa.RSAPublicKey)
    except UnsupportedAlgorithm:
        raise CertificateNotTrusted("PDF签章需要RSA或P-256证书, SM2证书暂不能用于签章") from None


def _signer(
    certificate: x509.Certificate, chain: tuple[x509.Certificate, ...], value: bytes
) -> ExternalSigner:
    store = SimpleCertificateStore()
    store.register_multiple(asn1_x509.Certificate.load(c.public_bytes(Encoding.DER)) for c in chain)
    is_rsa = _is_rsa(certificate)
    return ExternalSigner(
        signing_cert=asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER)),
        cert_registry=store,
        signature_value=value,
        signature_mechanism=algos.SignedDigestAlgorithm(
            {"algorithm": "sha256_rsa" if is_rsa else "sha256_ecdsa"}
        ),
    )


async def _attributes(signer: ExternalSigner, digest: bytes) -> bytes:
    attributes = await signer.signed_attrs(
        digest, "sha256", attr_settings=PdfCMSSignedAttributes(), use_pades=True
    )
    return bytes(attributes.dump())


def prepare(
    pdf: bytes,
    *,
    field: str,
    box: tuple[int, int, int, int],
    reason: str,
    certificate: x509.Certificate,
    chain: tuple[x509.Certificate, ...],
    appearance: bytes,
) -> Prepared:
    """Return a PDF that waits for a signature in `field` (on the last page, in points) and what must be signed.

    `appearance` is a one-page PDF that is drawn where the seal stands.
    """
    writer = IncrementalPdfFileWriter(BytesIO(pdf))

    async def _prepare(look: str) -> tuple[PreparedByteRangeDigest, bytes, bytes]:
        signer = PdfSigner(
            PdfSignatureMetadata(
                field_name=field,
                md_algorithm="sha256",
                subfilter=fields.SigSeedSubFilter.PADES,
                reason=reason,
            ),
            signer=_signer(certificate, chain, bytes(512)),
            stamp_style=StaticStampStyle(
                border_width=0, background=ImportedPdfPage(look), background_opacity=1
            ),
            new_field_spec=fields.SigFieldSpec(field, on_page=-1, box=box),
        )
        digest, _, out = await signer.async_digest_doc_for_signing(writer, bytes_reserved=SIZE)
        to_sign = await _attributes(_signer(certificate, chain, bytes(512)), digest.document_digest)
        return digest, cast(BytesIO, out).getvalue(), to_sign

    with NamedTemporaryFile(suffix=".pdf") as look:  # pyHanko reads the appearance by name
        look.write(appearance)
        look.flush()
        digest, prepared, to_sign = asyncio.run(_prepare(look.name))
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
) -> bytes:
    """Return the sealed PDF; the caller has checked the signature over `prepared.to_sign`."""
    is_rsa = _is_rsa(certificate)
    signer = _signer(certificate, chain, signature if is_rsa else as_der(signature))
    state = prepared.state
    digest = PreparedByteRangeDigest(
        document_digest=bytes.fromhex(str(state["digest"])),
        reserved_region_start=int(state["start"]),
        reserved_region_end=int(state["end"]),
    )

    async def _finish() -> bytes:
        signed = await signer.async_sign_prescribed_attributes(
            "sha256", signed_attrs=cms.CMSAttributes.load(prepared.to_sign)
        )
        out = BytesIO(prepared.pdf)
        await PdfTBSDocument.async_finish_signing(out, digest, signed)
        return out.getvalue()

    return asyncio.run(_finish())
