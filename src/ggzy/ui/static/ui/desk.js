// Desk work: many ticked items done one after the other, each an act of its own; filtering; the keyboard.
import { fetchProved } from "./prove.js";
import { bytes, sign, signBeside, ownKey } from "./sign.js";

const shown = (row) => !row.hidden;
const wordsOf = (text) => text.trim().toLowerCase().split(/\s+/).filter(Boolean);
const has = (row, words) => words.every((word) => (row.dataset.row + row.textContent).toLowerCase().includes(word));

// A search field emptied by Escape or its cross says "search", not "input".
function whenTyped(field, act) {
  for (const kind of ["input", "search"]) field?.addEventListener(kind, () => act(field.value));
}

class Batch {
  constructor(form) {
    this.form = form;
    this.button = form.querySelector("[data-do]");
    this.stop = form.querySelector("[data-stop]");
    this.progress = form.querySelector("[data-progress]");
    this.all = form.querySelector("[data-all]");
    this.stopping = false;
    this.batch = "";
    form.addEventListener("submit", (event) => this.start(event));
    form.addEventListener("change", (event) => {
      if (event.target === this.all) this.rows().filter(shown).forEach((row) => { this.box(row).checked = this.all.checked; });
      this.count();
    });
    this.stop?.addEventListener("click", () => { this.stopping = true; this.say("办完这一项就停…"); });
    whenTyped(form.querySelector("[data-filter]"), (text) => this.filter(text));
    this.count();
  }

  rows() { return [...this.form.querySelectorAll("[data-row]")]; }
  box(row) { return row.querySelector("input[name=item]"); }
  say(text) { this.form.querySelector("[data-say]").textContent = text; }

  // The ticked rows that the act is for: sealing leaves out what is sealed.
  ticked() {
    const only = this.button?.dataset.only;
    return this.rows().filter((row) => shown(row) && this.box(row)?.checked && (!only || row.matches(only)));
  }

  count() {
    const mark = this.button?.querySelector("[data-count]");
    if (mark) mark.textContent = this.ticked().length ? ` ${this.ticked().length}项` : "";
    if (this.all) {
      const rows = this.rows().filter((row) => shown(row) && this.box(row));
      const on = rows.filter((row) => this.box(row).checked).length;
      this.all.checked = on > 0 && on === rows.length;
      this.all.indeterminate = on > 0 && on < rows.length;
    }
  }

  filter(wanted) {
    const words = wordsOf(wanted);
    this.rows().forEach((row) => { row.hidden = !has(row, words); });
    const mark = this.form.querySelector("[data-shown]");
    if (mark) mark.textContent = words.length ? `显示 ${this.rows().filter(shown).length} 项` : "";
    this.count();
  }

  async start(event) {
    if (event.defaultPrevented || event.submitter?.hasAttribute("data-plain")) return;
    event.preventDefault();
    const rows = this.ticked();
    if (!rows.length) { this.say("请先勾选要办理的项。"); return; }
    const key = this.form.dataset.toSign ? await ownKey(this.form.dataset.certificate) : null;
    if (this.form.dataset.toSign && !key) {
      this.say("本浏览器中没有您的证书私钥。");
      const way = document.createElement("a");
      way.href = `/login?step=certificate&next=${encodeURIComponent(location.pathname + location.search)}`;
      way.textContent = "选择证书文件, 然后回到这里";
      this.form.querySelector("[data-say]").append(way);
      return;
    }
    this.stopping = false;
    this.button.setAttribute("aria-busy", "true");
    this.button.disabled = true;
    this.stop.hidden = rows.length < 2;
    this.progress.hidden = false;
    this.progress.max = rows.length;
    let done = 0, failed = 0, lost = false;
    const leave = (e) => e.preventDefault();
    addEventListener("beforeunload", leave);
    for (const row of rows) {
      if (this.stopping || lost) break;
      this.say(`正在办理第 ${done + failed + 1} 项, 共 ${rows.length} 项…`);
      row.scrollIntoView({ block: "nearest" });
      try {
        this.mark(row, "good", await this.one(this.box(row).value, key));
        this.box(row).checked = false;
        this.box(row).disabled = true;
        row.removeAttribute("data-seal");
        done += 1;
      } catch (problem) {
        this.mark(row, "bad", problem.message);
        failed += 1;
        lost = problem.lost;
      }
      this.progress.value = done + failed;
    }
    removeEventListener("beforeunload", leave);
    this.button.removeAttribute("aria-busy");
    this.button.disabled = false;
    this.stop.hidden = true;
    const left = rows.length - done - failed;
    this.say(`办好 ${done} 项${failed ? `, 未成 ${failed} 项 (原因写在各行, 仍勾选着, 可以再试)` : ""}${left ? `, 停下时还有 ${left} 项没有办` : ""}。 `);
    const end = this.form.querySelector("[data-say]");
    if (this.batch) end.append(this.link(`${this.form.dataset.queue.replace("queue", "batches/")}${this.batch}`, "查看系统盖章的进度"), " · ");
    end.append(this.link(location.href, "刷新列表"));
    this.batch = "";
    this.count();
  }

  link(href, text) {
    const made = document.createElement("a");
    made.href = href;
    made.textContent = text;
    return made;
  }

  async one(item, key) {
    const body = new FormData();
    body.set("csrfmiddlewaretoken", this.form.elements.csrfmiddlewaretoken.value);
    body.set("kind", this.form.elements.kind.value);
    body.set("item", item);
    if (key) {
      const address = `${this.form.dataset.toSign}?${new URLSearchParams({ kind: this.form.elements.kind.value, item })}`;
      let answer = await this.ask(address);
      if (answer.beside) {
        await signBeside(answer, this.form.elements.csrfmiddlewaretoken.value);
        answer = await this.ask(address);
      }
      body.set("signature", await sign(key, bytes(answer.to_sign)));
    }
    // What is signed may be handed to the worker: it goes on when this page is gone.
    if (this.form.dataset.queue && key) {
      body.set("batch", this.batch || "");
      const answer = await this.ask(this.form.dataset.queue, { method: "POST", body });
      this.batch = answer.batch;
      return answer.message;
    }
    return (await this.ask(this.form.getAttribute("action"), { method: "POST", body })).message;
  }

  async ask(address, options = {}) {
    let reply;
    try {
      reply = await fetchProved(address, { ...options, headers: { Accept: "application/json" } });
    } catch {
      throw Object.assign(new Error("网络中断, 不知道这一项是否办成: 请刷新列表核对"), { lost: true });
    }
    if (reply.redirected) throw Object.assign(new Error("登录已失效, 请重新登录"), { lost: true });
    let answer;
    try { answer = await reply.json(); } catch { throw new Error("系统暂时不能办理这一项, 请稍后再试"); }
    if (!reply.ok) throw new Error([answer.message, answer.basis].filter(Boolean).join(" "));
    return answer;
  }

  mark(row, tone, text) {
    const state = row.querySelector("[data-state]"), badge = document.createElement("span");
    badge.className = tone === "good" ? "badge badge-good" : "trouble small";
    badge.textContent = text;
    state.replaceChildren(badge);
  }
}

// The keyboard: the same few keys on every list that says data-keys. Nothing happens while somebody types.
const KEYS = [["j / ↓", "下一行"], ["k / ↑", "上一行"], ["x", "勾选这一行"], ["a", "全选或全不选"], ["Enter", "打开这一行"], ["Ctrl + Enter", "办理勾选的项"], ["/", "在本页查找"], ["?", "这张表"]];

function help() {
  const box = document.createElement("dialog");
  const head = document.createElement("h2");
  head.textContent = "键盘";
  const list = document.createElement("dl");
  list.className = "facts";
  for (const [key, says] of KEYS) {
    const term = document.createElement("dt"), mean = document.createElement("dd"), mark = document.createElement("kbd");
    mark.textContent = key;
    term.append(mark);
    mean.textContent = says;
    list.append(term, mean);
  }
  const close = document.createElement("button");
  close.className = "button quiet";
  close.textContent = "关闭";
  close.addEventListener("click", () => box.close());
  box.addEventListener("close", () => box.remove());
  box.append(head, list, close);
  document.body.append(box);
  box.showModal();
}

function keyboard() {
  const rows = () => [...document.querySelectorAll("[data-keys] [data-row]")].filter(shown);
  const here = () => document.activeElement?.closest("[data-row]");
  const target = (row) => row.querySelector("input[name=item]:not(:disabled)") || row.querySelector("a, button");
  const go = (step) => {
    const all = rows(), at = all.indexOf(here());
    const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(all.length - 1, Math.max(0, at + step))];
    if (next) { target(next)?.focus(); next.scrollIntoView({ block: "nearest" }); }
  };
  const click = (box) => { if (box && !box.disabled) box.click(); };
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches?.("input:not([type=checkbox]), textarea, select, [contenteditable]");
    if (document.querySelector("dialog[open]") || event.altKey || event.metaKey) return;
    const form = document.activeElement?.closest("form[data-keys]") || document.querySelector("form[data-keys]");
    if (event.ctrlKey) {
      if (event.key === "Enter") { event.preventDefault(); form?.querySelector("[data-do]")?.click(); }
      return;
    }
    if (typing) { if (event.key === "Escape") event.target.blur(); return; }
    const acts = {
      j: () => go(1), k: () => go(-1), ArrowDown: () => here() && go(1), ArrowUp: () => here() && go(-1),
      x: () => click(here()?.querySelector("input[name=item]")), a: () => click(form?.querySelector("[data-all]")),
      Enter: () => event.target.matches?.("input[type=checkbox]") && here()?.querySelector("a")?.click(),
      "/": () => document.querySelector("[data-filter]")?.focus(), "?": help,
    };
    if (!(event.key in acts)) return;
    if (event.key.startsWith("Arrow") && !here()) return;
    if (event.key === "Enter" && !event.target.matches?.("input[type=checkbox]")) return;
    event.preventDefault();
    acts[event.key]();
  });
}

document.querySelectorAll("form[data-batch]").forEach((form) => new Batch(form));
// A list without acts filters too: the owner side's and the centre's tables.
document.querySelectorAll("[data-filter-table]").forEach((field) => {
  const rows = [...document.querySelectorAll(`${field.dataset.filterTable} [data-row]`)];
  whenTyped(field, (text) => { const words = wordsOf(text); rows.forEach((row) => { row.hidden = !has(row, words); }); });
});
keyboard();
