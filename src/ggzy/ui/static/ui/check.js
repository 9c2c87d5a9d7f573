// Checks free texts against the negative list while they are written: a hint beside the form, nothing is kept.
const WAIT = 700;

for (const form of document.querySelectorAll("form[data-check]")) {
  const panel = form.querySelector("[data-findings]"), list = panel?.querySelector("[data-list]");
  if (!panel || !list) continue;
  let timer = 0, turn = 0;
  const texts = () => [...form.querySelectorAll("[data-says]")].filter((f) => f.value.trim())
    .map((f) => ({ key: f.name, says: f.dataset.says, text: f.value }));
  const line = (tag, text, look = "") => { const made = document.createElement(tag); made.textContent = text; made.className = look; return made; };
  const show = (findings) => {
    list.replaceChildren();
    panel.hidden = false;
    if (!findings.length) { list.append(line("p", "目前所写内容没有负面清单中的情形。", "muted")); return; }
    for (const f of findings.slice(0, 20)) {
      const item = document.createElement("div");
      item.append(line("p", `${f.level_label}: ${f.where}中的“${f.phrase}”涉嫌${f.says}`, f.level === "block" ? "trouble" : ""),
        line("p", `依据 ${f.basis}。可以这样写: ${f.instead}`, "small muted"));
      list.append(item);
    }
  };
  const ask = async () => {
    const rows = texts(), mine = ++turn;
    if (!rows.length) { panel.hidden = true; return; }
    try {
      const reply = await fetch(form.dataset.check, {
        method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
        body: JSON.stringify({ texts: rows }),
      });
      const said = await reply.json();
      if (mine === turn && reply.ok) show(said.findings);
    } catch { /* offline: saving checks again */ }
  };
  form.addEventListener("input", (event) => {
    if (!event.target.dataset?.says) return;
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT);
  });
}
