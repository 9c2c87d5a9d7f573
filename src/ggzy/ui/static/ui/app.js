// The few things pages do in the browser: sign with one's own key, count down, watch live, copy, draw seeds.
// Plain modules, no library, nothing from elsewhere. Private keys stay in this browser (non-extractable).
import { bindKey, signForms, rememberKey } from "./sign.js";
import { drawPages } from "./draw.js";
import { fillDemo } from "./fill.js";
import { forgetForms, keepForms } from "./keep.js";
import { terms } from "./terms.js";

// A countdown runs on the server's clock (data-now, data-speed), taken when its element first appears.
function countdowns() {
  const shifts = new WeakMap();
  const legal = (mark) => {
    const speed = Number(mark.dataset.speed) || 1;
    if (!shifts.has(mark)) shifts.set(mark, { since: performance.now(), from: Date.parse(mark.dataset.now) || Date.now() });
    const { since, from } = shifts.get(mark);
    return from + (performance.now() - since) * speed;
  };
  const two = (n) => String(n).padStart(2, "0");
  const tick = () => document.querySelectorAll("[data-until]").forEach((mark) => {
    const left = Math.max(0, Math.floor((Date.parse(mark.dataset.until) - legal(mark)) / 1000));
    const days = Math.floor(left / 86400), h = Math.floor(left / 3600) % 24, m = Math.floor(left / 60) % 60, s = left % 60;
    mark.textContent = (days ? `${days}天 ` : "") + `${two(h)}:${two(m)}:${two(s)}`;
    if (left === 0 && !mark.dataset.over) {
      mark.dataset.over = "1";
      document.dispatchEvent(new Event("ggzy:over"));
    }
  });
  tick();
  setInterval(tick, 1000);
  document.addEventListener("ggzy:fresh", tick);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.querySelector(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "已复制";
  } catch {
    window.getSelection().selectAllChildren(source);
    button.textContent = "已选中, 请按 Ctrl+C";
  }
});

document.addEventListener("submit", (event) => {
  const ask = event.target.dataset.confirm;
  if (ask && !event.target.dataset.asked && !window.confirm(ask)) event.preventDefault();
}, true);

// A table wider than the window scrolls in its frame; the keyboard must be able to get there.
function scrollers() {
  document.querySelectorAll(".scroll").forEach((frame) => {
    if (frame.scrollWidth <= frame.clientWidth || frame.querySelector("a, button, input, select, textarea")) return;
    frame.tabIndex = 0;
    frame.setAttribute("role", "region");
    const title = frame.querySelector("caption") || frame.closest("section, details, main")?.querySelector("h1, h2, h3, summary");
    frame.setAttribute("aria-label", `${title?.textContent.trim() || "表格"}(可左右滚动)`);
  });
}

countdowns();
drawPages();
fillDemo();
scrollers();
addEventListener("resize", scrollers);
signForms();
rememberKey();
bindKey();
// What only few pages have is fetched where it stands. A button pressed or a file chosen before that was there is not lost.
const where = (mark, load) => {
  const found = [...document.querySelectorAll(mark)], early = new Set(), keep = (event) => early.add(event.currentTarget);
  if (!found.length) return;
  const kind = (one) => one.matches("input, select") ? "change" : "click";
  found.forEach((one) => one.addEventListener(kind(one), keep));
  load().then(() => {
    found.forEach((one) => one.removeEventListener(kind(one), keep));
    early.forEach((one) => one.dispatchEvent(new Event(kind(one), { bubbles: true })));
  });
};
where("[data-live]", async () => (await import("./live.js")).liveHalls());
where("[data-seal-offer], [data-reveal-offer]", async () => (await import("./calloff.js")).sealOffers());
where("[data-seal-response], [data-reveal-response]", async () => (await import("./response.js")).sealResponses());
where("[data-make-key], [data-make-sm2], [data-merge-key]", async () => (await import("./certificate.js")).certificatePage());
terms();
keepForms();
forgetForms();
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js").catch(() => {});  // pages work without it
