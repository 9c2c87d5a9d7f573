// A sealed response of a research procurement is made and kept in this browser: the platform gets SHA-256(salt ‖ JSON) alone.
import { amount } from "./calloff.js";

const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, "0")).join("");
const MONEY = ["compensation", "first_price"];
// what the platform refuses of a file when it is revealed would lose the response: it is said before the sealing
const PROGRAM = /\.(exe|dll|bat|cmd|com|scr|js|vbs|ps1|sh|jar|msi)$/i;
const BEGINNINGS = ["4d5a", "7f454c46", "2321", "cafebabe"];

async function fileParts(input) {
  const file = input.files[0];
  if (!file) return {};
  const data = await file.arrayBuffer();
  const begins = hex(data.slice(0, 4));
  if (!file.size || file.size > Number(input.dataset.most)) throw new Error("附件不能是空文件, 不超过20MB");
  if (PROGRAM.test(file.name) || BEGINNINGS.some((one) => begins.startsWith(one))) throw new Error("附件不能是程序或者脚本文件");
  if (!file.name.trim() || [...file.name].length > 100) throw new Error("附件的文件名不超过100字");
  return { file_name: file.name, file_sha256: hex(await crypto.subtle.digest("SHA-256", data)) };
}

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
    const parts = [...form.querySelectorAll("[data-part]")], attached = form.querySelector("[data-part-file]");
    send.disabled = true;
    // what is changed after sealing is another response: it must be sealed anew
    [...parts, attached].forEach((part) => part.addEventListener("input", () => { send.disabled = true; form.elements.commitment.value = ""; }));
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
      try { Object.assign(response, await fileParts(attached)); } catch (trouble) { box.textContent = trouble.message; attached.focus(); return; }
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
    const form = file.form, place = form.querySelector("[data-reveal-file]"), attached = form.elements.file;
    let wanted = "";
    attached.addEventListener("change", async () => {
      const given = attached.files[0] ? hex(await crypto.subtle.digest("SHA-256", await attached.files[0].arrayBuffer())) : "";
      attached.setCustomValidity(given === wanted ? "" : "这不是封存时的附件, 请选择同一份文件");
      attached.reportValidity();
    });
    file.addEventListener("change", async () => {
      file.setCustomValidity("");
      try {
        const voucher = JSON.parse(await file.files[0].text());
        if (voucher.commitment !== form.dataset.held) throw new Error("another response");
        wanted = voucher.response.file_sha256 || "";
        place.hidden = !wanted;
        attached.required = Boolean(wanted);
        place.querySelector("span").textContent = wanted ? `封存时的附件: ${voucher.response.file_name}` : "";
        form.elements.voucher.value = JSON.stringify({ response: voucher.response, salt: voucher.salt });
      } catch { file.setCustomValidity("这不是平台保存的那份响应文件的凭证, 请按页面上的摘要选择文件"); file.reportValidity(); }
    });
  });
}
