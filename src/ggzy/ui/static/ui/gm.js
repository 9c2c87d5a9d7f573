// GB/T 35275 in the browser (identity/gm.py): SM2 signatures and envelopes, and SM4-CBC content as a stream.
import { SM3, fromBER, sm2, sm4 } from "../vendor/bidkit.js";
import { EnvelopeBroken, content, inside, parse, readCertificate, same, view } from "./asn1.js";
import { der, head, integer, join, octets, oid, sequence } from "./der.js";

const TYPE = "1.2.156.10197.6.1.4.2";
export const GM_DATA = oid(`${TYPE}.1`), GM_SIGNED = oid(`${TYPE}.2`);
const ENVELOPED = oid(`${TYPE}.3`), ENCRYPTED = oid(`${TYPE}.5`);
export const SM3_ALGORITHM = sequence(oid("1.2.156.10197.1.401"));
export const SM2_SIGNS = sequence(oid("1.2.156.10197.1.301.1"));
const SM2_SEALS = sequence(oid("1.2.156.10197.1.301.3")), SM4_CBC = oid("1.2.156.10197.1.104.2");
const BLOCK = 16;

export const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
export const unhex = (string) => Uint8Array.from(string.match(/../g) ?? [], (pair) => parseInt(pair, 16));
export const sm3 = (data) => new SM3().update(data).digest();

// The private key in PKCS#8 DER, as hex.
export function privateKey(pkcs8) {
  const inner = fromBER(content(inside(parse(pkcs8))[2])).result;
  return hex(content(inside(inner)[1])).padStart(64, "0");
}

const CURVE = sequence(oid("1.2.840.10045.2.1"), oid("1.2.156.10197.1.301"));

export const publicKeyInfo = (key) => sequence(CURVE, der(0x03, [0], unhex(sm2.getPublicKeyFromPrivateKey(key))));

// A fresh private key, and what is written of one: PKCS#8 as OpenSSL writes it, and a certificate request.
export const newKey = () => sm2.generateKeyPairHex().privateKey;

export function pkcs8(key) {
  const point = unhex(sm2.getPublicKeyFromPrivateKey(key));
  const inner = sequence(integer([1]), octets(unhex(key)), der(0xa1, der(0x03, [0], point)));
  return sequence(integer([0]), CURVE, octets(inner));
}

export function request(key, name) {
  const subject = sequence(der(0x31, sequence(oid("2.5.4.3"), der(0x0c, new TextEncoder().encode(name)))));
  const info = sequence(integer([0]), subject, publicKeyInfo(key), [0xa0, 0]);
  return sequence(info, sequence(oid("1.2.156.10197.1.501")), der(0x03, [0], sign(key, info)));
}

// The encryption key of a dual pair, which its CA wrapped for the signing key (GB/T 35276 SM2EnvelopedKey).
export function openKey(wrapped, key) {
  const [, cipher, , sealed] = inside(parse(wrapped));
  const session = sm2.doDecrypt(hex(view(cipher)), key, 1, { asn1: true, output: "array" });
  const found = sm4.decrypt(view(sealed).slice(-32), session, { mode: "ecb", padding: "none", output: "array" });
  return hex(found.slice(-32));
}

// SM2 with SM3 and the default signer's id (GM/T 0009), DER.
export const sign = (key, data) => unhex(sm2.doSignature(data, key, { der: true, hash: true }));

// DER EnvelopedData (SM4-CBC, the key by SM2) holding a small secret that only the certificate's key opens.
export function sealTo(certificate, secret) {
  const { name, point } = readCertificate(certificate);
  const key = crypto.getRandomValues(new Uint8Array(BLOCK)), iv = crypto.getRandomValues(new Uint8Array(BLOCK));
  const sealed = sm4.encrypt(secret, key, { mode: "cbc", iv, output: "array" });
  const recipient = sequence(integer([1]), name, SM2_SEALS, octets(unhex(sm2.doEncrypt(key, hex(point), 1, { asn1: true }))));
  return sequence(ENVELOPED, der(0xa0, sequence(
    integer([1]),
    der(0x31, recipient),
    sequence(GM_DATA, sequence(SM4_CBC, octets(iv)), der(0x80, sealed)),
  )));
}

export function openEnvelope(envelope, key, certificate) {
  let first, sealed;
  try {
    const fields = inside(inside(inside(parse(envelope))[1])[0]);
    first = inside(inside(fields[1])[0]);
    sealed = inside(fields[2]);
  } catch { throw new EnvelopeBroken("密钥信封(key.p7m)无法识别, 可能不是这份投标的信封"); }
  if (certificate && !same(content(inside(first[1])[1]), readCertificate(certificate).serial)) {
    throw new EnvelopeBroken("这个信封不是给当前证书的: 加密时用的是另一张证书, 请选择那张证书的私钥文件");
  }
  try {
    const contentKey = sm2.doDecrypt(hex(content(first[3])), key, 1, { asn1: true, output: "array" });
    const iv = content(inside(sealed[1])[1]);
    if (contentKey.length !== BLOCK || !same(view(inside(sealed[1])[0]), SM4_CBC)) throw new Error("not SM4-CBC");
    return new TextDecoder().decode(sm4.decrypt(content(sealed[2]), contentKey, { mode: "cbc", iv, output: "array" })).trim();
  } catch { throw new EnvelopeBroken("密钥信封打不开: 所选私钥与加密时的证书不是一对, 请选择加密时所用证书的私钥文件"); }
}

// --- the payload: EncryptedData, whose only variable parts are the IV and the lengths
export function encryptedHeader(iv, size) {
  const algorithm = join(SM4_CBC, octets(iv));
  const about = join(GM_DATA, head(0x30, algorithm.length), algorithm, head(0x80, size));
  const body = join(integer([1]), head(0x30, about.length + size), about);
  const whole = join(head(0x30, body.length + size), body);
  const held = join(ENCRYPTED, head(0xa0, whole.length + size), whole);
  return join(head(0x30, held.length + size), held);
}

const plus = (a, b) => { const out = new Uint8Array(a.length + b.length); out.set(a); out.set(b, a.length); return out; };

// Cuts a stream of any pieces into ones of whole blocks; the last piece, of what is left, is marked.
async function* whole(pieces) {
  let held = new Uint8Array(0);
  for await (const piece of pieces) {
    held = held.length ? plus(held, piece) : piece;
    const ready = held.length - (held.length % BLOCK || BLOCK);
    if (ready > 0) { yield [held.subarray(0, ready), false]; held = held.slice(ready); }
  }
  yield [held, true];
}

// SM4-CBC of a stream that gives `size` bytes, with its header.
export async function* encrypted(pieces, size, key) {
  let iv = crypto.getRandomValues(new Uint8Array(BLOCK));
  yield encryptedHeader(iv, (Math.floor(size / BLOCK) + 1) * BLOCK);
  for await (const [piece, last] of whole(pieces)) {
    const out = sm4.encrypt(piece, key, { mode: "cbc", iv, padding: last ? "pkcs#7" : "none", output: "array" });
    if (out.length) iv = out.slice(-BLOCK);
    yield out;
  }
}

// What a payload of `size` bytes holds; there is one right header for a size and an IV, so it is made anew and compared.
export async function* decrypted(pieces, size, key) {
  const broken = () => new EnvelopeBroken("密文不完整或不是国密格式");
  let rest = size, start = 0;
  for (let length = 60; length < 100; length += 1) {
    if (size > length && encryptedHeader(new Uint8Array(BLOCK), size - length).length === length) { start = length; rest = size - length; }
  }
  if (!start || rest % BLOCK) throw broken();
  let header = new Uint8Array(0), iv = null;
  const body = async function* () {
    for await (const piece of pieces) {
      if (iv) { yield piece; continue; }
      header = plus(header, piece);
      if (header.length < start) continue;
      const at = start - head(0x80, rest).length - BLOCK;
      iv = header.slice(at, at + BLOCK);
      if (!same(header.subarray(0, start), encryptedHeader(iv, rest))) throw broken();
      yield header.slice(start);
    }
  };
  for await (const [piece, last] of whole(body())) {
    if (last && piece.length !== BLOCK) throw broken();
    const next = piece.slice(-BLOCK);
    yield sm4.decrypt(piece, key, { mode: "cbc", iv, padding: last ? "pkcs#7" : "none", output: "array" });
    iv = next;
  }
}
