// Signing with a certificate whose private key is kept in this browser's IndexedDB as a non-extractable key.
const STORE = "keys";

function database() {
  return new Promise((resolve, reject) => {
    const open = indexedDB.open("ggzy", 1);
    open.onupgradeneeded = () => open.result.createObjectStore(STORE);
    open.onsuccess = () => resolve(open.result);
    open.onerror = () => reject(open.error);
  });
}

async function put(name, value) {
  const db = await database();
  return new Promise((resolve, reject) => {
    const act = db.transaction(STORE, "readwrite");
    act.objectStore(STORE).put(value, name);
    act.oncomplete = () => resolve();
    act.onerror = () => reject(act.error);
  });
}

async function take(name) {
  const db = await database();
  return new Promise((resolve, reject) => {
    const act = db.transaction(STORE).objectStore(STORE).get(name);
    act.onsuccess = () => resolve(act.result);
    act.onerror = () => reject(act.error);
  });
}

const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, "0")).join("");

function blocks(pem, label) {
  const found = pem.match(new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`));
  return found ? bytes(found[1].replace(/\s/g, "")) : null;
}

// Reads a PEM of key and certificate; answers {key, fingerprint}. The key cannot be taken out of the browser again.
export async function importPem(pem) {
  const der = blocks(pem, "PRIVATE KEY");
  const certificate = blocks(pem, "CERTIFICATE");
  if (!der) throw new Error("文件中没有私钥(PKCS#8 PEM), 请选择申请证书时保存的文件");
  if (!certificate) throw new Error("文件中没有证书, 请选择同时含有私钥和证书的PEM文件");
  const fingerprint = hex(await crypto.subtle.digest("SHA-256", certificate));
  for (const algorithm of [{ name: "ECDSA", namedCurve: "P-256" }, { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }]) {
    try {
      return { key: await crypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]), fingerprint };
    } catch { continue; }
  }
  throw new Error("私钥类型不受支持, 请使用P-256或RSA证书");
}

export async function sign(key, data) {
  const how = key.algorithm.name === "ECDSA" ? { name: "ECDSA", hash: "SHA-256" } : key.algorithm;
  return base64(await crypto.subtle.sign(how, key, data));
}

// Forms with data-sign fetch what must be signed, sign it here, and go on.
export function signForms() {
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.dataset.sign || form.dataset.signed || event.defaultPrevented) return;
    event.preventDefault();
    const state = form.querySelector("[data-sign-state]");
    const button = form.querySelector("button[type=submit]");
    const say = (text) => { if (state) state.textContent = text; };
    button.setAttribute("aria-busy", "true");
    try {
      const key = await take(form.dataset.certificate);
      if (!key) throw new Error("本浏览器中没有您的证书私钥, 请退出后用证书文件重新登录");
      say("正在取得待签内容…");
      const address = new URL(form.dataset.sign, location.href);
      for (const [name, value] of new FormData(form)) if (!["csrfmiddlewaretoken", "signature"].includes(name)) address.searchParams.set(name, value);
      const reply = await fetch(address, { headers: { Accept: "application/json" } });
      if (reply.redirected) throw new Error("登录已失效, 请重新登录后再签名");
      const answer = await reply.json();
      if (!reply.ok) throw new Error(answer.message || "暂时不能签名");
      say("正在签名…");
      form.elements.signature.value = await sign(key, bytes(answer.to_sign));
      form.dataset.signed = "1";
      form.submit();
    } catch (problem) {
      say(problem.message);
      button.removeAttribute("aria-busy");
    }
  });
}

// The login page's second step: choose the key file (or the demo key), sign the challenge, keep the key.
export function rememberKey() {
  const form = document.querySelector("form[data-prove]");
  if (!form) return;
  const state = form.querySelector("[data-sign-state]");
  const prove = async (pem) => {
    try {
      const { key, fingerprint } = await importPem(pem);
      await put(fingerprint, key);
      form.elements.certificate.value = fingerprint;
      form.elements.signature.value = await sign(key, new TextEncoder().encode(form.dataset.prove));
      form.submit();
    } catch (problem) { state.textContent = problem.message; }
  };
  form.querySelector("input[type=file]")?.addEventListener("change", async (event) => prove(await event.target.files[0].text()));
  form.querySelector("[data-demo-key]")?.addEventListener("click", async (event) => {
    event.preventDefault();
    const reply = await fetch(event.target.closest("[data-demo-key]").dataset.demoKey);
    if (!reply.ok) { state.textContent = "没有这个账号的演示证书"; return; }
    prove(await reply.text());
  });
}
