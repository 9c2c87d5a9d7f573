// Watching a hall: the server says that something happened; the page fetches what it shows now and puts in what changed.
// Spectators share one answer (its address carries the event they heard of, so the server makes it once for all of them)
// and are kept apart (the server says how far: the more watch, the further); who takes part fetches a view of its own at once.
const GATHER = 150, AFTER_THE_DEADLINE = 2000;

// A part as it came, without what differs at every look: the moment, and a countdown's digits.
const plain = (part) => part.outerHTML.replace(/ data-now="[^"]*"/g, "").replace(/(role="timer"[^>]*>)[^<]*/g, "$1").replace(/ (data-over|tabindex|role="region"|aria-label)(="[^"]*")?/g, "");
const parts = (root) => [...root.children].filter((part) => part.id);

// Whatever the visitor is in the middle of: a text, a choice, a signature that is being made.
function busy() {
  const fields = [...document.querySelectorAll("main input:not([type=hidden]), main textarea, main select")];
  return fields.some((field) => (field.type === "checkbox" || field.type === "radio") ? field.checked !== field.defaultChecked
    : field.tagName === "SELECT" ? [...field.options].some((one) => one.selected !== one.defaultSelected && one.defaultSelected)
      : field.value !== field.defaultValue || field === document.activeElement)
    || !!document.querySelector("[aria-busy=true], dialog[open], [data-key-needed]:not([hidden])");
}

export function liveHalls() {
  const hall = document.querySelector("[data-live]");
  if (!hall) return;
  const state = document.querySelector("[data-live-state]"), region = document.querySelector("[data-live-says]");
  const say = (text) => { if (state && state.textContent !== text) state.textContent = text; };
  const known = new Map(parts(hall).map((part) => [part.id, plain(part)]));
  let waiting = null, heard = Number(hall.dataset.after ?? -1), asking = false, again = false, apart = 450;
  const common = hall.dataset.shared;

  function put(html, age) {
    const fresh = document.createElement("template");
    fresh.innerHTML = html;
    const next = parts(fresh.content), sources = next.map(plain);
    fresh.content.querySelectorAll("[data-now]").forEach((mark) => {
      mark.dataset.now = new Date(Date.parse(mark.dataset.now) + age * 1000 * (Number(mark.dataset.speed) || 1)).toISOString();
    });
    if (next.map((part) => part.id).join() === parts(hall).map((part) => part.id).join()) {
      next.forEach((part, n) => { if (known.get(part.id) !== sources[n]) document.getElementById(part.id).replaceWith(part); });
    } else hall.replaceChildren(...next);
    known.clear();
    next.forEach((part, n) => known.set(part.id, sources[n]));
    // one short sentence is read out by a screen reader, never the whole table
    const says = hall.querySelector("[data-says]")?.dataset.says ?? "";
    if (region && says && region.textContent !== says) region.textContent = says;
    document.dispatchEvent(new Event("ggzy:fresh"));
    const mark = hall.querySelector("[data-mark]")?.dataset.mark;
    if (mark === undefined || mark === hall.dataset.mark) return;
    const stale = document.querySelector("[data-stale]");
    if (busy()) { if (stale) stale.hidden = false; } else location.reload();
  }

  async function ask() {
    if (asking) { again = true; return; }
    asking = true;
    try {
      const reply = await fetch(common && heard >= 0 ? `${common}/${heard}` : hall.dataset.fragment, { headers: { Accept: "text/html" } });
      if (!reply.ok || reply.redirected) { say("取不到最新进展, 请刷新页面"); return; }
      put(await reply.text(), Number(reply.headers.get("Age")) || 0);
    } catch { say("连接中断, 正在重连…"); }
    finally {
      asking = false;
      if (again) { again = false; later(); }
    }
  }

  function later(pause = GATHER + (common ? Math.random() * apart : 0)) {
    if (waiting) return;
    waiting = setTimeout(() => { waiting = null; ask(); }, pause);
  }

  const source = new EventSource(`/live/${hall.dataset.live}?after=${heard}`);
  source.onopen = () => say("实时更新中");
  source.onerror = () => say(source.readyState === EventSource.CLOSED ? "实时更新不可用, 请刷新页面查看最新进展" : "连接中断, 正在重连…");
  source.addEventListener("act", (event) => {
    heard = Math.max(heard, Number(event.lastEventId));
    later();
  });
  source.addEventListener("pace", (event) => { apart = Number(event.data); });
  // a deadline that runs out while the page is open: look a moment later, when the platform has closed the round
  document.addEventListener("ggzy:over", () => later(AFTER_THE_DEADLINE + (common ? Math.random() * 8000 : 0)));
}
