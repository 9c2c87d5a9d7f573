// The witness' wall looks again every few seconds while it is seen; only what changed is put in its place.
// Whoever stands on a card with the keyboard stays there: the focus goes back to the same button.
const wall = document.querySelector("[data-wall]");
const state = document.querySelector("[data-wall-state]");
const say = (text) => { if (state) state.textContent = text; };
const named = (one) => one.getAttribute("href") || one.form?.elements.subject?.value || "";
let shown = "", failures = 0;

async function look() {
  if (document.hidden) return;
  try {
    const reply = await fetch(wall.dataset.wall, { headers: { Accept: "text/html" } });
    if (!reply.ok || reply.redirected) { say("取不到最新进展, 请刷新页面"); return; }
    const fresh = await reply.text();
    failures = 0;
    say("实时更新中");
    if (fresh === shown) return;
    const before = wall.contains(document.activeElement) ? named(document.activeElement) : "";
    wall.innerHTML = shown = fresh;
    if (before) [...wall.querySelectorAll("a, button")].find((one) => named(one) === before)?.focus();
    document.dispatchEvent(new Event("ggzy:fresh"));
  } catch {
    failures += 1;
    say(failures > 2 ? "连接中断, 正在重连…" : "实时更新中");
  }
}

if (wall) {
  setInterval(look, Number(wall.dataset.wallSeconds) * 1000);
  document.addEventListener("visibilitychange", look);
}
