// CMS (RFC 5652) in the two shapes of a sealed bid: a small secret to one's own certificate, and a detached signature.
// The same bytes as identity/cms.py makes and as `openssl cms` reads; every operation is WebCrypto's.
import { fromBER } from "../vendor/bidkit.js";
import { der, ecdsa, integer, octets, oid, sequence, set } from "./der.js";

const NULL = [5, 0];
const DATA = oid("1.2.840.113549.1.7.1");
const SHA256 = sequence(oid("2.16.840.1.101.3.4.2.1"));
const RSA = oid("1.2.840.113549.1.1.1");
const OAEP = { name: "RSA-OAEP" };
const P256 = { name: "ECDH", namedCurve: "P-256" };
const AES256_WRAP = sequence(oid("2.16.840.1.101.3.4.1.45"));
const MGF1 = sequence(oid("1.2.840.113549.1.1.8"), SHA256);

export class EnvelopeBroken extends Error {}

const same = (a, b) => a.length === b.length && a.every((byte, n) => byte === b[n]);
const view = (block) => block.valueBeforeDecodeView;
const inside = (block) => block.valueBlock.value;
const content = (block) => (block.valueBlock.value?.length
  ? Uint8Array.from(block.valueBlock.value.flatMap((piece) => [...content(piece)]))
  : block.valueBlock.valueHexView);

function parse(bytes) {
  const { offset, result } = fromBER(bytes);
  if (offset === -1) throw new EnvelopeBroken("密钥信封(key.p7m)不是有效的CMS文件");
  return result;
}

// What a recipient or a signer is known by, and the certificate's public key.
export function readCertificate(bytes) {
  const fields = inside(inside(parse(bytes))[0]);
  const at = fields[0].idBlock.tagClass === 3 ? 1 : 0;
  const spki = view(fields[at + 5]);
  return { serial: content(fields[at]), name: sequence(view(fields[at + 2]), view(fields[at])), spki: spki.slice(), rsa: same(view(inside(inside(fields[at + 5])[0])[0]), RSA) };
}

// ANSI-X9.63-KDF with SHA-256 for 32 bytes: one block (RFC 5753 section 7.2).
async function keyEncryptionKey(secret, wrap, uses) {
  const shared = sequence(wrap, der(0xa2, octets([0, 0, 1, 0])));
  const data = Uint8Array.from([...new Uint8Array(secret), 0, 0, 0, 1, ...shared]);
  return crypto.subtle.importKey("raw", await crypto.subtle.digest("SHA-256", data), "AES-KW", false, uses);
}

async function recipient(certificate, contentKey) {
  const { name, spki, rsa } = readCertificate(certificate);
  if (rsa) {
    const key = await crypto.subtle.importKey("spki", spki, { ...OAEP, hash: "SHA-256" }, false, ["encrypt"]);
    const how = sequence(oid("1.2.840.113549.1.1.7"), sequence(der(0xa0, SHA256), der(0xa1, MGF1)));
    const raw = await crypto.subtle.exportKey("raw", contentKey);
    return sequence(integer([0]), name, how, octets(new Uint8Array(await crypto.subtle.encrypt(OAEP, key, raw))));
  }
  const theirs = await crypto.subtle.importKey("spki", spki, P256, false, []);
  const ephemeral = await crypto.subtle.generateKey(P256, true, ["deriveBits"]);
  const secret = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, ephemeral.privateKey, 256);
  const wrapped = await crypto.subtle.wrapKey("raw", contentKey, await keyEncryptionKey(secret, AES256_WRAP, ["wrapKey"]), "AES-KW");
  const own = inside(parse(new Uint8Array(await crypto.subtle.exportKey("spki", ephemeral.publicKey))));
  return der(0xa1,
    integer([3]),
    der(0xa0, der(0xa1, view(own[0]), view(own[1]))),
    sequence(oid("1.3.132.1.11.1"), AES256_WRAP),
    sequence(sequence(name, octets(new Uint8Array(wrapped)))));
}

// DER EnvelopedData (AES-256-CBC) holding a small secret that only the certificate's key opens.
export async function sealTo(certificate, secret) {
  const contentKey = await crypto.subtle.generateKey({ name: "AES-CBC", length: 256 }, true, ["encrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(16));
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-CBC", iv }, contentKey, secret));
  const to = await recipient(certificate, contentKey);
  return sequence(oid("1.2.840.113549.1.7.3"), der(0xa0, sequence(
    integer([to[0] === 0xa1 ? 2 : 0]),
    der(0x31, to),
    sequence(DATA, sequence(oid("2.16.840.1.101.3.4.1.42"), octets(iv)), der(0x80, sealed)),
  )));
}

// The secret inside an envelope, by the private key kept in this browser (RSA-OAEP or ECDH). `certificate` (DER), if
// given, is whose key it is: an envelope to another one is told apart from a broken one.
export async function openEnvelope(envelope, key, certificate) {
  let first, sealed;
  try {
    const fields = inside(inside(inside(parse(envelope))[1])[0]);
    first = inside(fields.find((one) => one.idBlock.tagClass === 1 && one.idBlock.tagNumber === 17))[0];
    sealed = inside(fields.at(-1).idBlock.tagClass === 3 ? fields.at(-2) : fields.at(-1));
  } catch { throw new EnvelopeBroken("密钥信封(key.p7m)无法识别, 可能不是这份投标的信封"); }
  const agreed = first.idBlock.tagClass === 3;
  const parts = inside(first);
  const ids = agreed ? inside(inside(parts.at(-1))[0]) : null;
  if (certificate) {
    const rid = inside(agreed ? ids[0] : parts[1]);
    if (!same(content(rid[1]), readCertificate(certificate).serial)) {
      throw new EnvelopeBroken("这个信封不是给当前证书的: 加密时用的是另一张证书, 请选择那张证书的私钥文件");
    }
  }
  if (agreed === (key.algorithm.name === "RSA-OAEP")) throw new EnvelopeBroken("信封与私钥的类型不同: 加密时用的是另一张证书, 请选择那张证书的私钥文件");
  try {
    let contentKey;
    if (agreed) {
      const point = content(inside(inside(parts[1])[0])[1]);
      const theirs = await crypto.subtle.importKey("raw", point, P256, false, []);
      const secret = await crypto.subtle.deriveBits({ name: "ECDH", public: theirs }, key, 256);
      const wrap = view(inside(parts.at(-2))[1]);
      contentKey = await crypto.subtle.unwrapKey("raw", content(ids[1]), await keyEncryptionKey(secret, wrap, ["unwrapKey"]), "AES-KW", "AES-CBC", false, ["decrypt"]);
    } else {
      const raw = await crypto.subtle.decrypt(OAEP, key, content(parts[3]));
      contentKey = await crypto.subtle.importKey("raw", raw, "AES-CBC", false, ["decrypt"]);
    }
    const iv = content(inside(sealed[1])[1]);
    return new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-CBC", iv }, contentKey, content(sealed[2]))).trim();
  } catch { throw new EnvelopeBroken("密钥信封打不开: 所选私钥与加密时的证书不是一对, 请选择加密时所用证书的私钥文件"); }
}

// DER SignedData over `data`, which is not inside; the certificate is.
export async function signDetached(data, key, certificate) {
  const attribute = (kind, value) => sequence(oid(`1.2.840.113549.1.9.${kind}`), der(0x31, value));
  const moment = new Date().toISOString().replace(/[-:T]|\.\d+/g, "").slice(2);
  const attributes = set(
    attribute(3, DATA),
    attribute(4, octets(new Uint8Array(await crypto.subtle.digest("SHA-256", data)))),
    attribute(5, der(0x17, new TextEncoder().encode(moment))),
  );
  const rsa = key.algorithm.name !== "ECDSA";
  const raw = new Uint8Array(await crypto.subtle.sign(rsa ? key.algorithm : { name: "ECDSA", hash: "SHA-256" }, key, attributes));
  const how = rsa ? sequence(oid("1.2.840.113549.1.1.11"), NULL) : sequence(oid("1.2.840.10045.4.3.2"));
  const signer = sequence(integer([1]), readCertificate(certificate).name, SHA256, [0xa0, ...attributes.slice(1)], how, octets(rsa ? raw : ecdsa(raw)));
  return sequence(oid("1.2.840.113549.1.7.2"), der(0xa0, sequence(
    integer([1]), der(0x31, SHA256), sequence(DATA), der(0xa0, certificate), der(0x31, signer),
  )));
}
