// A sealed offer of a second competition is made and kept in this browser: the platform gets SHA-256(salt ‖ JSON) alone.
const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, "0")).join("");
// a voucher is kept by what it seals: an offer that is sealed anew never takes the place of the one that the platform holds
const kept = (commitment) => `offer-${commitment}`;
const waiting = (call) => `offer-waiting-${call}`;

// What was sealed here is kept once the page says that the platform holds it, not before.
export function keepAccepted({ call, held }) {
  const offer = sessionStorage.getItem(waiting(call));
  if (!held || !offer || JSON.parse(offer).commitment !== held) return;
  localStorage.setItem(kept(held), offer);
  sessionStorage.removeItem(waiting(call));
}

// 元 with two places as the digest binds it, "" where it is no amount.
export function amount(text) {
  const found = /^0*(\d{1,13})(?:\.(\d{1,2}))?$/.exec(text.trim());
  return found ? `${found[1]}.${(found[2] || "").padEnd(2, "0")}` : "";
}

// The names stand in the order of RFC 8785, and nothing in the values needs escaping.
export async function commitment({ call, price, supplier, salt }) {
  const text = new TextEncoder().encode(JSON.stringify({ call, price, supplier }));
  const data = new Uint8Array(32 + text.length);
  data.set(Uint8Array.from(salt.match(/../g), (pair) => parseInt(pair, 16)));
  data.set(text, 32);
  return hex(await crypto.subtle.digest("SHA-256", data));
}

export function sealOffers() {
  document.querySelectorAll("[data-held]").forEach((place) => keepAccepted(place.dataset));
  document.querySelectorAll("[data-seal-offer]").forEach((button) => {
    const form = button.form, send = form.querySelector("button[type=submit]"), box = form.querySelector("[data-voucher]");
    const price = form.querySelector("[data-price]");
    send.disabled = true;
    // a price that is changed after sealing is another offer: it must be sealed anew
    price.addEventListener("input", () => { send.disabled = true; form.elements.commitment.value = ""; });
    button.addEventListener("click", async () => {
      const given = amount(price.value);
      box.hidden = false;
      if (!given || Number(given) <= 0 || Number(given) > Number(price.dataset.most)) {
        box.textContent = "请填写大于0、不高于协议价格的金额, 最多两位小数";
        return;
      }
      const { call, supplier, name } = form.dataset;
      const offer = { call, name, supplier, price: given, salt: hex(crypto.getRandomValues(new Uint8Array(32))) };
      offer.commitment = await commitment(offer);
      sessionStorage.setItem(waiting(call), JSON.stringify(offer));
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([JSON.stringify(offer, null, 1)], { type: "application/json" }));
      link.download = `报价凭证-${call.slice(0, 8)}-${offer.commitment.slice(0, 8)}.json`;
      link.textContent = "再次保存报价凭证";
      box.replaceChildren(`已在本机封存 ${given} 元, 摘要 ${offer.commitment.slice(0, 8)}。随机数 ${offer.salt}。凭证已保存为文件, 不要给任何人看; 签名提交以后才算报价。`, link);
      link.click();
      form.elements.commitment.value = offer.commitment;
      send.disabled = false;
    });
  });
  document.querySelectorAll("[data-reveal-offer]").forEach((file) => {
    const form = file.form;
    const fill = (text) => {
      const offer = JSON.parse(text);
      if (offer.commitment !== form.dataset.held) throw new Error("another offer");
      form.elements.price.value = offer.price;
      form.elements.salt.value = offer.salt;
    };
    const mine = localStorage.getItem(kept(form.dataset.held));
    if (mine && !form.elements.salt.value) fill(mine);
    file.addEventListener("change", async () => {
      file.setCustomValidity("");
      try { fill(await file.files[0].text()); } catch { file.setCustomValidity("这不是平台保存的那份报价的凭证, 请按页面上的摘要选择文件"); file.reportValidity(); }
    });
  });
}
