// The first time a word of the law stands on a page, it offers its meaning: a button that opens a sentence beside it.
const SKIP = "a, button, label, summary, legend, h1, h2, caption, strong, .badge, .chips, code, pre, textarea, select, option, script, style, time, [data-live], .glossary, .no-terms, #sheet, [data-entries], .term, .tip, dialog, svg";
const AT_MOST = 12;

export async function terms() {
  const main = document.querySelector("#main");
  if (!main || main.querySelector(".glossary")) return;
  let meanings;
  try {
    const reply = await fetch("/glossary.json");
    if (!reply.ok) return;
    meanings = await reply.json();
  } catch { return; }  // a page without its tips is whole
  const words = Object.keys(meanings).sort((a, b) => b.length - a.length);
  const any = new RegExp(words.join("|"), "u");
  const left = new Set(words);
  const walk = document.createTreeWalker(main, NodeFilter.SHOW_TEXT, {
    acceptNode: (node) => (any.test(node.data) && !node.parentElement.closest(SKIP) && node.parentElement.closest("p, dd, li, td, dt") ? NodeFilter.FILTER_ACCEPT : NodeFilter.FILTER_REJECT),
  });
  const found = [];
  while (walk.nextNode() && left.size > words.length - AT_MOST) {
    const hit = walk.currentNode.data.match(any);
    if (hit && left.delete(hit[0])) found.push([walk.currentNode, hit.index, hit[0]]);
  }
  found.forEach(([node, at, word], number) => offer(node, at, word, meanings[word], number));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") main.querySelectorAll('.term[aria-expanded="true"]').forEach((one) => one.click()); });
}

function offer(node, at, word, [meaning, law], number) {
  const rest = node.splitText(at);
  rest.data = rest.data.slice(word.length);
  const button = document.createElement("button"), tip = document.createElement("span");
  Object.assign(button, { type: "button", className: "term", textContent: word });
  Object.assign(tip, { className: "tip", id: `tip-${number}`, hidden: true, textContent: law ? `${meaning}(${law})` : meaning });
  button.setAttribute("aria-expanded", "false");
  button.setAttribute("aria-controls", tip.id);
  button.addEventListener("click", () => {
    tip.hidden = !tip.hidden;
    button.setAttribute("aria-expanded", String(!tip.hidden));
  });
  rest.before(button, tip);
}
