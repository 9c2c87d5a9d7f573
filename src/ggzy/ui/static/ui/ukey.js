// USB keys. Their vendors' helpers listen on this machine and are asked over the loopback interface. An adapter turns one
// convention into the three things we ask: {listCertificates(), sign(id, data), openEnvelope(id, envelope)}, and login(id, pin).
// `sof` is the convention of GM/T 0020 as JSON; another vendor's way is another adapter beside it.
import { keepToken, ownCertificates } from "./keyring.js";

// What went wrong with a key: "absent" (no helper answers), "pin" (asked for), "refused".
export class KeyTrouble extends Error {
  constructor(kind, message, left = null) { super(message); this.kind = kind; this.left = left; }
}

const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const base64 = (buffer) => btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""));
const NOT_LOGGED_IN = 2, WRONG_PIN = 3;

// An ECDSA signature as everybody writes it (DER), as WebCrypto would give it (r‖s).
function flat(signature) {
  const parts = [];
  for (let at = 2; parts.length < 2; at += 2 + signature[at + 1]) parts.push(signature.slice(at + 2, at + 2 + signature[at + 1]));
  const out = new Uint8Array(64);
  parts.forEach((part, n) => { const number = part[0] === 0 ? part.slice(1) : part; out.set(number, 32 * (n + 1) - number.length); });
  return out;
}

function sof(address) {
  async function call(name, said = {}) {
    let answer;
    try {
      const reply = await fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ function: name, ...said }), cache: "no-store", credentials: "omit" });
      answer = await reply.json();
    } catch { throw new KeyTrouble("absent", "没有找到 USB Key 的本机程序: 请插入 USB Key、启动厂商程序, 并允许浏览器访问本机程序。"); }
    if (answer.error === 0) return answer.result;
    if (answer.error === NOT_LOGGED_IN || answer.error === WRONG_PIN) throw new KeyTrouble("pin", answer.message, answer.left);
    throw new KeyTrouble("refused", answer.message || "USB Key 没有完成这一步。");
  }
  return {
    async listCertificates() {
      const { describe } = await import("./asn1.js");
      const rows = (await call("SOF_GetUserList")).split("&&&").filter(Boolean).map((row) => row.split("||"));
      return Promise.all(rows.map(async ([label, id]) => {
        const certificate = bytes(await call("SOF_ExportUserCert", { CertID: id }));
        const receives = bytes(await call("SOF_ExportExChangeUserCert", { CertID: id }));
        return { id, label, certificate, receives, ...describe(certificate) };
      }));
    },
    login: (id, pin) => call("SOF_Login", { CertID: id, PassWd: pin }),
    sign: async (id, data) => bytes(await call("SOF_SignData", { CertID: id, InData: base64(data) })),
    openEnvelope: async (id, envelope) => bytes(await call("SOF_DecryptDataPKCS7", { CertID: id, InData: base64(envelope) })),
  };
}

export const ADAPTERS = { sof };

// Asks for the PIN of a key, again while it is wrong; it goes to the helper alone and is kept nowhere.
function askPin(label, login) {
  return new Promise((resolve, reject) => {
    const box = document.createElement("dialog");
    box.innerHTML = '<form method="dialog" class="stack"><h2>输入 USB Key 的 PIN</h2><p></p><label class="field"><span>PIN</span><input type="password" autocomplete="off" required maxlength="64"><small>PIN 只交给本机的 USB Key 程序, 不会发给平台, 也不保存</small></label><p class="trouble" role="alert"></p><p class="actions"><button class="button" value="go">确定</button><button class="button quiet" type="button">取消</button></p></form>';
    const [says] = box.querySelectorAll("p"), input = box.querySelector("input"), trouble = box.querySelector(".trouble"), [go, stop] = box.querySelectorAll("button");
    says.textContent = label;
    let done = false;
    box.querySelector("form").addEventListener("submit", async (event) => {
      event.preventDefault();
      go.setAttribute("aria-busy", "true");
      try {
        await login(input.value);
        done = true;
        box.close();
        resolve();
      } catch (problem) {
        trouble.textContent = problem.message;
        input.value = "";
        input.focus();
        if (problem.kind !== "pin") go.disabled = true;
      } finally { go.removeAttribute("aria-busy"); }
    });
    stop.addEventListener("click", () => box.close());
    box.addEventListener("close", () => { box.remove(); if (!done) reject(new KeyTrouble("refused", "没有输入 PIN, 已取消。")); });
    document.body.append(box);
    box.showModal();
  });
}

// The holder of a key that lies in a USB key (keyring.js). Off the page's thread nobody can be asked for a PIN.
export function tokenKey({ kind, address, id, label, algorithm }) {
  const adapter = ADAPTERS[kind](address);
  const login = () => askPin(label, (pin) => adapter.login(id, pin));
  async function tried(act) {
    try { return await act(); } catch (problem) {
      if (problem.kind !== "pin") throw problem;
      if (typeof document === "undefined") throw new KeyTrouble("pin", "USB Key 要求输入 PIN: 请再按一次, 并输入 PIN。");
      await login();
      return act();
    }
  }
  return {
    algorithm,
    opens: true,
    place: label,
    // before long work: asked now, so that nothing stops at its end
    ready: login,
    sign: (data) => tried(async () => {
      const signature = await adapter.sign(id, data);
      return algorithm === "P-256" && signature[0] === 0x30 ? flat(signature) : signature;
    }),
    openEnvelope: (envelope) => tried(async () => new TextDecoder().decode(await adapter.openEnvelope(id, envelope)).trim()),
  };
}

const helpers = () => JSON.parse(document.querySelector("#ukey-helpers")?.textContent || "[]");

// Every certificate in every key that is plugged in; each with the holder of its key.
export async function plugged() {
  const found = [], troubles = [];
  for (const { kind, address, name } of helpers()) {
    try {
      for (const one of await ADAPTERS[kind](address).listCertificates()) {
        const token = { kind, address, id: one.id, label: `${name}: ${one.holder}`, algorithm: one.algorithm };
        found.push({ ...one, helper: name, token, holder: one.holder, key: tokenKey(token) });
      }
    } catch (problem) { troubles.push(problem); }
  }
  if (!found.length) throw troubles[0] ?? new KeyTrouble("absent", "本中心没有登记 USB Key 程序, 请用证书文件。");
  return found;
}

// What the browser lets pages do with this machine: "granted", "prompt", "denied", or "" where it does not ask.
async function permission() {
  for (const name of ["loopback-network", "local-network-access"]) {
    try { return (await navigator.permissions.query({ name })).state; } catch { /* this browser has no such name */ }
  }
  return "";
}

const make = (tag, text, look = "") => { const made = document.createElement(tag); made.textContent = text; made.className = look; return made; };

// A box with data-ukey: a button that reads the keys, and a row for each certificate; `chosen(row)` is what a row does.
// With `only` (a fingerprint), others are shown as others.
export function keyPicker(box, { chosen, only = "", says = "选用" }) {
  const button = box.querySelector("[data-ukey-read]"), list = box.querySelector("[data-ukey-list]"), trouble = box.querySelector("[data-ukey-says]");
  if (!button || !helpers().length) { box.hidden = true; return; }
  box.hidden = false;
  button.addEventListener("click", async () => {
    button.setAttribute("aria-busy", "true");
    trouble.textContent = (await permission()) === "prompt" ? "浏览器会询问是否允许访问本机上的程序, 请选“允许”。" : "";
    list.replaceChildren();
    try {
      const rows = await plugged(), mine = new Set(ownCertificates().map((one) => one.fingerprint));
      trouble.textContent = "";
      list.replaceChildren(...rows.map((row) => {
        const item = make("li", "", "split"), act = make("button", says, "button quiet small");
        const other = only ? row.fingerprint !== only : mine.size > 0 && !mine.has(row.fingerprint);
        const words = other ? (only ? "不是这张证书" : "没有绑定到本账号") : "";
        item.append(make("span", `${row.holder} · ${row.algorithm} · 有效至${row.until}${words ? ` · ${words}` : ""}`));
        act.type = "button";
        act.disabled = other;
        act.addEventListener("click", async () => {
          act.setAttribute("aria-busy", "true");
          try { await chosen(row); } catch (problem) { trouble.textContent = problem.message; } finally { act.removeAttribute("aria-busy"); }
        });
        item.append(act);
        return item;
      }));
    } catch (problem) {
      const denied = (await permission()) === "denied";
      trouble.textContent = denied ? "浏览器没有允许本站访问本机程序, 请按“图解”里的第三步改为允许, 再读一次。" : problem.message;
    } finally { button.removeAttribute("aria-busy"); }
  });
}

export const remember = async (row) => keepToken(row.fingerprint, row.token);
