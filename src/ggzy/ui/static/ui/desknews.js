// The evaluation desk hears what happened since it was shown. What can be put in its place is (messages, questions,
// who is away); for the rest it says what changed and offers the way. It never takes the page from somebody who writes.
import { leave } from "./draft.js";

const EVERY = 8000, LONGEST = 60000;
const root = document.querySelector("[data-news]"), given = document.querySelector("#desk-state");
const TYPED = "textarea, input[type=text], input:not([type]), input[type=search]";

// Texts outside the sheets: a message, a question, a dissent. They survive a reload in this tab.
const fields = () => [...document.querySelectorAll("main form[method=post]")]
  .filter((form) => !form.dataset.draft && form.id !== "sheet")
  .flatMap((form) => [...form.querySelectorAll(TYPED)].map((field) => [`${new URL(form.action).pathname} ${field.name}`, field]));
const entered = () => fields().filter(([, field]) => field.value !== field.defaultValue);

class News {
  constructor() {
    this.state = JSON.parse(given.textContent);
    this.address = root.dataset.news;
    this.place = `entered:${this.address}`;
    this.says = new Map();
    this.wait = EVERY;
    this.restore();
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.ask(); });
    addEventListener("online", () => this.ask());
    this.later();
  }

  later() {
    clearTimeout(this.timer);
    if (!this.over) this.timer = setTimeout(() => this.ask(), this.wait);
  }

  async ask() {
    clearTimeout(this.timer);
    if (this.over || this.asking) return;
    if (document.hidden) return;
    this.asking = true;
    try {
      const reply = await fetch(`${this.address}/news?seen=${this.state.digest}`, { headers: { Accept: "application/json" }, redirect: "manual" });
      if (reply.type === "opaqueredirect" || reply.status === 401) { this.end("登录已失效, 请重新登录。已填写的内容保留在本页。"); return; }
      if (reply.status >= 500) throw new Error(String(reply.status));
      this.wait = EVERY;
      if (reply.status === 204) return;
      const answer = await reply.json();
      if (!reply.ok) { this.end(answer.message); return; }
      this.hear(answer);
    } catch {
      this.wait = Math.min(LONGEST, this.wait * 2);
    } finally {
      this.asking = false;
      this.later();
    }
  }

  end(text) {
    this.over = true;
    this.says.set("end", { text, act: this.reloads() });
    this.show();
  }

  hear({ state, step, parts }) {
    const was = this.state;
    this.state = state;
    const fresh = new DOMParser().parseFromString(parts, "text/html");
    document.querySelectorAll("main [data-part]").forEach((old) => {
      const one = fresh.querySelector(`[data-part="${old.dataset.part}"]`);
      if (one) old.replaceWith(document.importNode(one, true));
    });
    const moved = was.step !== state.step || was.sitting !== state.sitting;
    if (moved) this.says.set("step", { text: `评标进入: ${step}`, act: this.reloads("进入") });
    else if (was.mine !== state.mine && state.mine) this.says.set("step", { text: state.step === "summary" ? "有成员更正了打分, 需要重新确认" : "本步骤等待您办理", act: this.reloads() });
    else if (was.turn !== state.turn || was.leader !== state.leader) this.says.set("step", { text: state.leader ? `组长是${state.leader}` : "需要重新推选组长", act: this.reloads() });
    else if (state.step === "summary" && was.waiting_for !== state.waiting_for) this.says.set("step", { text: "有成员确认或更正了打分", act: this.reloads() });
    if (was.pause !== state.pause) this.says.set("pause", { text: state.pause ? `评标已中止: ${state.pause}` : "评标已恢复", act: this.reloads() });
    if (was.away !== state.away) this.says.set("away", { text: state.away ? "您已登记为离席" : "您已恢复参加评标", act: this.reloads() });
    if (was.ended !== state.ended) this.says.set("ended", { text: "评标会已结束", act: this.reloads() });
    if (state.messages > was.messages) this.says.set("talk", { text: "讨论有新消息", act: this.goes("talk") });
    if (state.answered > was.answered) this.says.set("asked", { text: "投标人的澄清已答复或逾期", act: state.step === "price" ? this.reloads() : this.goes("ask") });
    else if (state.asked > was.asked) this.says.set("asked", { text: "组长要求投标人澄清", act: this.goes("ask") });
    if (state.stoppages > was.stoppages) this.says.set("stop", { text: "有成员提出停止评审的书面说明或者签名", act: this.reloads() });
    if (!this.says.size) return;
    // nobody is at anything: the new step may come by itself
    if (moved && "waiting" in root.dataset && !this.busy()) { this.reload(); return; }
    this.show();
  }

  busy() {
    return Boolean(entered().length || document.querySelector("dialog[open]") || document.activeElement?.matches?.("input, textarea, select"));
  }

  reloads(label = "刷新") { return { label, run: () => this.reload() }; }

  goes(id) { return { label: "查看", run: () => { this.says.clear(); this.show(); document.getElementById(id)?.scrollIntoView({ block: "start" }); } }; }

  show() {
    root.hidden = !this.says.size;
    const rows = [...this.says.values()], first = rows.find((one) => one.act.label !== "查看") || rows[0];
    if (!first) { root.replaceChildren(); return; }
    const text = Object.assign(document.createElement("span"), { textContent: rows.map((one) => one.text).join("; ") });
    const act = Object.assign(document.createElement("button"), { type: "button", className: "button small", textContent: first.act.label, onclick: first.act.run });
    const away = Object.assign(document.createElement("button"), { type: "button", className: "button quiet small", textContent: "知道了", onclick: () => { this.says.clear(); this.show(); } });
    root.replaceChildren(text, act, away);
  }

  async reload() {
    this.over = true;
    const kept = Object.fromEntries(entered().map(([name, field]) => [name, field.value]));
    try { if (Object.keys(kept).length) sessionStorage.setItem(this.place, JSON.stringify(kept)); } catch { /* a tab without storage keeps nothing */ }
    await leave();
    // never the address of a form that was sent: that would send it again
    location.assign(this.address + (location.pathname === this.address ? location.search : ""));
  }

  restore() {
    let kept = null;
    try { kept = JSON.parse(sessionStorage.getItem(this.place)); sessionStorage.removeItem(this.place); } catch { return; }
    for (const [name, field] of kept ? fields() : []) {
      if (!(name in kept)) continue;
      field.value = kept[name];
      const folded = field.closest("details");
      if (folded) folded.open = true;
    }
  }
}

if (root && given) new News();
