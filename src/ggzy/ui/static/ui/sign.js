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

// The key of a certificate in this browser, undefined where there is none; what opens an envelope to the certificate
// is the same private key once more, kept beside it: WebCrypto gives each key one use.
export const ownKey = (fingerprint) => (fingerprint ? take(fingerprint) : undefined);
export const ownOpener = (fingerprint) => (fingerprint ? take(`${fingerprint}:opener`) : undefined);

export async function keep({ key, opener, fingerprint }) {
  await put(fingerprint, key);
  await put(`${fingerprint}:opener`, opener);
}

async function take(name) {
  const db = await database();
  return new Promise((resolve, reject) => {
    const act = db.transaction(STORE).objectStore(STORE).get(name);
    act.onsuccess = () => resolve(act.result);
    act.onerror = () => reject(act.error);
  });
}

export const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
export const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
const hex = (buffer) => [...new Uint8Array(buffer)].map((b) => b.toString(16).padStart(2, "0")).join("");

export function blocks(pem, label) {
  const found = pem.match(new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`));
  return found ? bytes(found[1].replace(/\s/g, "")) : null;
}

const ALGORITHMS = [
  { signs: { name: "ECDSA", namedCurve: "P-256" }, opens: { name: "ECDH", namedCurve: "P-256" }, how: "deriveBits" },
  { signs: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, opens: { name: "RSA-OAEP", hash: "SHA-256" }, how: "decrypt" },
];
const PUBLIC = { EC: ["kty", "crv", "x", "y"], RSA: ["kty", "n", "e"] };

// The public half of a private key, as base64 of its SubjectPublicKeyInfo.
async function publicHalf(der, algorithm) {
  const jwk = await crypto.subtle.exportKey("jwk", await crypto.subtle.importKey("pkcs8", der, algorithm, true, ["sign"]));
  const open = Object.fromEntries(PUBLIC[jwk.kty].map((part) => [part, jwk[part]]));
  return base64(await crypto.subtle.exportKey("spki", await crypto.subtle.importKey("jwk", open, algorithm, true, ["verify"])));
}

// The account's certificates, which the page lists: [{fingerprint, spki}].
export const ownCertificates = () => JSON.parse(document.querySelector("#own-certificates")?.textContent || "[]");

// Reads a PEM of a private key, with or without its certificate; answers {key, opener, fingerprint}.
// The keys cannot be taken out of the browser again. `known` are certificates beyond the account's listed ones.
export async function importPem(pem, known = []) {
  if (/BEGIN ENCRYPTED PRIVATE KEY/.test(pem)) throw new Error("私钥文件有口令保护, 请先在本机去除口令: openssl pkcs8 -topk8 -nocrypt -in 原文件 -out key.pem");
  if (/BEGIN (EC|RSA) PRIVATE KEY/.test(pem)) throw new Error("私钥是旧格式, 请先在本机转换: openssl pkcs8 -topk8 -nocrypt -in 原文件 -out key.pem");
  const der = blocks(pem, "PRIVATE KEY");
  const certificate = blocks(pem, "CERTIFICATE");
  if (!der) throw new Error("文件中没有私钥(PKCS#8 PEM), 请选择申请证书时保存的私钥文件");
  for (const { signs, opens, how } of ALGORITHMS) {
    let key, opener, half;
    try {
      key = await crypto.subtle.importKey("pkcs8", der, signs, false, ["sign"]);
      opener = await crypto.subtle.importKey("pkcs8", der, opens, false, [how]);
      half = await publicHalf(der, signs);
    } catch { continue; }
    if (certificate) return { key, opener, fingerprint: hex(await crypto.subtle.digest("SHA-256", certificate)) };
    const mine = [...known, ...ownCertificates()].find((one) => one.spki === half);
    if (!mine) throw new Error("这个私钥与您账号绑定的证书都不对应, 请换一个文件, 或先申请证书");
    return { key, opener, fingerprint: mine.fingerprint };
  }
  throw new Error("私钥类型不受支持, 请使用P-256或RSA证书");
}

export async function sign(key, data) {
  const how = key.algorithm.name === "ECDSA" ? { name: "ECDSA", hash: "SHA-256" } : key.algorithm;
  return base64(await crypto.subtle.sign(how, key, data));
}

// Says that the key is not in this browser, and where it is taken in.
function noKey(say, state) {
  say("本浏览器中没有您的证书私钥(可能换了电脑或浏览器)。");
  const way = document.createElement("a");
  way.href = `/login?step=certificate&next=${encodeURIComponent(location.pathname)}`;
  way.textContent = "重新选择证书文件, 然后回到这里";
  state?.append(way);
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
      if (!key) { noKey(say, state); return; }
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
    } finally {
      if (!form.dataset.signed) button.removeAttribute("aria-busy");
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
      const taken = await importPem(pem);
      await keep(taken);
      form.elements.certificate.value = taken.fingerprint;
      form.elements.signature.value = await sign(taken.key, new TextEncoder().encode(form.dataset.prove));
      form.submit();
    } catch (problem) { state.textContent = problem.message; }
  };
  form.querySelector("input[type=file]")?.addEventListener("change", async (event) => {
    const texts = await Promise.all([...event.target.files].map((file) => file.text()));
    if (texts.length) prove(texts.join("\n"));
  });
  form.querySelector("[data-demo-key]")?.addEventListener("click", async (event) => {
    event.preventDefault();
    const reply = await fetch(event.target.closest("[data-demo-key]").dataset.demoKey);
    if (!reply.ok) { state.textContent = "没有这个账号的演示证书"; return; }
    prove(await reply.text());
  });
}
