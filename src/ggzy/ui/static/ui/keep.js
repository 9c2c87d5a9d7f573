// What is being entered into a long form stays in this browser until it is handed in: a closed tab, a dead battery or a
// login that ran out costs nothing. Kept for one account, one address and one state of what the form began from
// (data-keep); signing out forgets it (app.js). Passwords, files, hidden fields and signatures are never kept.
const PAUSE = 600, PREFIX = "ggzy-form:";

const kinds = (field) => field.name && !field.disabled && !["password", "file", "hidden", "submit", "button"].includes(field.type);
const fieldsOf = (form) => [...form.elements].filter(kinds);
const valueOf = (field) => (["checkbox", "radio"].includes(field.type) ? field.checked : field.value);

function put(field, value) {
  if (["checkbox", "radio"].includes(field.type)) field.checked = value;
  else field.value = value;
}

const kept = () => { try { return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX)); } catch { return []; } };

export function keepForms() {
  if (document.querySelector("#done")) for (const key of kept()) if (JSON.parse(localStorage.getItem(key)).sent) localStorage.removeItem(key);
  const who = document.body.dataset.account || "";
  document.querySelectorAll("form[data-keep]").forEach((form, number) => {
    const place = `${PREFIX}${who}:${location.pathname}:${number}:${form.dataset.keep}`;
    const began = fieldsOf(form).map(valueOf);
    const say = document.createElement("p");
    say.className = "muted small keep-state";
    say.setAttribute("role", "status");
    form.append(say);
    let left = null, timer = 0;
    try { left = JSON.parse(localStorage.getItem(place)); } catch { left = null; }
    if (left?.values.length === began.length && left.values.some((value, at) => value !== began[at])) offer(form, left, began, place);
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        try {
          localStorage.setItem(place, JSON.stringify({ at: Date.now(), values: fieldsOf(form).map(valueOf) }));
          say.textContent = "填写的内容已暂存在本机浏览器, 还没有提交。";
        } catch { say.textContent = "本机浏览器不能暂存, 请及时提交。"; }
      }, PAUSE);
    });
    // handed in, but perhaps refused or met by a login that ran out: it is forgotten when a page says that it was done
    form.addEventListener("submit", () => {
      clearTimeout(timer);
      try { localStorage.setItem(place, JSON.stringify({ at: Date.now(), sent: true, values: fieldsOf(form).map(valueOf) })); } catch { /* nothing is kept */ }
    });
  });
}

function offer(form, left, began, place) {
  const box = document.createElement("div"), text = document.createElement("p"), row = document.createElement("p");
  box.className = "notice busy";
  box.setAttribute("role", "status");
  text.textContent = `本机有一份 ${new Date(left.at).toLocaleString("zh-CN", { hour12: false })} 填写、没有提交的内容。`;
  row.className = "actions";
  for (const [label, act] of [["恢复填写的内容", () => fieldsOf(form).forEach((field, at) => put(field, left.values[at]))], ["不要了", () => { try { localStorage.removeItem(place); } catch { /* nothing was kept */ } }]]) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "button quiet small", textContent: label });
    button.addEventListener("click", () => { act(); box.remove(); form.dispatchEvent(new Event("input", { bubbles: true })); });
    row.append(button);
  }
  box.append(text, row);
  form.prepend(box);
}

export function forgetForms() {
  document.querySelectorAll('form[action="/logout"]').forEach((form) => form.addEventListener("submit", () => {
    for (const key of kept()) localStorage.removeItem(key);
  }));
}
