// A sealed response of a research procurement is made and kept in this browser: the platform gets SHA-256(salt ‖ JSON) alone.
import { amount } from "./calloff.js";

const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, "0")).join("");
const MONEY = ["compensation", "first_price"];

// The names stand in the order of RFC 8785, whose texts are those of JSON.stringify.
export async function commitment({ kind, purchase, response, supplier, salt }) {
  const sorted = Object.fromEntries(Object.keys(response).sort().map((name) => [name, response[name]]));
  const text = new TextEncoder().encode(JSON.stringify({ kind, purchase, response: sorted, supplier }));
  const data = new Uint8Array(32 + text.length);
  data.set(Uint8Array.from(salt.match(/../g), (pair) => parseInt(pair, 16)));
  data.set(text, 32);
  return hex(await crypto.subtle.digest("SHA-256", data));
}

export function sealResponses() {
  document.querySelectorAll("[data-seal-response]").forEach((button) => {
    const form = button.form, send = form.querySelector("button[type=submit]"), box = form.querySelector("[data-voucher]");
    const parts = [...form.querySelectorAll("[data-part]")];
    send.disabled = true;
    // what is changed after sealing is another response: it must be sealed anew
    parts.forEach((part) => part.addEventListener("input", () => { send.disabled = true; form.elements.commitment.value = ""; }));
    button.addEventListener("click", async () => {
      const response = Object.fromEntries(parts.map((part) => [part.dataset.part, part.value.trim()]));
      for (const name of MONEY) response[name] = amount(response[name]);
      const wrong = parts.find((part) => {
        const given = response[part.dataset.part];
        const most = Number(part.dataset.most || Infinity);
        return !given || Number(given) > most || (part.dataset.part === "first_price" && !Number(given));
      });
      box.hidden = false;
      if (wrong || !/^[1-9]\d{0,2}$/.test(response.months)) {
        box.textContent = "请填写全部内容; 金额最多两位小数, 首购报价大于0, 金额和月数不超过研发谈判文件的限额, 月数为正整数";
        (wrong || form).querySelector?.("[data-part]")?.focus();
        wrong?.focus();
        return;
      }
      const { purchase, supplier, kind } = form.dataset;
      const voucher = { kind, purchase, supplier, response, salt: hex(crypto.getRandomValues(new Uint8Array(32))) };
      voucher.commitment = await commitment(voucher);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([JSON.stringify(voucher, null, 1)], { type: "application/json" }));
      link.download = `响应凭证-${purchase.slice(0, 8)}-${voucher.commitment.slice(0, 8)}.json`;
      link.textContent = "再次保存响应凭证";
      box.replaceChildren(`已在本机封存, 摘要 ${voucher.commitment.slice(0, 8)}。凭证已保存为文件, 含响应文件全文, 不要给任何人看; 签名提交以后才算响应。`, link);
      link.click();
      form.elements.commitment.value = voucher.commitment;
      send.disabled = false;
    });
  });
  document.querySelectorAll("[data-reveal-response]").forEach((file) => {
    const form = file.form;
    file.addEventListener("change", async () => {
      file.setCustomValidity("");
      try {
        const voucher = JSON.parse(await file.files[0].text());
        if (voucher.commitment !== form.dataset.held) throw new Error("another response");
        form.elements.voucher.value = JSON.stringify({ response: voucher.response, salt: voucher.salt });
      } catch { file.setCustomValidity("这不是平台保存的那份响应文件的凭证, 请按页面上的摘要选择文件"); file.reportValidity(); }
    });
  });
}
