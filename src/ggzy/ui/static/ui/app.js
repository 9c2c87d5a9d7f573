// The few things pages do in the browser: sign with one's own key, count down, watch live, copy, draw seeds.
// Plain modules, no library, nothing from elsewhere. Private keys stay in this browser (non-extractable).
import { signForms, rememberKey } from "./sign.js";
import { liveHalls } from "./live.js";
import { drawPages } from "./draw.js";

function countdowns() {
  const serverNow = document.querySelector(".training time")?.dateTime;
  const shift = serverNow ? Date.parse(serverNow) - Date.now() : 0;
  const marks = document.querySelectorAll("[data-until]");
  const tick = () => marks.forEach((mark) => {
    const left = Math.max(0, Math.floor((Date.parse(mark.dataset.until) - Date.now() - shift) / 1000));
    const days = Math.floor(left / 86400), h = Math.floor(left / 3600) % 24, m = Math.floor(left / 60) % 60, s = left % 60;
    const two = (n) => String(n).padStart(2, "0");
    mark.textContent = (days ? `${days}天 ` : "") + `${two(h)}:${two(m)}:${two(s)}`;
  });
  if (marks.length) { tick(); setInterval(tick, 1000); }
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(document.querySelector(button.dataset.copy).textContent);
  button.textContent = "已复制";
});

document.addEventListener("submit", (event) => {
  const ask = event.target.dataset.confirm;
  if (ask && !event.target.dataset.asked && !window.confirm(ask)) event.preventDefault();
}, true);

countdowns();
signForms();
rememberKey();
liveHalls();
drawPages();
