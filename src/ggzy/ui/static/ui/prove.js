// Proving the certificate once more before an act that binds: with the key kept in this browser, without leaving the page.
import { importPem, keep, ownKey } from "./keyring.js";
import { sign } from "./sign.js";

const mark = () => document.querySelector("[name=csrfmiddlewaretoken]").value;

async function post(address, fields) {
  const body = new URLSearchParams({ csrfmiddlewaretoken: mark(), ...fields });
  const reply = await fetch(address, { method: "POST", body, headers: { Accept: "application/json" } });
  let answer = {};
  try { answer = await reply.json(); } catch { throw new Error("登录已失效, 请在另一个标签页重新登录后再试; 已填写的内容都还在"); }
  if (!reply.ok) throw new Error(answer.message || "暂时不能验证证书");
  return answer;
}

// Signs a fresh challenge; `taken` is a key just read from a file, else the session's own key of this browser is used.
async function proveAgain(taken) {
  const { challenge, certificate } = await post("/login/challenge", {});
  const fingerprint = taken?.fingerprint || certificate;
  const key = taken?.holder || (await ownKey(fingerprint));
  if (!key) return false;
  await post("/login/prove", { certificate: fingerprint, signature: await sign(key, new TextEncoder().encode(challenge)) });
  return true;
}

// Like fetch for a script's own act: where the platform wants the certificate proved again, that is done, and it asks once more.
export async function fetchProved(address, options) {
  const reply = await fetch(address, options);
  if (reply.status !== 403) return reply;
  let code;
  try { ({ code } = await reply.clone().json()); } catch { return reply; }
  if (code !== "permission.prove_again" || !(await proveAgain())) return reply;
  return fetch(address, options);
}

// The page that stands between a form and its act: prove, then the form goes on as it was filled in.
function provePage() {
  const box = document.querySelector("[data-prove-again]");
  if (!box) return;
  const form = document.querySelector("form[data-go-on]"), state = box.querySelector("[data-sign-state]");
  const button = box.querySelector("[data-prove-now]");
  const go = async (read) => {
    button.setAttribute("aria-busy", "true");
    try {
      const taken = read ? await importPem(await read()) : undefined;
      if (taken) await keep(taken);
      if (!(await proveAgain(taken))) {
        state.textContent = "本浏览器中没有您的证书私钥(可能换了电脑或浏览器), 请在下面选择证书文件。";
        box.querySelector("details").open = true;
        return;
      }
      state.textContent = form ? "证书已验证, 正在继续办理…" : "证书已验证, 请返回上一页重新提交。";
      if (form) form.requestSubmit();
    } catch (problem) { state.textContent = problem.message; } finally { button.removeAttribute("aria-busy"); }
  };
  button.hidden = false;
  button.addEventListener("click", () => go());
  box.querySelector("input[type=file]").addEventListener("change", (event) => {
    const files = [...event.target.files];
    if (files.length) go(async () => (await Promise.all(files.map((file) => file.text()))).join("\n"));
  });
  box.querySelector("[data-demo]")?.addEventListener("click", (event) => {
    const address = event.currentTarget.dataset.demo;
    go(async () => {
      const reply = await fetch(address);
      if (!reply.ok) throw new Error("没有这个账号的演示证书");
      return reply.text();
    });
  });
}

provePage();
