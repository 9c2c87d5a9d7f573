// CMS (RFC 5652) in the two shapes of a sealed bid: a small secret to one's own certificate, and a detached signature.
// The same bytes as identity/cms.py makes and as `openssl cms` reads; every operation is WebCrypto's. For an SM2
// certificate the same two are made in the national standard's form (gm.js).
import { EnvelopeBroken, content, inside, parse, readCertificate, same, view } from "./asn1.js";
import { der, ecdsa, integer, octets, oid, sequence, set } from "./der.js";
import { GM_DATA, GM_SIGNED, SM2_SIGNS, SM3_ALGORITHM, sealTo as sealToSm2, sm3 } from "./gm.js";

export { EnvelopeBroken, readCertificate };

const NULL = [5, 0];
const DATA = oid("1.2.840.113549.1.7.1");
const SHA256 = sequence(oid("2.16.840.1.101.3.4.2.1"));
const OAEP = { name: "RSA-OAEP" };
const P256 = { name: "ECDH", namedCurve: "P-256" };
const AES256_WRAP = sequence(oid("2.16.840.1.101.3.4.1.45"));
const MGF1 = sequence(oid("1.2.840.113549.1.1.8"), SHA256);

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
  if (readCertificate(certificate).point) return sealToSm2(certificate, secret);
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

const WEB = {
  signed: oid("1.2.840.113549.1.7.2"),
  data: DATA,
  digest: SHA256,
  hash: async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", data)),
};
const KINDS = {
  RSA: { ...WEB, how: sequence(oid("1.2.840.113549.1.1.11"), NULL), as: (raw) => raw },
  "P-256": { ...WEB, how: sequence(oid("1.2.840.10045.4.3.2")), as: ecdsa },
  SM2: { signed: GM_SIGNED, data: GM_DATA, digest: SM3_ALGORITHM, hash: async (data) => sm3(data), how: SM2_SIGNS, as: (raw) => raw },
};

// DER SignedData over `data`, which is not inside; the certificate is. `holder` signs (keyring.js).
export async function signDetached(data, holder, certificate) {
  const kind = KINDS[holder.algorithm];
  const attribute = (which, value) => sequence(oid(`1.2.840.113549.1.9.${which}`), der(0x31, value));
  const moment = new Date().toISOString().replace(/[-:T]|\.\d+/g, "").slice(2);
  const attributes = set(
    attribute(3, kind.data),
    attribute(4, octets(await kind.hash(data))),
    attribute(5, der(0x17, new TextEncoder().encode(moment))),
  );
  const signature = octets(kind.as(await holder.sign(attributes)));
  const signer = sequence(integer([1]), readCertificate(certificate).name, kind.digest, [0xa0, ...attributes.slice(1)], kind.how, signature);
  return sequence(kind.signed, der(0xa0, sequence(
    integer([1]), der(0x31, kind.digest), sequence(kind.data), der(0xa0, certificate), der(0x31, signer),
  )));
}
