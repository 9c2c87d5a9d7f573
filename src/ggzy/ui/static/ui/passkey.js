// Passkeys: made by the device for this platform's domain, used without typing a name. The private half never comes here.
const raw = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const WHY = {
  NotAllowedError: "没有完成: 已取消, 或等待时间太长。可以再试一次",
  InvalidStateError: "这台设备上已有本账号的通行密钥, 不用再加",
  SecurityError: "浏览器在这个地址下不支持通行密钥, 请改用本平台的正式网址",
  NotSupportedError: "这台设备不支持通行密钥, 请换一台, 或用其他方式登录",
};

async function post(address, fields) {
  const reply = await fetch(address, { method: "POST", body: fields, headers: { Accept: "application/json" } });
  let answer = {};
  try { answer = await reply.json(); } catch { throw new Error("登录已失效, 请刷新页面后再试"); }
  if (!reply.ok) throw new Error(answer.message || "暂时不能使用通行密钥");
  return answer;
}

async function make(options) {
  const made = await navigator.credentials.create({ publicKey: {
    ...options,
    challenge: raw(options.challenge),
    user: { ...options.user, id: raw(options.user.id) },
    excludeCredentials: (options.excludeCredentials || []).map((one) => ({ ...one, id: raw(one.id) })),
  } });
  return { id: made.id, rawId: text(made.rawId), type: made.type, response: {
    clientDataJSON: text(made.response.clientDataJSON), attestationObject: text(made.response.attestationObject) } };
}

async function use(options) {
  const used = await navigator.credentials.get({ publicKey: {
    ...options,
    challenge: raw(options.challenge),
    allowCredentials: (options.allowCredentials || []).map((one) => ({ ...one, id: raw(one.id) })),
  } });
  const { clientDataJSON, authenticatorData, signature, userHandle } = used.response;
  return { id: used.id, rawId: text(used.rawId), type: used.type, response: {
    clientDataJSON: text(clientDataJSON), authenticatorData: text(authenticatorData), signature: text(signature),
    userHandle: userHandle ? text(userHandle) : null } };
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const button = form.querySelector("button"), state = form.querySelector("[data-state]");
  if (!window.PublicKeyCredential) { state.textContent = WHY.NotSupportedError; continue; }
  button.disabled = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.setAttribute("aria-busy", "true");
    state.textContent = "请按浏览器的提示, 用指纹、面容或开机密码确认…";
    try {
      const options = await post(form.dataset.begin, new FormData(form));
      const credential = await (form.dataset.passkey === "add" ? make : use)(options);
      const fields = new FormData(form);
      fields.delete("password");
      fields.set("credential", JSON.stringify(credential));
      location.href = (await post(form.action, fields)).next;
    } catch (problem) {
      state.textContent = WHY[problem.name] || problem.message;
    } finally { button.removeAttribute("aria-busy"); }
  });
}
