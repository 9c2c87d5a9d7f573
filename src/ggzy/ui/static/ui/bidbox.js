// The sealed bid (bidding/bidbox.py) in the browser: sealed and tried as streams, so that its size is no matter.
import { Decrypter, Encrypter, SM3, generateX25519Identity, identityToRecipient, sha256, split } from "../vendor/bidkit.js";
import { sealTo, signDetached } from "./cms.js";
import { decrypted, encrypted, hex, sm3, unhex } from "./gm.js";

const BLOCK = 512, RECORD = 10240;
export const MOST_BYTES = 600 * 1024 * 1024;

export class NotSealed extends Error {}

const text = new TextEncoder();

// Canonical JSON (RFC 8785): members in the order of their UTF-16 units, strings and numbers as JSON.stringify writes them.
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value && typeof value === "object") return `{${Object.keys(value).sort().map((key) => `${canonical(key)}:${canonical(value[key])}`).join(",")}}`;
  if (typeof value === "string" && (value.includes("\0") || /[\uD800-\uDFFF]/u.test(value))) throw new NotSealed("填写的内容中含有不可见的控制字符, 请重新输入");
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw new NotSealed("数字过大或含有小数, 应写为文字");
  return JSON.stringify(value);
}

const salted = (salt, value) => Uint8Array.from([...salt, ...text.encode(canonical(value))]);

// With which algorithms a bid is sealed (bidding/profiles.py): how a bid_key is made and committed to, how fields are,
// and how a stream of a known size becomes the payload and comes out of it again.
export const PROFILES = {
  age: {
    format: "openggzy-bid/1",
    payload: "bid.age",
    newKey: generateX25519Identity,
    binds: identityToRecipient,
    commit: (salt, value) => hex(sha256(salted(salt, value))),
    async encrypt(source, size, bidKey) {
      const encrypter = new Encrypter();
      encrypter.addRecipient(await identityToRecipient(bidKey));
      return encrypter.encrypt(asStream(source));
    },
    async decrypt(source, size, bidKey) {
      const decrypter = new Decrypter();
      decrypter.addIdentity(bidKey);
      return decrypter.decrypt(asStream(source));
    },
  },
  gm: {
    format: "openggzy-bid-gm/1",
    payload: "bid.sm4",
    newKey: async () => `SM4-SECRET-KEY-${hex(crypto.getRandomValues(new Uint8Array(16))).toUpperCase()}`,
    binds: async (bidKey) => `sm3:${hex(sm3(sm4Key(bidKey)))}`,
    commit: (salt, value) => hex(sm3(salted(salt, value))),
    encrypt: async (source, size, bidKey) => asStream(encrypted(source, size, sm4Key(bidKey))),
    decrypt: async (source, size, bidKey) => asStream(decrypted(source, size, sm4Key(bidKey))),
  },
};

function sm4Key(bidKey) {
  const found = /^SM4-SECRET-KEY-([0-9A-F]{32})$/.exec(bidKey.trim());
  if (!found) throw new NotSealed("这不是有效的投标密钥");
  return unhex(found[1]);
}

export const profileOf = (manifest) => Object.values(PROFILES).find((one) => one.format === manifest.format);

async function* pieces(blob) {
  const reader = blob.stream().getReader();
  try {
    for (let got = await reader.read(); !got.done; got = await reader.read()) yield got.value;
  } finally { reader.releaseLock(); }
}

// --- tar (POSIX.1-2001), as Python's tarfile writes it: a name that is not short ASCII stands in a PAX header
function header(name, size, kind) {
  const block = new Uint8Array(BLOCK);
  const put = (at, string) => block.set(text.encode(string), at);
  const octal = (at, width, value) => put(at, value.toString(8).padStart(width - 1, "0"));
  put(0, name);
  octal(100, 8, 0o644); octal(108, 8, 0); octal(116, 8, 0); octal(124, 12, size); octal(136, 12, 0);
  put(148, "        ");
  put(156, kind);
  put(257, "ustar\x0000");
  put(148, `${block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0")}\0 `);
  return block;
}

const padding = (size, to = BLOCK) => new Uint8Array((to - (size % to)) % to);

function heading(name, size) {
  const short = /^[\x20-\x7e]{1,100}$/.test(name);
  if (short) return [header(name, size, "0")];
  const said = text.encode(` path=${name}\n`);
  let length = said.length + 1;
  while (String(length).length + said.length !== length) length = String(length).length + said.length;
  const record = Uint8Array.from([...text.encode(String(length)), ...said]);
  const stand = name.replace(/[^\x20-\x7e]/g, "?").slice(0, 100);
  return [header("././@PaxHeader", record.length, "x"), record, padding(record.length), header(stand, size, "0")];
}

const ofSize = (parts) => parts.reduce((sum, part) => sum + part.length, 0);

function members(json, files) {
  return [["bid.json", json.length, [json]], ...files.map((file) => [`attachments/${file.name}`, file.size, file])];
}

function tarSize(json, files) {
  const size = members(json, files).reduce((sum, [name, length]) => sum + ofSize(heading(name, length)) + length + padding(length).length, 2 * BLOCK);
  return size + padding(size, RECORD).length;
}

async function* tar(json, files) {
  let written = 0;
  for (const [name, size, body] of members(json, files)) {
    let seen = 0;
    for (const part of heading(name, size)) { written += part.length; yield part; }
    for await (const piece of body instanceof Blob ? pieces(body) : body) { seen += piece.length; written += piece.length; yield piece; }
    if (seen !== size) throw new NotSealed(`“${name}”在加密过程中被改动, 请重新选择文件`);
    const rest = padding(size);
    written += rest.length;
    yield rest;
  }
  const end = new Uint8Array(2 * BLOCK);
  yield end;
  yield padding(written + end.length, RECORD);
}

const asStream = (generator) => new ReadableStream({
  async pull(controller) {
    const { done, value } = await generator.next();
    if (done) controller.close(); else if (value.length) controller.enqueue(value); else await this.pull(controller);
  },
  async cancel() { await generator.return(); },
});

const wide = (bytes) => ({ sha256: hex(sha256(bytes)), sm3: hex(new SM3().update(bytes).digest()) });

// Seals a bid. `facts`: {round, ocid, bidder, sealing, fingerprint, certificate and receives (DER), tender_file}; `holder`
// signs (keyring.js); `out` takes the ciphertext: {write(bytes)}; `step(done, total)` is awaited between pieces: there one may wait, or throw to give up.
// The bid_key leaves only inside the envelope.
// `pair` ties the packages of a bid in two envelopes: {nonce}, in the first also {second}.
export async function seal({ facts, fields, files, holder, out, step, pair }) {
  const profile = PROFILES[facts.sealing];
  if (facts.sealing === "gm" && holder.algorithm !== "SM2") throw new NotSealed("本标段采用国密算法, 请用SM2证书登录后加密");
  if (new Set(files.map((file) => file.name)).size !== files.length) throw new NotSealed("两个附件的文件名相同, 请改名后再加密");
  const weight = files.reduce((sum, file) => sum + file.size, 0);
  if (weight > MOST_BYTES - (1 << 20)) throw new NotSealed("附件合计超过600MB, 请压缩后再加密");
  const attachments = [];
  let done = 0;
  for (const file of files) {
    const digest = sha256.create(), national = facts.sealing === "gm" ? new SM3() : null;
    for await (const piece of pieces(file)) {
      digest.update(piece);
      national?.update(piece);
      done += piece.length;
      await step(done, 2 * weight || 1);
    }
    attachments.push({ name: file.name, size: file.size, sha256: hex(digest.digest()), ...(national ? { sm3: hex(national.digest()) } : {}) });
  }
  const all = { ...fields, attachments };
  const salts = Object.fromEntries(Object.keys(all).map((name) => [name, crypto.getRandomValues(new Uint8Array(32))]));
  const json = text.encode(canonical({ format: profile.format, fields: all, salts: Object.fromEntries(Object.entries(salts).map(([name, salt]) => [name, hex(salt)])) }));
  if (json.length > 1 << 20) throw new NotSealed("填写的内容和登记信息合计超过1MB, 请减少随附的登记信息");
  const bidKey = await profile.newKey();
  const whole = tarSize(json, files);
  const reader = (await profile.encrypt(tar(json, files), whole, bidKey)).getReader();
  const digests = { sha256: sha256.create(), sm3: new SM3() };
  let size = 0;
  try {
    for (let got = await reader.read(); !got.done; got = await reader.read()) {
      for (const digest of Object.values(digests)) digest.update(got.value);
      await out.write(got.value);
      size += got.value.length;
      await step(weight + Math.min(weight, (size / whole) * weight), 2 * weight || 1);
    }
  } catch (trouble) {
    await reader.cancel(trouble).catch(() => {});
    throw trouble;
  }
  const envelope = await sealTo(facts.receives, text.encode(bidKey));
  const shares = facts.holders?.length ? await inParts(bidKey, facts.holders) : undefined;
  const manifest = text.encode(canonical({
    format: profile.format,
    ocid: facts.ocid,
    round: facts.round,
    bidder: facts.bidder,
    certificate: facts.fingerprint,
    bid_key: await profile.binds(bidKey),
    ...(facts.tender_file ? { tender_file: facts.tender_file } : {}),
    ...(pair ? { pair } : {}),
    fields: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, profile.commit(salts[name], value)])),
    parts: {
      [profile.payload]: { size, sha256: hex(digests.sha256.digest()), sm3: hex(digests.sm3.digest()) },
      "key.p7m": { size: envelope.length, ...wide(envelope) },
      ...(shares ? { "shares.json": { size: shares.length, ...wide(shares) } } : {}),
    },
  }));
  return { manifest, envelope, shares, signature: await signDetached(manifest, holder, facts.certificate) };
}

// The files of a sealed second package as attachments of the first (bidding/bidbox.py: SECOND).
export const SECOND = { payload: "第二信封-bid.age", envelope: "第二信封-key.p7m", manifest: "第二信封-manifest.json", signature: "第二信封-manifest.p7s" };

// Seals a bid in two envelopes: the price and the files `priced` first, into memory, as a package that the first one carries.
export async function sealTwo({ facts, fields: { price, ...rest }, files, priced, holder, out, memory, step }) {
  const nonce = hex(crypto.getRandomValues(new Uint8Array(32)));
  const whose = { bidder: rest.bidder, uscc: rest.uscc };
  const sealed = await seal({ facts, fields: { ...whose, price }, files: priced, holder, out: memory, step, pair: { nonce } });
  const second = { ...sealed, payload: await memory.end() };
  const carried = Object.entries(SECOND).map(([part, name]) => new File([second[part]], name));
  const first = await seal({ facts, fields: rest, files: [...files, ...carried], holder, out, step, pair: { nonce, second: hex(sha256(second.manifest)) } });
  return { ...first, second };
}

// The bid_key in three parts, each to one holder of the tender file (bidding/shares.py): the bidder's own choice.
async function inParts(bidKey, holders) {
  const cut = await split(text.encode(bidKey), holders.length, holders.length);
  const rows = [];
  for (const [n, { uscc, certificate }] of holders.entries()) {
    const envelope = await sealTo(certificate, text.encode(hex(cut[n])));
    rows.push({ uscc, sha256: hex(sha256(cut[n])), envelope: btoa(Array.from(envelope, (byte) => String.fromCharCode(byte)).join("")) });
  }
  return text.encode(canonical({ format: "openggzy-shares/1", shares: rows }));
}

// --- trying a bid: the same checks as the platform's at the opening
class Source {
  constructor(stream) { this.reader = stream.getReader(); this.held = new Uint8Array(0); }

  async some(most) {
    while (!this.held.length) {
      const { done, value } = await this.reader.read();
      if (done) return null;
      this.held = value;
    }
    const piece = this.held.subarray(0, most);
    this.held = this.held.subarray(piece.length);
    return piece;
  }

  async* take(size) {
    for (let left = size; left > 0;) {
      const piece = await this.some(left);
      if (!piece) throw new NotSealed("投标文件解密后不完整");
      left -= piece.length;
      yield piece;
    }
  }

  async whole(size) {
    const out = new Uint8Array(size);
    let at = 0;
    for await (const piece of this.take(size)) { out.set(piece, at); at += piece.length; }
    return out;
  }
}

// The path in a PAX header: records of "length key=value\n", the length in bytes and of all of it.
function paxPath(data) {
  const read = new TextDecoder();
  for (let at = 0; at < data.length;) {
    const length = parseInt(read.decode(data.subarray(at, at + 20)), 10);
    if (!(length > 0)) break;
    const record = read.decode(data.subarray(at, at + length - 1)), said = record.slice(record.indexOf(" ") + 1);
    if (said.startsWith("path=")) return said.slice(5);
    at += length;
  }
  return "";
}

async function* entries(source) {
  const read = new TextDecoder();
  let path = "";
  for (;;) {
    const block = await source.whole(BLOCK);
    if (block.every((byte) => byte === 0)) return;
    const string = (at, width) => read.decode(block.subarray(at, at + width)).split("\0")[0];
    const size = parseInt(string(124, 12).trim(), 8), kind = string(156, 1) || "0";
    if (kind === "x") path = paxPath(await source.whole(size));
    else if (kind !== "0") throw new NotSealed("投标文件中有清单以外的内容");
    else {
      yield { name: path || string(0, 100), size };
      path = "";
    }
    await source.whole(padding(size).length);
  }
}

// Opens a bid with its bid_key and checks every part, field and attachment against the manifest; answers the fields.
export async function tryOpen({ payload, manifest, envelope, bidKey, step }) {
  const said = JSON.parse(new TextDecoder().decode(manifest)), profile = profileOf(said);
  if ((await profile.binds(bidKey)) !== said.bid_key) throw new NotSealed("投标密钥与清单中承诺的不一致");
  if (envelope && hex(sha256(envelope)) !== said.parts["key.p7m"].sha256) throw new NotSealed("密钥信封与清单不一致");
  const outside = sha256.create();
  let read = 0;
  const counted = async function* () {
    for await (const piece of pieces(payload)) {
      outside.update(piece);
      read += piece.length;
      yield piece;
      await step(read, payload.size);
    }
  };
  const source = new Source(await profile.decrypt(counted(), payload.size, bidKey));
  let fields = null;
  const seen = new Set();
  for await (const { name, size } of entries(source)) {
    if (!fields) {
      if (name !== "bid.json") throw new NotSealed("投标文件中没有投标数据(bid.json)");
      const inside = JSON.parse(new TextDecoder().decode(await source.whole(size)));
      fields = inside.fields;
      const names = Object.keys(said.fields);
      if (Object.keys(fields).length !== names.length) throw new NotSealed("投标内容的项目与清单承诺的不一致");
      for (const field of names) {
        if (profile.commit(unhex(inside.salts[field]), fields[field]) !== said.fields[field]) throw new NotSealed(`投标内容“${field}”与清单承诺不一致`);
      }
      continue;
    }
    const short = name.split("/").at(-1);
    const listed = fields.attachments.find((one) => one.name === short);
    if (!listed || seen.has(short)) throw new NotSealed("投标文件中有清单以外的内容");
    seen.add(short);
    const digest = sha256.create();
    for await (const piece of source.take(size)) digest.update(piece);
    if (hex(digest.digest()) !== listed.sha256 || size !== listed.size) throw new NotSealed(`附件“${short}”与清单承诺不一致`);
  }
  while (await source.some(1 << 20));
  if (!fields || seen.size !== fields.attachments.length) throw new NotSealed("投标文件里缺少清单中的附件");
  if (hex(outside.digest()) !== said.parts[profile.payload].sha256) throw new NotSealed("密文与清单的摘要不一致");
  return fields;
}
