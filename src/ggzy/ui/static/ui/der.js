// DER (X.690) for what this browser writes: certificate requests, envelopes, signatures.
export const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));

// A tag and a length, below 4 GB.
export function head(tag, length) {
  if (length < 128) return [tag, length];
  const bytes = [24, 16, 8, 0].map((shift) => (length >>> shift) & 255);
  while (bytes[0] === 0) bytes.shift();
  return [tag, 0x80 | bytes.length, ...bytes];
}

export const der = (tag, ...parts) => { const body = join(...parts); return join(head(tag, body.length), body); };
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
