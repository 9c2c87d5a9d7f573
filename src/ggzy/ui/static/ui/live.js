// Watching a hall: the server says that something happened; the page fetches its fresh fragment.
export function liveHalls() {
  const hall = document.querySelector("[data-live]");
  if (!hall) return;
  const state = document.querySelector("[data-live-state]");
  let waiting = null;
  const refresh = () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const reply = await fetch(hall.dataset.fragment, { headers: { Accept: "text/html" } });
      if (reply.ok) hall.innerHTML = await reply.text();
    }, 150);
  };
  const source = new EventSource(`/live/${hall.dataset.live}?after=${hall.dataset.after || -1}`);
  source.onopen = () => { if (state) state.textContent = "实时更新中"; };
  source.onerror = () => { if (state) state.textContent = "连接中断, 正在重连…"; };
  source.addEventListener("act", refresh);
  // a deadline that runs out while the page is open: look a moment later, when the platform has closed the round
  document.addEventListener("ggzy:over", () => setTimeout(refresh, 2000));
}
