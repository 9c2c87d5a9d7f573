// In the hall: prices read aloud by the browser's own voice, the replay, and the host's keys. Nothing is sent anywhere.
const $ = (selector, root = document) => root.querySelector(selector);
const rows = () => [...document.querySelectorAll("[data-say]")];

// One sentence for each bid, in the order of the table; the row that is being read is marked, also after the table was renewed.
class Reading {
  constructor(bar) {
    this.bar = bar;
    this.voice = window.speechSynthesis;
    this.button = $("[data-read]", bar);
    this.stopper = $("[data-read-stop]", bar);
    this.says = $("[data-read-says]", bar);
    if (!this.voice || !window.SpeechSynthesisUtterance) { this.says.textContent = "这个浏览器不能朗读, 唱标内容见表格"; return; }
    this.button.hidden = false;
    this.button.addEventListener("click", () => this.toggle());
    this.stopper.addEventListener("click", () => this.stop());
    document.addEventListener("ggzy:fresh", () => this.mark());
    addEventListener("pagehide", () => this.voice.cancel());
  }

  toggle() {
    if (!this.queue) { this.queue = rows().map((row) => row.id); this.next(); return; }
    this.paused = !this.paused;
    if (this.paused) this.voice.pause(); else this.voice.resume();
    this.button.textContent = this.paused ? "继续朗读" : "暂停";
  }

  next() {
    this.now = this.queue.shift();
    const row = this.now && document.getElementById(this.now);
    if (!row) { this.stop("朗读完毕"); return; }
    const sentence = new SpeechSynthesisUtterance(row.dataset.say);
    sentence.lang = "zh-CN";
    sentence.voice = this.voice.getVoices().find((one) => one.lang.replace("_", "-").startsWith("zh")) ?? null;
    sentence.onend = () => { if (this.queue) this.next(); };
    sentence.onerror = (event) => { if (this.queue) this.stop(event.error === "canceled" ? "" : "没有可用的中文语音, 唱标内容见表格"); };
    this.button.textContent = "暂停";
    this.stopper.hidden = false;
    this.says.textContent = row.dataset.say;
    this.mark(true);
    this.voice.speak(sentence);
  }

  mark(scroll = false) {
    document.querySelectorAll(".is-read").forEach((row) => row.classList.remove("is-read"));
    const row = this.now && document.getElementById(this.now);
    row?.classList.add("is-read");
    if (scroll) row?.scrollIntoView({ block: "nearest" });
  }

  stop(says = "") {
    this.queue = this.now = null;
    this.paused = false;
    this.voice.cancel();
    this.button.textContent = "朗读";
    this.stopper.hidden = true;
    this.says.textContent = says;
    this.mark();
  }
}

// The bar stands outside what is renewed; it shows itself once there is something to read.
function reading() {
  const bar = $("[data-reading]");
  if (!bar) return;
  new Reading(bar);
  const look = () => { bar.hidden = rows().length === 0; };
  document.addEventListener("ggzy:fresh", look);
  look();
}

// The host's keys: the next step, the first answer, reading aloud.
function keys() {
  if (!$("[data-host-keys]")) return;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
    const found = { n: "[data-next] .button:not(.quiet, .danger)", a: "[data-next] textarea", r: "[data-read]" }[event.key];
    const place = found && $(found);
    if (!place) return;
    event.preventDefault();
    if (event.key === "r") place.click(); else { place.scrollIntoView({ block: "center" }); place.focus(); }
  });
}

// The replay steps through the list that the page is: what has not happened yet is pale, the table shows what was known then.
function replay() {
  const stage = $("[data-replay]");
  if (!stage) return;
  const steps = [...stage.querySelectorAll("[data-step]")], slide = $("[data-slide]", stage), play = $("[data-play]", stage);
  const at = steps.map((step) => Date.parse(step.dataset.at));
  const fast = $("[data-speed-of]", stage), clock = $("[data-replay-clock]", stage), says = $("[data-replay-says]", stage);
  let place = steps.length - 1, timer = null;
  const two = (n) => String(n).padStart(2, "0");
  function show(n, follow = true) {
    place = Math.max(0, Math.min(steps.length - 1, n));
    steps.forEach((step, i) => {
      step.classList.toggle("is-ahead", i > place);
      if (i === place) step.setAttribute("aria-current", "step"); else step.removeAttribute("aria-current");
    });
    stage.querySelectorAll("[data-from]").forEach((mark) => {
      mark.hidden = place < Number(mark.dataset.from) || (mark.dataset.until !== undefined && place >= Number(mark.dataset.until));
    });
    slide.value = place;
    const moment = new Date(at[place] + 8 * 3600000);  // 北京时间
    clock.textContent = `${two(moment.getUTCHours())}:${two(moment.getUTCMinutes())}:${two(moment.getUTCSeconds())}`;
    says.textContent = `${place + 1} / ${steps.length}: ${steps[place].querySelector("strong").textContent}`;
    if (follow) steps[place].scrollIntoView({ block: "nearest" });
  }
  function stop() { clearTimeout(timer); timer = null; play.textContent = "播放"; }
  function run() {
    if (place >= steps.length - 1) { stop(); return; }
    // at the pace of the day, or ten times it; nobody watches half an hour of waiting
    const pause = Math.min((at[place + 1] - at[place]) / Number(fast.value), 30000 / Number(fast.value));
    timer = setTimeout(() => { show(place + 1); run(); }, Math.max(300, pause));
  }
  $("[data-replay-bar]", stage).hidden = false;
  slide.max = steps.length - 1;
  slide.addEventListener("input", () => { stop(); show(Number(slide.value)); });
  $("[data-back]", stage).addEventListener("click", () => { stop(); show(place - 1); });
  $("[data-forth]", stage).addEventListener("click", () => { stop(); show(place + 1); });
  play.addEventListener("click", () => {
    if (timer) { stop(); return; }
    if (place >= steps.length - 1) show(0);
    play.textContent = "暂停";
    run();
  });
  show(place, false);
}

reading();
keys();
replay();
