// The evaluation desk: bids on the left, their files in the middle, the sheet on the right. One bid's items or one
// item's bids are in the page, the rest is a table of values; what is posted is the same form as the plain table's.
import { Draft, keepForm, sayer } from "./draft.js";
import { PdfView, make } from "./pdfview.js";

const KEYS = [["j / k", "下一个 / 上一个投标(写理由时用 Ctrl + ↓ / ↑)"], ["↑ / ↓ / Tab", "上一项 / 下一项"], ["Enter", "填完一项, 到下一项"], ["1 / 0", "通过 / 不通过"],
  ["m", "按投标 / 按评审项"], ["[ / ]", "按评审项时: 上一项 / 下一项"], ["s", "双栏对照"], ["/", "在文件中查找"], ["Esc", "离开查找"], ["Ctrl + Enter", "提交"], ["?", "这张表"]];

// One of the two places for a file: which bid's, which file, and the file.
class Pane {
  constructor(entries, label) {
    this.entries = entries;
    this.who = make("select", { "aria-label": `${label}: 投标` }, ...entries.map((one) => make("option", { value: one.id, textContent: one.name })));
    this.which = make("select", { "aria-label": `${label}: 文件` });
    this.says = make("span", { className: "small" });
    this.body = make("div", { className: "pdf" });
    this.root = make("div", { className: "pane" }, make("div", { className: "pane-head" }, this.who, this.which, this.says), this.body);
    this.view = new PdfView(this.body);
    this.who.addEventListener("change", () => this.entry(this.who.value));
    this.which.addEventListener("change", () => this.open());
  }

  entry(id, address = "") {
    const found = this.entries.find((one) => one.id === id), kept = this.which.selectedIndex;
    this.who.value = id;
    if (this.id !== id) {
      this.id = id;
      this.files = found.files;
      this.which.replaceChildren(...this.files.map((file) => make("option", { value: file.address, textContent: file.name })));
      // side by side means the same kind of file of another bid
      this.which.selectedIndex = this.files.length ? Math.min(Math.max(0, kept), this.files.length - 1) : -1;
    }
    if (address) this.which.value = address;
    this.open();
  }

  open() {
    const file = this.files[this.which.selectedIndex];
    this.which.hidden = !file;
    this.says.replaceChildren(...(file?.says || []).map((text) => make("span", { className: "badge badge-busy", textContent: text })));
    if (!file) this.view.say("这份投标没有附件。");
    else if (file.pdf) this.view.show(file.address);
    else {
      this.view.say("这份文件不是PDF, 不能在页内显示。");
      if (!file.says.length) this.view.sheets.append(make("p", { className: "center" }, make("a", { href: file.address, target: "_blank", rel: "noopener", textContent: `打开 ${file.name}` })));
    }
  }
}

class Bench {
  constructor(root, data) {
    Object.assign(this, { root, data, values: { ...data.values } });
    this.form = root.querySelector("#sheet");
    this.rows = root.querySelector("[data-rows]");
    this.head = root.querySelector("[data-head]");
    this.list = root.querySelector("[data-entries]");
    this.mode = "entry";
    this.at = 0;
    this.item = 0;
    this.panes = [new Pane(data.entries, "左栏"), new Pane(data.entries, "右栏")];
    const split = make("button", { type: "button", className: "button quiet tiny", "data-split": "", "aria-pressed": "false", textContent: "双栏", title: "并排看两份文件 (s)" });
    this.panes[0].root.firstChild.append(split);
    this.panes[1].root.hidden = true;
    root.querySelector("[data-panes]").append(...this.panes.map((pane) => pane.root));
    split.addEventListener("click", () => this.split());
    this.panes[0].who.addEventListener("change", () => this.choose(data.entries.findIndex((one) => one.id === this.panes[0].who.value), false));
    if (root.dataset.save) {
      this.draft = new Draft({ address: root.dataset.save, kind: data.kind, owner: root.dataset.code, token: this.form.elements.csrfmiddlewaretoken.value, say: sayer(root.querySelector("[data-say]")), kept: root.dataset.kept });
      const left = this.draft.left();
      if (left) { this.values = left; this.draft.change(this.kept()); }
    }
    this.entries();
    root.querySelectorAll("[data-mode]").forEach((button) => button.addEventListener("click", () => this.turn(button.dataset.mode)));
    root.querySelector("[data-help]").addEventListener("click", help);
    this.form.addEventListener("input", (event) => this.changed(event.target));
    this.form.addEventListener("submit", (event) => this.submit(event));
    // what is not in the page is posted as if it were
    this.form.addEventListener("formdata", ({ formData }) => {
      for (const name of [...formData.keys()]) if (name !== "csrfmiddlewaretoken") formData.delete(name);
      for (const [name, value] of Object.entries(this.kept())) formData.append(name, value);
    });
    document.addEventListener("keydown", (event) => this.key(event));
    // what stands above is more or less high; the bench takes the rest of the screen
    const fit = () => root.style.setProperty("--above", `${Math.round(root.getBoundingClientRect().top + scrollY)}px`);
    new ResizeObserver(fit).observe(document.querySelector("main"));
    fit();
    const open = Number(data.entries.findIndex((one) => !this.complete(one)));
    this.choose(open < 0 ? 0 : open);
  }

  items(entry) { return this.data.items.filter((item) => this.data.kind === "preliminary" || Boolean(item.dark) === entry.dark); }

  cells(entry) { return this.items(entry).map((item) => `${entry.id}:${item.key}`); }

  kept() { return Object.fromEntries(Object.entries(this.values).filter(([, value]) => value)); }

  // What is wrong with one cell, "" where it is done.
  trouble(entry, item) {
    const name = `${entry.id}:${item.key}`;
    if (this.data.kind === "preliminary") {
      const passes = this.values[`passes:${name}`];
      if (!passes) return "还没有判断";
      return passes === "no" && !this.values[`reason:${name}`]?.trim() ? "要写明理由" : "";
    }
    const points = this.values[`score:${name}`]?.trim();
    if (!points) return "还没有打分";
    if (!/^\d+(\.\d+)?$/.test(points) || Number(points) > Number(item.max)) return `应为0至${item.max}分`;
    return item.reasons && !this.values[`why:${name}`]?.trim() ? "要写明理由" : "";
  }

  complete(entry) { return this.items(entry).every((item) => !this.trouble(entry, item)); }

  entries() {
    const groups = [["暗标", this.data.entries.filter((one) => one.dark)], ["投标人", this.data.entries.filter((one) => !one.dark)]];
    const two = groups.every(([, rows]) => rows.length);
    this.list.replaceChildren(...groups.flatMap(([title, rows]) => [
      two ? make("li", { className: "bench-group", textContent: title }) : null,
      ...rows.map((one) => make("li", {}, make("button", { type: "button", "data-entry": one.id, onclick: () => this.choose(this.data.entries.indexOf(one)) }, make("span", { textContent: one.name }), make("span", { className: "bench-count", "data-count": one.id })))),
    ]).filter(Boolean));
    this.data.entries.forEach((one) => this.count(one));
    this.progress();
  }

  count(entry) {
    const items = this.items(entry), done = items.filter((item) => !this.trouble(entry, item)).length;
    const mark = this.list.querySelector(`[data-count="${entry.id}"]`);
    mark.textContent = `${done}/${items.length}`;
    mark.classList.toggle("is-done", done === items.length);
    entry.done = done;
  }

  progress() {
    const all = this.data.entries.reduce((sum, one) => sum + this.items(one).length, 0), done = this.data.entries.reduce((sum, one) => sum + one.done, 0);
    this.root.querySelector("[data-done]").textContent = `已评 ${done} / ${all} 项`;
    const bar = this.root.querySelector("[data-progress]");
    bar.max = all || 1;
    bar.value = done;
  }

  choose(at, panes = true) {
    if (at < 0 || at >= this.data.entries.length) return;
    const focused = this.rows.querySelector("[data-cell]:focus-within")?.dataset.cell.split(":").slice(1).join(":");
    this.at = at;
    const entry = this.data.entries[at];
    this.list.querySelectorAll("[data-entry]").forEach((one) => { if (one.dataset.entry === entry.id) one.setAttribute("aria-current", "true"); else one.removeAttribute("aria-current"); });
    this.list.querySelector("[aria-current]").scrollIntoView({ block: "nearest" });
    if (panes) this.panes[0].entry(entry.id);
    if (this.mode === "entry") {
      this.render();
      if (focused) this.focus(`${entry.id}:${focused}`);
    } else {
      this.render();
      this.focus(`${entry.id}:${this.data.items[this.item].key}`);
    }
  }

  turn(mode) {
    if (mode === this.mode) return;
    const cell = this.rows.querySelector("[data-cell]:focus-within") || this.rows.querySelector("[data-cell]");
    const [id, ...key] = (cell?.dataset.cell || ":").split(":");
    this.mode = mode;
    this.root.querySelectorAll("[data-mode]").forEach((one) => one.setAttribute("aria-pressed", String(one.dataset.mode === mode)));
    if (mode === "item") this.item = Math.max(0, this.data.items.findIndex((one) => one.key === key.join(":")));
    this.render();
    this.focus(`${id}:${key.join(":")}`);
  }

  render() {
    const entry = this.data.entries[this.at];
    if (this.mode === "entry") {
      this.head.replaceChildren(make("h2", { textContent: entry.name }), make("p", { className: "muted small", textContent: entry.note }));
      let part = "";
      this.rows.replaceChildren(...this.items(entry).flatMap((item) => {
        const title = item.part && item.part !== part ? make("h3", { className: "bench-part", textContent: item.part }) : null;
        part = item.part;
        return [title, this.row(entry, item, item.title)].filter(Boolean);
      }));
      return;
    }
    const item = this.data.items[this.item];
    const pick = make("select", { "aria-label": "评审项" }, ...this.data.items.map((one, n) => make("option", { value: n, textContent: one.title, selected: n === this.item })));
    pick.addEventListener("change", () => this.show(Number(pick.value)));
    this.head.replaceChildren(pick);
    this.rows.replaceChildren(...this.data.entries.filter((one) => this.items(one).includes(item)).map((one) => this.row(one, item, one.name)));
  }

  show(n) {
    if (n < 0 || n >= this.data.items.length) return;
    this.item = n;
    this.render();
    this.rows.querySelector("input, textarea")?.focus();
  }

  row(entry, item, title) {
    const name = `${entry.id}:${item.key}`, spoken = `${entry.name}: ${item.title}`, trouble = this.troubled && this.trouble(entry, item);
    const box = make("div", { className: "bench-row", "data-cell": name });
    const label = make("div", { className: "bench-title" }, make("span", { textContent: title }), item.objective ? make("span", { className: "badge", textContent: "客观" }) : null);
    if (this.data.kind === "preliminary") {
      const group = make("div", { className: "bench-judge", role: "radiogroup", "aria-label": spoken });
      for (const [value, says] of [["yes", "通过"], ["no", "不通过"]]) {
        group.append(make("label", {}, make("input", { type: "radio", name: `passes:${name}`, value, checked: this.values[`passes:${name}`] === value }), says));
      }
      box.append(label, group);
      this.reason(box, `reason:${name}`, "不通过的理由", this.values[`passes:${name}`] !== "no");
    } else {
      const field = make("input", { type: "text", inputMode: "decimal", autocomplete: "off", name: `score:${name}`, value: this.values[`score:${name}`] || "", "aria-label": `${spoken}, 0至${item.max}分`, maxLength: 8 });
      box.append(label, make("div", { className: "bench-points" }, field, make("span", { className: "muted small", textContent: `/ ${item.max}` })));
      if (item.reasons) this.reason(box, `why:${name}`, `${spoken}的打分理由`, false);
    }
    const hint = this.data.hints[name];
    if (hint) box.append(this.evidence(entry, hint));
    box.append(make("p", { className: "trouble small", hidden: !trouble, textContent: trouble || "" }));
    box.classList.toggle("is-done", !this.trouble(entry, item));
    return box;
  }

  reason(box, name, says, hidden) {
    box.append(make("textarea", { name, rows: 2, maxLength: 1000, placeholder: name.startsWith("why") ? "打分理由" : says, "aria-label": says, value: this.values[name] || "", hidden }));
  }

  // What the sealed records say, each with the way to what proves it.
  evidence(entry, hint) {
    const line = (one) => make("li", {},
      one.address && one.pdf ? make("button", { type: "button", className: "link", textContent: one.title, title: "在左栏打开证明材料", onclick: () => this.panes[0].entry(entry.id, one.address) })
        : make("a", { href: one.address || `#registry-${hint.bid}`, target: one.address ? "_blank" : null, rel: "noopener", textContent: one.title }),
      one.why ? make("span", { className: "muted", textContent: ` 未计: ${one.why}` }) : null);
    return make("details", { className: "small bench-hint" }, make("summary", { textContent: hint.says }), make("ul", { className: "list" }, ...[...hint.counted, ...hint.left_out].map(line)),
      make("p", { className: "muted", textContent: "按登记信息预填, 可以改; 以投标文件里的证明材料为准。" }));
  }

  changed(field) {
    const box = field.closest("[data-cell]");
    if (!box) return;
    this.values[field.name] = field.value;
    const [id, ...key] = box.dataset.cell.split(":");
    const entry = this.data.entries.find((one) => one.id === id), item = this.data.items.find((one) => one.key === key.join(":"));
    if (field.type === "radio") box.querySelector("textarea").hidden = field.value !== "no";
    const trouble = this.trouble(entry, item), mark = box.querySelector("p.trouble");
    box.classList.toggle("is-done", !trouble);
    const wrong = trouble.startsWith("应为");
    mark.hidden = !(wrong || (this.troubled && trouble));
    mark.textContent = trouble;
    if (field.name.startsWith("score:")) field.setAttribute("aria-invalid", String(wrong));
    this.count(entry);
    this.progress();
    this.draft?.change(this.kept());
  }

  submit(event) {
    const missing = this.data.entries.flatMap((entry) => this.items(entry).map((item) => [entry, item])).filter(([entry, item]) => this.trouble(entry, item));
    if (!missing.length) { this.draft?.end(); return; }
    event.preventDefault();
    const [entry, item] = missing[0];
    this.troubled = true;
    if (this.mode === "item") this.item = this.data.items.indexOf(item);
    this.choose(this.data.entries.indexOf(entry));
    this.focus(`${entry.id}:${item.key}`);
    sayer(this.root.querySelector("[data-say]"))(`还有 ${missing.length} 项没有填好, 已转到第一项`, true);
  }

  focus(name) {
    const box = this.rows.querySelector(`[data-cell="${CSS.escape(name)}"]`);
    const field = box?.querySelector("input:checked, input, textarea");
    field?.focus({ preventScroll: true });
    if (field?.type === "text") field.select();
    box?.scrollIntoView({ block: "nearest" });
  }

  // To the next cell, and past the end to the next bid or item.
  step(by) {
    const cells = [...this.rows.querySelectorAll("[data-cell]")];
    const here = cells.indexOf(document.activeElement?.closest("[data-cell]")), next = cells[here + by];
    if (next) { this.focus(next.dataset.cell); return; }
    if (here < 0) { if (cells[0]) this.focus(cells[0].dataset.cell); return; }
    if (this.mode === "item") { this.show(this.item + by); return; }
    const at = this.at + by;
    if (at < 0 || at >= this.data.entries.length) return;
    document.activeElement.blur();
    this.choose(at);
    const all = [...this.rows.querySelectorAll("[data-cell]")];
    this.focus(all[by > 0 ? 0 : all.length - 1].dataset.cell);
  }

  split() {
    const second = this.panes[1].root;
    second.hidden = !second.hidden;
    this.root.querySelector("[data-split]").setAttribute("aria-pressed", String(!second.hidden));
    this.root.classList.toggle("is-split", !second.hidden);
    if (!second.hidden && !this.panes[1].id) this.panes[1].entry(this.data.entries[(this.at + 1) % this.data.entries.length].id);
  }

  judge(passes) {
    const field = document.activeElement?.closest("[data-cell]")?.querySelector(`input[value=${passes}]`);
    if (!field) return;
    field.checked = true;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    if (passes === "yes") this.step(1);
    else field.closest("[data-cell]").querySelector("textarea").focus();
  }

  key(event) {
    if (document.querySelector("dialog[open]") || event.altKey || event.metaKey || event.isComposing) return;
    const from = event.target, inside = this.rows.contains(from);
    const score = inside && from.type === "text", radio = inside && from.type === "radio";
    const typing = from.matches?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]") && !score;
    const act = (run) => { event.preventDefault(); run(); };
    if (event.ctrlKey) {
      if (event.key === "Enter") act(() => this.form.requestSubmit());
      else if (event.key === "ArrowDown") act(() => this.choose(this.at + 1));
      else if (event.key === "ArrowUp") act(() => this.choose(this.at - 1));
      return;
    }
    if (score || radio) {
      if (event.key === "ArrowDown") { act(() => this.step(1)); return; }
      if (event.key === "ArrowUp") { act(() => this.step(-1)); return; }
      if (event.key === "Enter") { act(() => (from.closest("[data-cell]").querySelector("textarea:not([hidden])") || { focus: () => this.step(1) }).focus()); return; }
      if (radio && event.key === "1") { act(() => this.judge("yes")); return; }
      if (radio && event.key === "0") { act(() => this.judge("no")); return; }
    }
    if (inside && from.tagName === "TEXTAREA" && event.key === "Enter" && !event.shiftKey) { act(() => this.step(1)); return; }
    if (typing) { if (event.key === "Escape") from.blur(); return; }
    const acts = {
      j: () => this.choose(this.at + 1), k: () => this.choose(this.at - 1), m: () => this.turn(this.mode === "entry" ? "item" : "entry"),
      "[": () => this.mode === "item" && this.show(this.item - 1), "]": () => this.mode === "item" && this.show(this.item + 1),
      s: () => this.split(), "/": () => this.panes[0].view.find(), "?": help,
    };
    if (event.key in acts) act(acts[event.key]);
    else if (/^Arrow(Down|Up)$/.test(event.key) && !inside && !from.closest?.(".pdf-pages, select")) act(() => this.step(event.key === "ArrowDown" ? 1 : -1));
  }
}

function help() {
  const list = make("dl", { className: "facts" }, ...KEYS.flatMap(([key, says]) => [make("dt", {}, make("kbd", { textContent: key })), make("dd", { textContent: says })]));
  const close = make("button", { type: "button", className: "button quiet", textContent: "关闭" });
  const box = make("dialog", {}, make("h2", { textContent: "键盘" }), list, close);
  close.addEventListener("click", () => box.close());
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
}

const data = document.querySelector("#sheet-data"), root = document.querySelector("[data-bench]");
if (data && root) {
  document.documentElement.classList.add("has-bench");
  const bench = new Bench(root, JSON.parse(data.textContent));
  // a PDF named elsewhere on the page opens in the bench, not in a window of its own
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="/documents/"]');
    const digest = link?.getAttribute("href").split("/").pop();
    const entry = digest && bench.data.entries.find((one) => one.files.some((file) => file.pdf && file.address.endsWith(digest)));
    if (!entry) return;
    event.preventDefault();
    bench.choose(bench.data.entries.indexOf(entry), false);
    bench.panes[0].entry(entry.id, entry.files.find((file) => file.address.endsWith(digest)).address);
    root.scrollIntoView({ block: "start" });
  });
}
document.querySelectorAll("form[data-draft]").forEach((form) => {
  keepForm(form, { address: location.pathname.replace(/\/desk$|\/[a-z]+$/, "/draft"), owner: document.querySelector("h1 .badge")?.textContent || "" });
});
