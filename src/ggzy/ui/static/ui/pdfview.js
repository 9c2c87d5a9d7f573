// A PDF in the page: pages drawn when they come into sight, text to select, search, zoom. Nothing to download.
const VENDOR = new URL("../vendor/", import.meta.url);
const FAR = 6;

let kit;
const loaded = () => (kit ??= import("../vendor/pdfkit.js").then((made) => {
  made.GlobalWorkerOptions.workerSrc = new URL("pdfworker.js", VENDOR).href;
  return made;
}));

// The last few documents stay open: going back to a bid costs nothing.
const OPEN = new Map(), MOST_OPEN = 6;
async function opened(address) {
  const { getDocument } = await loaded();
  if (!OPEN.has(address)) {
    const task = getDocument({
      url: address, cMapUrl: new URL("pdf/", VENDOR).href, cMapPacked: true, wasmUrl: new URL("pdf/", VENDOR).href,
      // a large file is read by the parts that the shown pages need, not to its end
      disableStream: true, disableAutoFetch: true, useWasm: false, isEvalSupported: false, enableXfa: false, verbosity: 0,
    });
    task.promise.catch(() => OPEN.delete(address));
    OPEN.set(address, task);
  }
  const task = OPEN.get(address);
  OPEN.delete(address);
  OPEN.set(address, task);
  return task.promise;
}

function forget(shown) {
  for (const [address, task] of OPEN) {
    if (OPEN.size <= MOST_OPEN) return;
    if (!shown.has(address)) { OPEN.delete(address); task.destroy(); }
  }
}

export function make(tag, given = {}, ...inside) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name in node && !name.includes("-") && name !== "list") node[name] = value;
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...inside.filter((one) => one !== null && one !== undefined));
  return node;
}

const bare = (text) => text.replace(/\s+/g, "").toLowerCase();

export class PdfView {
  static shown = new Set();

  constructor(root) {
    this.root = root;
    this.turn = 0;
    this.pages = [];
    this.hits = [];
    this.zoom = 1;
    const button = (text, label, act) => make("button", { type: "button", className: "button quiet tiny", textContent: text, title: label, "aria-label": label, onclick: act });
    this.at = make("input", { type: "text", inputMode: "numeric", className: "page-at", "aria-label": "页码", maxLength: 5 });
    this.of = make("span", { className: "muted" });
    this.query = make("input", { type: "search", placeholder: "查找", "aria-label": "在文件中查找", maxLength: 100 });
    this.count = make("span", { className: "muted found", role: "status" });
    this.bar = make("div", { className: "pdf-bar" },
      make("span", {}, this.at, this.of),
      make("span", {}, button("−", "缩小", () => this.scale(this.zoom / 1.2)), button("适合", "适合宽度", () => this.scale(1)), button("+", "放大", () => this.scale(this.zoom * 1.2))),
      make("span", { className: "pdf-find" }, this.query, this.count, button("‹", "上一处", () => this.step(-1)), button("›", "下一处", () => this.step(1))));
    this.sheets = make("div", { className: "pdf-pages", tabIndex: 0, "aria-label": "文件内容" });
    this.root.append(this.bar, this.sheets);
    this.at.addEventListener("change", () => this.go(Number(this.at.value)));
    this.at.addEventListener("keydown", (event) => { if (event.key === "Enter") this.go(Number(this.at.value)); });
    this.query.addEventListener("input", () => { clearTimeout(this.soon); this.soon = setTimeout(() => this.search(), 250); });
    this.query.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); this.step(event.shiftKey ? -1 : 1); }
      if (event.key === "Escape") { this.query.blur(); this.sheets.focus(); }
    });
    this.sheets.addEventListener("scroll", () => { cancelAnimationFrame(this.frame); this.frame = requestAnimationFrame(() => this.where()); }, { passive: true });
    this.sight = new IntersectionObserver((seen) => seen.forEach((one) => { if (one.isIntersecting) this.draw(Number(one.target.dataset.page)); }), { root: this.sheets, rootMargin: "300px 0px" });
    new ResizeObserver(() => { clearTimeout(this.later); this.later = setTimeout(() => this.layout(), 120); }).observe(this.sheets);
  }

  say(text) {
    this.clear();
    this.sheets.replaceChildren(make("p", { className: "empty", textContent: text }));
  }

  clear() {
    this.turn += 1;
    this.sight.disconnect();
    this.pages.forEach((one) => one.task?.cancel());
    this.pages = [];
    this.hits = [];
    this.texts = null;
    this.file = null;
    this.count.textContent = "";
    this.of.textContent = "";
    this.at.value = "";
    PdfView.shown.delete(this.address);
    this.bar.hidden = true;
  }

  async show(address, page = 1) {
    if (this.address === address && this.file) { if (page > 1) this.go(page); return; }
    this.say("正在打开文件…");
    const turn = this.turn;
    this.address = address;
    PdfView.shown.add(address);
    try {
      const file = await opened(address);
      const first = await file.getPage(1);
      if (turn !== this.turn) return;
      this.file = file;
      this.base = first.getViewport({ scale: 1 });
    } catch (trouble) {
      if (turn === this.turn) this.say(trouble?.name === "PasswordException" ? "文件设有密码, 无法显示。" : "文件无法显示: 不是完整的PDF, 或网络中断。");
      return;
    }
    forget(PdfView.shown);
    this.bar.hidden = false;
    this.of.textContent = ` / ${this.file.numPages}`;
    this.pages = Array.from({ length: this.file.numPages }, (_, n) => ({ box: make("div", { className: "pdf-page", "data-page": n, role: "img", "aria-label": `第${n + 1}页` }) }));
    this.sheets.replaceChildren(...this.pages.map((one) => one.box));
    this.layout();
    this.pages.forEach((one) => this.sight.observe(one.box));
    this.go(page);
    if (this.query.value) this.search();
  }

  factor() { return Math.max(0.2, (this.sheets.clientWidth - 16) / this.base.width) * this.zoom; }

  scale(zoom) { this.zoom = Math.min(5, Math.max(0.4, zoom)); this.layout(); }

  layout() {
    if (!this.file || !this.sheets.clientWidth) return;
    const factor = this.factor(), here = this.page();
    if (this.drawn === factor && this.laid === this.file) return;
    this.drawn = factor;
    this.laid = this.file;
    for (const one of this.pages) {
      one.task?.cancel();
      one.done = false;
      one.box.replaceChildren();
      const view = one.base || this.base;
      one.box.style.width = `${Math.floor(view.width * factor)}px`;
      one.box.style.height = `${Math.floor(view.height * factor)}px`;
    }
    this.go(here);
    this.pages.forEach((one) => { this.sight.unobserve(one.box); this.sight.observe(one.box); });
  }

  async draw(n) {
    const one = this.pages[n], turn = this.turn, factor = this.drawn;
    if (!one || one.done) return;
    one.done = true;
    const { TextLayer } = await loaded();
    const page = await this.file.getPage(n + 1);
    if (turn !== this.turn || factor !== this.drawn) { one.done = false; return; }
    one.base = page.getViewport({ scale: 1 });
    const view = page.getViewport({ scale: factor }), sharp = Math.min(2, devicePixelRatio || 1);
    one.box.style.width = `${Math.floor(view.width)}px`;
    one.box.style.height = `${Math.floor(view.height)}px`;
    one.box.style.setProperty("--total-scale-factor", factor);
    const canvas = make("canvas", { width: Math.floor(view.width * sharp), height: Math.floor(view.height * sharp) });
    const layer = make("div", { className: "textLayer" });
    one.box.replaceChildren(canvas, layer);
    one.task = page.render({ canvas, viewport: view, transform: sharp === 1 ? null : [sharp, 0, 0, sharp, 0, 0] });
    try {
      await one.task.promise;
      const text = new TextLayer({ textContentSource: await page.getTextContent(), container: layer, viewport: view });
      await text.render();
      one.words = text.textDivs;
      this.mark(n);
    } catch (trouble) {
      if (trouble?.name !== "RenderingCancelledException" && turn === this.turn) one.box.append(make("p", { className: "trouble small", textContent: "本页无法显示" }));
      return;
    }
    this.tidy(n);
  }

  // Pages far from here give their pictures back.
  tidy(n) {
    const here = this.page() - 1;
    this.pages.forEach((one, at) => {
      if (one.done && Math.abs(at - here) > FAR && Math.abs(at - n) > FAR) {
        one.task?.cancel();
        one.done = false;
        one.words = null;
        one.box.replaceChildren();
        this.sight.unobserve(one.box);
        this.sight.observe(one.box);
      }
    });
  }

  page() {
    const middle = this.sheets.scrollTop + this.sheets.clientHeight / 3;
    let low = 0, high = this.pages.length - 1;
    while (low < high) {
      const half = (low + high + 1) >> 1;
      if (this.pages[half].box.offsetTop <= middle) low = half; else high = half - 1;
    }
    return low + 1;
  }

  where() { if (this.file && document.activeElement !== this.at) this.at.value = this.page(); }

  go(page) {
    const one = this.pages[Math.min(this.pages.length, Math.max(1, Math.floor(page) || 1)) - 1];
    if (!one) return;
    this.sheets.scrollTop = one.box.offsetTop - 4;
    this.at.value = this.pages.indexOf(one) + 1;
  }

  // Search runs over the text without its spaces: a line break inside a Chinese word is none.
  async search() {
    const wanted = bare(this.query.value), turn = this.turn, file = this.file;
    this.wanted = wanted;
    this.hits = [];
    this.now = -1;
    this.pages.forEach((_, n) => this.mark(n));
    if (!file || !wanted) { this.count.textContent = ""; return; }
    this.texts ??= [];
    for (let n = 0; n < file.numPages; n += 1) {
      this.texts[n] ??= (await (await file.getPage(n + 1)).getTextContent()).items.filter((item) => item.str !== undefined).map((item) => bare(item.str));
      if (turn !== this.turn || wanted !== this.wanted) return;
      const items = this.texts[n], starts = [];
      let whole = "";
      for (const text of items) { starts.push(whole.length); whole += text; }
      for (let at = whole.indexOf(wanted); at >= 0; at = whole.indexOf(wanted, at + wanted.length)) {
        const words = items.flatMap((text, k) => (starts[k] < at + wanted.length && starts[k] + text.length > at ? [k] : []));
        this.hits.push({ page: n, words });
      }
      if (this.hits.length && this.now < 0) this.step(1);
      this.counted(n + 1 < file.numPages);
      this.mark(n);
    }
    this.counted(false);
  }

  counted(more) {
    this.count.textContent = this.hits.length ? `${this.now + 1}/${this.hits.length}${more ? "…" : ""}` : more ? "…" : "没有";
  }

  mark(n) {
    const words = this.pages[n]?.words;
    if (!words) return;
    words.forEach((word) => word.classList.remove("hit", "hit-now"));
    this.hits.forEach((hit, at) => {
      if (hit.page === n) hit.words.forEach((k) => words[k]?.classList.add(at === this.now ? "hit-now" : "hit"));
    });
  }

  step(by) {
    if (!this.hits.length) return;
    const before = this.hits[this.now]?.page;
    this.now = (this.now + by + this.hits.length) % this.hits.length;
    const hit = this.hits[this.now];
    this.counted(false);
    if (before !== undefined) this.mark(before);
    this.mark(hit.page);
    const word = this.pages[hit.page].words?.[hit.words[0]];
    if (word?.isConnected) this.sheets.scrollTop = this.pages[hit.page].box.offsetTop + word.offsetTop - this.sheets.clientHeight / 3;
    else this.go(hit.page + 1);
  }

  find() { this.query.focus(); this.query.select(); }
}
