// DER (X.690) for what this browser writes: certificate requests, envelopes, signatures.
const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const length = (n) => (n < 128 ? [n] : n < 256 ? [0x81, n] : n < 65536 ? [0x82, n >> 8, n & 255] : [0x83, n >> 16, (n >> 8) & 255, n & 255]);

export const der = (tag, ...parts) => { const body = join(...parts); return join([tag], length(body.length), body); };
export const sequence = (...parts) => der(0x30, ...parts);
export const octets = (data) => der(0x04, data);

// SET OF: its members stand in the order of their bytes.
export const set = (...parts) => der(0x31, ...parts.sort((a, b) => {
  const at = a.findIndex((byte, n) => byte !== b[n]);
  return at < 0 ? 0 : a[at] - (b[at] ?? -1);
}));

export function oid(dotted) {
  const [first, second, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 127];
    for (let left = arc >>> 7; left; left >>>= 7) groups.unshift((left & 127) | 128);
    bytes.push(...groups);
  }
  return der(0x06, bytes);
}

// A number of a signature: no needless zeros, never negative.
export function integer(raw) {
  let start = 0;
  while (start < raw.length - 1 && raw[start] === 0) start += 1;
  const body = raw.slice(start);
  return der(0x02, body[0] & 0x80 ? [0] : [], body);
}

// An ECDSA signature as WebCrypto gives it (r‖s), as everybody else writes it.
export const ecdsa = (rs) => sequence(integer(rs.slice(0, rs.length / 2)), integer(rs.slice(rs.length / 2)));
