// What sealing and opening a bid takes from libraries, and nothing else.
export { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
export { sha256 } from "@noble/hashes/sha2.js";
export { SM3, sm2, sm4 } from "sm-crypto-v2";
export { fromBER } from "asn1js";
export { split } from "shamir-secret-sharing";
