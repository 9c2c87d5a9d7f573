// Watching a hall: the server says that something happened; the page fetches its fresh fragment.
export function liveHalls() {
  const hall = document.querySelector("[data-live]");
  if (!hall) return;
  const state = document.querySelector("[data-live-state]");
  const say = (text) => { if (state) state.textContent = text; };
  let waiting = null, shown = "";
  const refresh = () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      try {
        const reply = await fetch(hall.dataset.fragment, { headers: { Accept: "text/html" } });
        if (!reply.ok || reply.redirected) { say("取不到最新进展, 请刷新页面"); return; }
        const fresh = await reply.text();
        if (fresh === shown) return;
        hall.innerHTML = shown = fresh;
        document.dispatchEvent(new Event("ggzy:fresh"));
      } catch { say("连接中断, 正在重连…"); }
    }, 150);
  };
  const source = new EventSource(`/live/${hall.dataset.live}?after=${hall.dataset.after || -1}`);
  source.onopen = () => say("实时更新中");
  source.onerror = () => say(source.readyState === EventSource.CLOSED ? "实时更新不可用, 请刷新页面查看最新进展" : "连接中断, 正在重连…");
  source.addEventListener("act", refresh);
  // a deadline that runs out while the page is open: look a moment later, when the platform has closed the round
  document.addEventListener("ggzy:over", () => setTimeout(refresh, 2000));
}
