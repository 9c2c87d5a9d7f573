// Who holds a private key: this browser (IndexedDB), or what else answers the same three things:
// {algorithm: "RSA" | "P-256" | "SM2", sign(data), openEnvelope(envelope, receives)}. `sign` gives raw bytes (RSA PKCS#1
// v1.5, ECDSA r‖s, SM2 as DER), `openEnvelope` the small secret inside; `receives` is the certificate (DER) it is to.
const STORE = "keys";

function database() {
  return new Promise((resolve, reject) => {
    const open = indexedDB.open("ggzy", 1);
    open.onupgradeneeded = () => open.result.createObjectStore(STORE);
    open.onsuccess = () => resolve(open.result);
    open.onerror = () => reject(open.error);
  });
}

async function put(name, value) {
  const db = await database();
  return new Promise((resolve, reject) => {
    const act = db.transaction(STORE, "readwrite");
    act.objectStore(STORE).put(value, name);
    act.oncomplete = () => resolve();
    act.onerror = () => reject(act.error);
  });
}

async function take(name) {
  const db = await database();
  return new Promise((resolve, reject) => {
    const act = db.transaction(STORE).objectStore(STORE).get(name);
    act.onsuccess = () => resolve(act.result);
    act.onerror = () => reject(act.error);
  });
}

// The holder of a certificate's key in this browser, undefined where there is none. What opens an envelope is the same
// private key once more, kept beside it: WebCrypto gives each key one use.
export async function ownKey(fingerprint) {
  if (!fingerprint) return undefined;
  const key = await take(fingerprint);
  if (!key) return undefined;
  if (key.token) return (await import("./ukey.js")).tokenKey(key.token);
  return key.wrapped ? nationalKey(key) : webKey(key, await take(`${fingerprint}:opener`));
}

function webKey(key, opener) {
  const ecdsa = key.algorithm.name === "ECDSA";
  return {
    algorithm: ecdsa ? "P-256" : "RSA",
    opens: Boolean(opener),
    sign: async (data) => new Uint8Array(await crypto.subtle.sign(ecdsa ? { name: "ECDSA", hash: "SHA-256" } : key.algorithm, key, data)),
    openEnvelope: async (envelope, receives) => (await import("./cms.js")).openEnvelope(envelope, opener, receives),
  };
}

// Browsers have no SM2: the pair is kept encrypted under a key that cannot leave this browser, and used in memory.
async function nationalKey({ wrapped, iv, wrap }) {
  const pair = JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt({ name: "AES-GCM", iv }, wrap, wrapped)));
  const gm = await import("./gm.js");
  return {
    algorithm: "SM2",
    opens: Boolean(pair.opens),
    sign: async (data) => gm.sign(pair.signs, new Uint8Array(data)),
    openEnvelope: async (envelope, receives) => gm.openEnvelope(envelope, pair.opens, receives),
  };
}

// Keeps what importPem took in. It cannot be taken out of the browser again.
export async function keep({ key, opener, pair, fingerprint }) {
  if (!pair) {
    await put(fingerprint, key);
    await put(`${fingerprint}:opener`, opener);
    return;
  }
  const wrap = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const wrapped = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, wrap, new TextEncoder().encode(JSON.stringify(pair)));
  await put(fingerprint, { wrapped, iv, wrap });
}

// Remembers that a certificate's key lies in a USB key: where to ask, nothing secret.
export const keepToken = (fingerprint, token) => put(fingerprint, { token });

export const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
export const base64 = (buffer) => btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""));
const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, "0")).join("");
const fingerprintOf = async (certificate) => hex(await crypto.subtle.digest("SHA-256", certificate));

function all(pem, label) {
  const found = pem.matchAll(new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`, "g"));
  return [...found].map((one) => bytes(one[1].replace(/\s/g, "")));
}

export const blocks = (pem, label) => all(pem, label)[0] ?? null;

const ALGORITHMS = [
  { signs: { name: "ECDSA", namedCurve: "P-256" }, opens: { name: "ECDH", namedCurve: "P-256" }, how: "deriveBits" },
  { signs: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, opens: { name: "RSA-OAEP", hash: "SHA-256" }, how: "decrypt" },
];
const PUBLIC = { EC: ["kty", "crv", "x", "y"], RSA: ["kty", "n", "e"] };
//: the curve of SM2 (1.2.156.10197.1.301) as it stands in a key
const SM2_CURVE = "06082a811ccf5501822d";

// The public half of a private key, as base64 of its SubjectPublicKeyInfo.
async function publicHalf(der, algorithm) {
  const jwk = await crypto.subtle.exportKey("jwk", await crypto.subtle.importKey("pkcs8", der, algorithm, true, ["sign"]));
  const open = Object.fromEntries(PUBLIC[jwk.kty].map((part) => [part, jwk[part]]));
  return base64(await crypto.subtle.exportKey("spki", await crypto.subtle.importKey("jwk", open, algorithm, true, ["verify"])));
}

// The account's certificates, which the page lists: [{fingerprint, spki}].
export const ownCertificates = () => JSON.parse(document.querySelector("#own-certificates")?.textContent || "[]");

// Reads a PEM of a private key, with or without its certificate; of SM2 a pair: the signing key first. Answers what
// `keep` keeps, with a holder to use at once. `known` are certificates beyond the account's listed ones.
export async function importPem(pem, known = []) {
  if (/BEGIN ENCRYPTED PRIVATE KEY/.test(pem)) throw new Error("私钥文件有口令保护, 请先在本机去除口令: openssl pkcs8 -topk8 -nocrypt -in 原文件 -out key.pem");
  if (/BEGIN (EC|RSA) PRIVATE KEY/.test(pem)) throw new Error("私钥是旧格式, 请先在本机转换: openssl pkcs8 -topk8 -nocrypt -in 原文件 -out key.pem");
  const ders = all(pem, "PRIVATE KEY");
  const [certificate] = all(pem, "CERTIFICATE");
  if (!ders.length) throw new Error("文件中没有私钥(PKCS#8 PEM), 请选择申请证书时保存的私钥文件");
  const listed = [...known, ...ownCertificates()];
  const mine = (half) => {
    const found = listed.find((one) => one.spki === half);
    if (!found) throw new Error("这个私钥与您账号绑定的证书都不对应, 请换一个文件, 或先申请证书");
    return found.fingerprint;
  };
  if (hex(ders[0]).includes(SM2_CURVE)) return national(ders, certificate, mine);
  for (const { signs, opens, how } of ALGORITHMS) {
    let key, opener, half;
    try {
      key = await crypto.subtle.importKey("pkcs8", ders[0], signs, false, ["sign"]);
      opener = await crypto.subtle.importKey("pkcs8", ders[0], opens, false, [how]);
      half = await publicHalf(ders[0], signs);
    } catch { continue; }
    return { key, opener, fingerprint: certificate ? await fingerprintOf(certificate) : mine(half), holder: webKey(key, opener) };
  }
  throw new Error("私钥类型不受支持, 请使用P-256、RSA或SM2证书");
}

// The encryption key of a pair of which only the signing key was saved: its CA handed it over wrapped for that key.
async function handedOver(fingerprint, signs, gm) {
  const reply = await fetch(`/certificates/${fingerprint}.pem`);
  const [wrapped] = reply.ok ? all(await reply.text(), "SM2 ENVELOPED KEY") : [];
  return wrapped ? gm.openKey(wrapped, signs) : undefined;
}

async function national(ders, certificate, mine) {
  const gm = await import("./gm.js");
  const signs = gm.privateKey(ders[0]);
  const fingerprint = certificate ? await fingerprintOf(certificate) : mine(base64(gm.publicKeyInfo(signs)));
  const opens = ders[1] ? gm.privateKey(ders[1]) : await handedOver(fingerprint, signs, gm);
  const pair = { signs, opens: opens ?? signs };
  const holder = {
    algorithm: "SM2",
    opens: true,
    sign: async (data) => gm.sign(signs, new Uint8Array(data)),
    openEnvelope: async (envelope, receives) => gm.openEnvelope(envelope, pair.opens, receives),
  };
  // what a file of the whole pair needs beside the first key
  const second = opens && gm.pkcs8(opens);
  return { pair, fingerprint, holder, second };
}
