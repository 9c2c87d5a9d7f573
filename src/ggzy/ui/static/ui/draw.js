// Seeds of a draw are made and kept in this browser; a draw is recomputed here from labels and revealed seeds.
const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, "0")).join("");
const unhex = (text) => Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));

async function hmac(key, data) {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, data));
}

// HKDF-Expand(HKDF-Extract(code, randomness), label, 32): one block.
async function position(extract, label) {
  const info = new TextEncoder().encode(label);
  const block = new Uint8Array(info.length + 1);
  block.set(info); block[info.length] = 1;
  return hex(await hmac(extract, block));
}

export async function ranking(labels, seeds, code) {
  const extract = await hmac(unhex(code), unhex(seeds.join("")));
  const placed = await Promise.all(labels.map(async (label) => [await position(extract, label), label]));
  return placed.sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([, label]) => label);
}

// Who holds which quota's places; others move between the quotas where that makes room for another.
function seats(places) {
  const free = [...places], held = places.map(() => []);
  const take = (entry, asked = new Set()) => {
    for (const quota of entry.fits) {
      if (asked.has(quota)) continue;
      asked.add(quota);
      if (free[quota]) { free[quota] -= 1; held[quota].push(entry); return true; }
      for (const [n, other] of held[quota].entries()) {
        if (take(other, asked)) { held[quota][n] = entry; return true; }
      }
    }
    return false;
  };
  return { take, full: () => free.every((n) => n === 0) };
}

// The first label that has to be called now, "" if every place is held or nobody is left.
export function due(order, places, sitting, gone, onePerUnit) {
  const taken = seats(places), units = new Set(sitting.map((entry) => entry.unit));
  sitting.forEach((entry) => taken.take(entry));
  for (const entry of order) {
    if (taken.full()) return "";
    if (sitting.includes(entry) || gone.has(entry.label) || (onePerUnit && units.has(entry.unit))) continue;
    if (taken.take(entry)) return entry.label;
  }
  return "";
}

const GONE = new Set(["refused", "silent", "busy", "avoided", "absent", "left"]);

// The first label that was passed over or called out of turn, "" if none was: the same walk as rules.passed_over.
export function passedOver(lists, places, steps, onePerUnit) {
  const order = [], known = new Map(), gone = new Set(), behind = [...lists];
  let sitting = [];
  const next = () => due(order, places, sitting, gone, onePerUnit);
  for (const { what, label } of steps) {
    if (what === "called" || what === "busy") {
      if (next() !== label) return label;
      if (what === "called") sitting.push(known.get(label)); else gone.add(label);
      continue;
    }
    const missed = next();
    if (missed) return missed;
    if (what === "ranked") (behind.shift() || []).forEach((entry) => { order.push(entry); known.set(entry.label, entry); });
    else if (GONE.has(what)) { sitting = sitting.filter((entry) => entry.label !== label); gone.add(label); }
    else if (!sitting.some((entry) => entry.label === label)) return label;
  }
  return next();
}

// The digest of a frozen list: its lines sorted by label, as canonical JSON.
async function digest(entries) {
  const lines = entries.map((e) => [e.label, e.fits, e.unit]).sort((a, b) => (a[0] < b[0] ? -1 : 1));
  return hex(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(lines))));
}

// What does not agree in a published draw, "" if everything does.
export async function recompute(draw) {
  const lists = [];
  for (const list of draw.lists.filter((one) => one.randomness)) {
    const entries = draw.entries.filter(([number]) => number === list.number).map(([, label, fits, unit]) => ({ label, fits, unit }));
    // lists from before quotas carry no employers: their digest is over the labels alone
    const plain = entries.every((e) => !e.unit);
    const sum = plain
      ? hex(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(entries.map((e) => e.label).sort()))))
      : await digest(entries);
    if (sum !== list.sha256) return `第${list.number}份名单的校验值`;
    for (const seed of list.seeds) {
      if (hex(await crypto.subtle.digest("SHA-256", unhex(seed.seed))) !== seed.commitment) return `${seed.label}的种子`;
    }
    const place = new Map(entries.map((e) => [e.label, e]));
    const order = await ranking([...place.keys()], list.seeds.map((s) => s.seed), draw.draw);
    lists.push(order.map((label) => place.get(label)));
  }
  const ranks = new Map(lists.flat().map((entry, n) => [entry.label, n + 1]));
  const misplaced = draw.called.find((c) => ranks.get(c.label) !== c.rank);
  if (misplaced) return `编号${misplaced.label.slice(0, 8)}的名次`;
  const over = passedOver(lists, draw.quotas.map((q) => q.count), draw.steps, draw.conditions.one_per_unit);
  return over ? `编号${over.slice(0, 8)}的通知次序` : "";
}

export function drawPages() {
  document.querySelectorAll("form[data-seed-commit]").forEach((form) => form.addEventListener("submit", async (event) => {
    if (form.elements.commitment.value) return;
    event.preventDefault();
    const seed = crypto.getRandomValues(new Uint8Array(32));
    localStorage.setItem(`seed-${form.dataset.seedCommit}`, hex(seed));
    form.elements.commitment.value = hex(await crypto.subtle.digest("SHA-256", seed));
    form.submit();
  }));
  document.querySelectorAll("form[data-seed-reveal]").forEach((form) => {
    const kept = localStorage.getItem(`seed-${form.dataset.seedReveal}`);
    if (kept) form.elements.seed.value = kept;
  });
  const check = document.querySelector("[data-recompute]");
  check?.addEventListener("click", async () => {
    const out = document.querySelector("[data-recomputed]");
    const reply = await fetch(check.dataset.recompute);
    const draw = await reply.json();
    const wrong = await recompute(draw);
    out.textContent = wrong ? `不一致: ${wrong}` : `一致: 由${draw.entries.length}个编号、名额和三方种子重算, 名次和${draw.called.length}次通知全部相同`;
    out.className = wrong ? "notice bad" : "notice good";
  });
}
