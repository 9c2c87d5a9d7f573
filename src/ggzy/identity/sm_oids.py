"""Names of the national algorithms for the ASN.1 library, which has none: one place where its tables are added to. Pure."""

from asn1crypto import algos

SM3, SM2_WITH_SM3 = "sm3", "sm3_sm2"
_DIGEST, _SIGNATURE = "1.2.156.10197.1.401", "1.2.156.10197.1.501"
#: some signers name the plain curve as the signature's algorithm
_PLAIN = "1.2.156.10197.1.301.1"


def register() -> None:
    """Add SM3 and SM2-with-SM3 to the tables of algorithm names; safe to repeat."""
    for table, oid, name in (
        (algos.DigestAlgorithmId, _DIGEST, SM3),
        (algos.HmacAlgorithmId, _DIGEST, SM3),
        (algos.SignedDigestAlgorithmId, _SIGNATURE, SM2_WITH_SM3),
    ):
        if oid not in table._map:
            table._map[oid] = name
        if table._reverse_map is not None:
            table._reverse_map[name] = oid
