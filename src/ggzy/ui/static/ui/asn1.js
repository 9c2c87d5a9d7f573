// Reading DER with asn1js: what envelopes, certificates and keys are looked at for.
import { fromBER, sha256 } from "../vendor/bidkit.js";
import { oid, sequence } from "./der.js";

export class EnvelopeBroken extends Error {}

const RSA = oid("1.2.840.113549.1.1.1"), SM2 = oid("1.2.156.10197.1.301");

export const same = (a, b) => a.length === b.length && a.every((byte, n) => byte === b[n]);
export const view = (block) => block.valueBeforeDecodeView;
export const inside = (block) => block.valueBlock.value;
// An octet string that holds DER is also parsed by asn1js; only a constructed one (BER) is in pieces.
export const content = (block) => (block.idBlock.isConstructed && block.valueBlock.value?.length
  ? Uint8Array.from(block.valueBlock.value.flatMap((piece) => [...content(piece)]))
  : block.valueBlock.valueHexView);

export function parse(bytes) {
  const { offset, result } = fromBER(bytes);
  if (offset === -1) throw new EnvelopeBroken("密钥信封(key.p7m)不是有效的CMS文件");
  return result;
}

const NAMES = [oid("2.5.4.10"), oid("2.5.4.3")];

// A certificate in words for people, with its fingerprint: {fingerprint, holder, until, algorithm}.
export function describe(bytes) {
  const fields = inside(inside(parse(bytes))[0]);
  const at = fields[0].idBlock.tagClass === 3 ? 1 : 0;
  const parts = inside(fields[at + 4]).flatMap((set) => inside(set).map(inside));
  const said = NAMES.map((name) => parts.find(([kind]) => same(view(kind), name))?.[1].valueBlock.value).filter(Boolean);
  const { rsa, point } = readCertificate(bytes);
  return {
    fingerprint: Array.from(sha256(bytes), (b) => b.toString(16).padStart(2, "0")).join(""),
    holder: said.join(" · ") || "未写名称",
    until: inside(fields[at + 3])[1].toDate().toISOString().slice(0, 10),
    algorithm: point ? "SM2" : rsa ? "RSA" : "P-256",
  };
}

// What a recipient or a signer is known by, and the certificate's public key; `point` is an SM2 key's, else null.
export function readCertificate(bytes) {
  const fields = inside(inside(parse(bytes))[0]);
  const at = fields[0].idBlock.tagClass === 3 ? 1 : 0;
  const key = fields[at + 5], [kind, parameters] = inside(inside(key)[0]);
  const national = parameters && same(view(parameters), SM2);
  return {
    serial: content(fields[at]),
    name: sequence(view(fields[at + 2]), view(fields[at])),
    spki: view(key).slice(),
    rsa: same(view(kind), RSA),
    point: national ? view(key).slice(-65) : null,
  };
}
