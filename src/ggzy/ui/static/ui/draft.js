// What somebody enters is kept by the server a second later, for that person alone; a broken line is tried again,
// and what is not kept yet survives a reload in this tab.
const PAUSE = 1000, LONGEST = 30000;
const DRAFTS = [];

// Somebody asked for the page anew: what is not kept yet is sent first, and nobody is asked whether to leave.
export async function leave() {
  await Promise.race([Promise.all(DRAFTS.map((one) => one.send())), new Promise((done) => { setTimeout(done, 3000); })]);
  DRAFTS.forEach((one) => { one.leaving = true; });
}

export class Draft {
  constructor({ address, kind, owner, token, say, kept }) {
    Object.assign(this, { address, kind, token, say });
    this.place = `draft:${address}:${kind}:${owner}`;
    this.turn = 0;
    this.wait = 2000;
    this.timer = 0;
    this.content = null;
    DRAFTS.push(this);
    this.say(kept ? `已保存 ${kept}` : "");
    addEventListener("online", () => { if (this.content) this.send(); });
    addEventListener("beforeunload", (event) => { if (this.content && !this.over && !this.leaving) event.preventDefault(); });
    addEventListener("pagehide", () => { if (this.content && !this.over) this.post(this.content, true).catch(() => {}); });
  }

  // What an earlier page of this tab entered and could not have kept.
  left() {
    try { return JSON.parse(sessionStorage.getItem(this.place)); } catch { return null; }
  }

  change(content) {
    this.turn += 1;
    this.content = content;
    try { sessionStorage.setItem(this.place, JSON.stringify(content)); } catch { /* a tab without storage keeps nothing */ }
    this.say("未保存");
    document.querySelectorAll("[data-unsent]").forEach((one) => { one.hidden = false; });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), PAUSE);
  }

  // The sheet is handed in: nothing is to be kept any more.
  end() {
    this.over = true;
    clearTimeout(this.timer);
    sessionStorage.removeItem(this.place);
  }

  post(content, leaving = false) {
    return fetch(this.address, {
      method: "POST", keepalive: leaving, redirect: "manual",
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": this.token },
      body: JSON.stringify({ kind: this.kind, content }),
    });
  }

  async send() {
    clearTimeout(this.timer);
    if (this.over || !this.content) return;
    if (this.sending) { this.again = true; return; }
    const turn = this.turn;
    this.sending = true;
    try {
      const reply = await this.post(this.content);
      if (reply.type === "opaqueredirect" || reply.status === 401) { this.say("未保存: 登录已失效, 请在新窗口重新登录", true); this.later(); return; }
      if (reply.status >= 500) throw new Error(String(reply.status));
      const answer = await reply.json();
      if (!reply.ok) { this.say(`未保存: ${answer.message}`, true); if (reply.status !== 429) this.end(); return; }
      this.wait = 2000;
      if (turn === this.turn) {
        this.content = null;
        sessionStorage.removeItem(this.place);
        this.say(`已保存 ${answer.saved}`);
      }
    } catch {
      this.say("未保存: 网络中断, 正在重试", true);
      this.later();
    } finally {
      this.sending = false;
      if (this.again) { this.again = false; this.send(); }
    }
  }

  later() {
    this.timer = setTimeout(() => this.send(), this.wait);
    this.wait = Math.min(LONGEST, this.wait * 2);
  }
}

// Shows a state beside a form.
export function sayer(mark) {
  return (text, bad = false) => {
    if (!mark) return;
    mark.textContent = text;
    mark.classList.toggle("trouble", bad);
  };
}

// A form without a script of its own: every field with a name is kept.
export function keepForm(form, { address, owner }) {
  const token = form.elements.csrfmiddlewaretoken.value;
  const draft = new Draft({ address, kind: form.dataset.draft, owner, token, say: sayer(form.querySelector("[data-say]")), kept: form.dataset.kept });
  const fields = () => [...new FormData(form)].filter(([name, value]) => value && name !== "csrfmiddlewaretoken" && name !== "form");
  const left = draft.left();
  if (left) {
    for (const field of form.elements) {
      if (!(field.name in left) || field.disabled) continue;
      if (field.type === "radio") field.checked = field.value === left[field.name];
      else field.value = left[field.name];
    }
    draft.change(Object.fromEntries(fields()));
  }
  form.addEventListener("input", () => draft.change(Object.fromEntries(fields())));
  form.addEventListener("submit", () => draft.end());
}
