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
    const order = await ranking(draw.labels, draw.seeds.map((s) => s.seed), draw.draw);
    const called = draw.called.filter((c) => c.rank);
    const wrong = called.filter((c) => order[c.rank - 1] !== c.label);
    out.textContent = wrong.length ? `不一致: 第${wrong[0].rank}名` : `一致: 由${order.length}个编号和三方种子重算, ${called.length}个已通知编号的名次全部相同`;
    out.className = wrong.length ? "notice bad" : "notice good";
  });
}
