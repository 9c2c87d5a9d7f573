// Forms whose content is signed with a certificate's key, and the login page's second step.
import { base64, bytes, importPem, keep, ownKey } from "./keyring.js";

export { base64, blocks, bytes, importPem, keep, ownCertificates, ownKey } from "./keyring.js";

// The signature on data, base64, by whoever holds the key (keyring.js).
export const sign = async (holder, data) => base64(await holder.sign(data));

// What waits for the SM2 key first (an SM2 signature beside a seal) is signed with it and handed in; then the seal is next.
export async function signBeside({ beside, to_sign }, csrf) {
  const key = await ownKey(beside.certificate);
  if (!key) throw new Error("这份文件还要用SM2证书签名, 本浏览器中没有它的私钥: 请先在“我的数字证书”里用SM2证书验证身份, 再回到这里");
  const body = new FormData();
  body.set("csrfmiddlewaretoken", csrf);
  body.set("purpose", beside.purpose);
  body.set("subject", beside.subject);
  body.set("signature", await sign(key, bytes(to_sign)));
  const reply = await fetch("/work/seals/beside", { method: "POST", body, headers: { Accept: "application/json" } });
  if (!reply.ok) throw new Error((await reply.json().catch(() => ({}))).message || "暂时不能加入SM2签名");
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
      const key = await ownKey(form.dataset.certificate);
      if (!key) { noKey(say, state); return; }
      say("正在取得待签内容…");
      const address = new URL(form.dataset.sign, location.href);
      for (const [name, value] of new FormData(form)) if (!["csrfmiddlewaretoken", "signature"].includes(name)) address.searchParams.set(name, value);
      const ask = async () => {
        const reply = await fetch(address, { headers: { Accept: "application/json" } });
        if (reply.redirected) throw new Error("登录已失效, 请重新登录后再签名");
        const given = await reply.json();
        if (!reply.ok) throw new Error(given.message || "暂时不能签名");
        return given;
      };
      let answer = await ask();
      if (answer.beside) {
        say("正在用SM2证书签名…");
        await signBeside(answer, form.elements.csrfmiddlewaretoken.value);
        answer = await ask();
      }
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

// Binding a certificate of another CA: a USB key fills in its certificates and the signature.
export function bindKey() {
  const form = document.querySelector("form[data-bind]"), box = form?.querySelector("[data-ukey]");
  if (!box) return;
  const wrapped = (der) => `-----BEGIN CERTIFICATE-----\n${base64(der).replace(/.{64}(?=.)/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
  import("./ukey.js").then(({ keyPicker, remember }) => keyPicker(box, {
    says: "绑定这张证书",
    async chosen(row) {
      form.elements.signature.value = await sign(row.key, new TextEncoder().encode(form.dataset.bind));
      const pair = [row.certificate, row.receives].map(wrapped);
      form.elements.pem.value = pair[0] === pair[1] ? pair[0] : pair.join("");
      await remember(row);
      form.submit();
    },
  }));
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
      form.elements.signature.value = await sign(taken.holder, new TextEncoder().encode(form.dataset.prove));
      form.submit();
    } catch (problem) { state.textContent = problem.message; }
  };
  const files = form.querySelector("input[type=file]"), read = async () => {
    const texts = await Promise.all([...files.files].map((file) => file.text()));
    if (texts.length) prove(texts.join("\n"));
  };
  files?.addEventListener("change", read);
  if (files?.files.length) read(); // chosen before this script was there
  const box = form.querySelector("[data-ukey]");
  if (box) import("./ukey.js").then(({ keyPicker, remember }) => keyPicker(box, {
    says: "用它登录",
    async chosen(row) {
      form.elements.signature.value = await sign(row.key, new TextEncoder().encode(form.dataset.prove));
      await remember(row);
      form.elements.certificate.value = row.fingerprint;
      form.submit();
    },
  }));
  // They come disabled: a click before this script was there would be lost without a word.
  form.querySelectorAll("[data-demo-key]").forEach((button) => {
    button.addEventListener("click", async () => {
      const reply = await fetch(button.dataset.demoKey).catch(() => null);
      if (!reply?.ok) { state.textContent = reply ? "没有这个账号的演示证书" : "网络不通, 没有取到演示证书, 请再点一次"; return; }
      prove(await reply.text());
    });
    button.disabled = false;
  });
}
