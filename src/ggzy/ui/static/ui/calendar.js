// Dragging a booking of the calendar to another time or room. Letting go asks; only the form's answer moves it.
// The same is done without this script by the form of the booking's own page.
const table = document.querySelector("[data-plan]");
const dialog = document.querySelector("[data-plan-dialog]");
const ENOUGH = 6;
const two = (n) => String(n).padStart(2, "0");
const clock = (minutes) => `${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)}`;
const minutesOf = (local) => Number(local.slice(11, 13)) * 60 + Number(local.slice(14, 16));

// Where a bar would go if it were let go with its left edge at this place of the page: {room, name, day, minutes}.
function place(bar, x, y, grabbed) {
  const cell = document.elementsFromPoint(x, y).find((found) => found.matches?.("td[data-room]"));
  if (!cell) return null;
  const { room, name } = cell.dataset;
  if (table.dataset.plan === "week") return { cell, room, name, day: cell.dataset.day, minutes: minutesOf(bar.dataset.start) };
  const quarter = Number(table.dataset.minutes);
  const box = cell.getBoundingClientRect();
  const at = Number(cell.dataset.at) + Math.floor(((x - box.left) / box.width) * Number(cell.dataset.span)) - grabbed;
  const [hour, minute] = table.dataset.starts.split(":").map(Number);
  return { cell, room, name, day: table.dataset.day, minutes: Math.max(0, hour * 60 + minute + at * quarter) };
}

function begin(event) {
  const bar = event.target.closest?.("[data-booking]");
  if (!bar || event.button !== 0 || event.pointerType === "touch") return;
  const from = { x: event.clientX, y: event.clientY };
  const length = Math.round((Date.parse(bar.dataset.end) - Date.parse(bar.dataset.start)) / 60000);
  const box = bar.closest("td").getBoundingClientRect();
  const span = Number(bar.closest("td").dataset.span) || 1;
  const grabbed = Math.floor(((from.x - box.left) / box.width) * span);
  let dragged = false, target = null, ghost = null;

  const move = (now) => {
    const dx = now.clientX - from.x, dy = now.clientY - from.y;
    if (!dragged && Math.hypot(dx, dy) < ENOUGH) return;
    if (!dragged) {
      dragged = true;
      bar.classList.add("is-dragged");
      table.classList.add("is-dragging");
      ghost = document.body.appendChild(document.createElement("div"));
      ghost.className = "plan-ghost";
    }
    bar.style.transform = `translate(${dx}px, ${dy}px)`;
    target?.cell.classList.remove("is-target");
    target = place(bar, now.clientX, now.clientY, grabbed);
    target?.cell.classList.add("is-target");
    ghost.textContent = target ? `${target.name} ${clock(target.minutes)}–${clock(target.minutes + length)}` : "松开则不改";
    ghost.style.left = `${now.clientX + 14}px`;
    ghost.style.top = `${now.clientY + 16}px`;
  };
  const end = (kept) => {
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", drop);
    removeEventListener("pointercancel", cancel);
    removeEventListener("keydown", escape);
    bar.classList.remove("is-dragged");
    table.classList.remove("is-dragging");
    target?.cell.classList.remove("is-target");
    ghost?.remove();
    if (!kept) bar.style.transform = "";
  };
  const cancel = () => end(false);
  const escape = (key) => { if (key.key === "Escape") end(false); };
  const drop = () => {
    end(dragged && target);
    if (!dragged) return;
    // the click that follows a drag opens nothing; the next one does
    const swallow = (click) => click.preventDefault();
    bar.addEventListener("click", swallow, true);
    setTimeout(() => bar.removeEventListener("click", swallow, true), 0);
    if (target) ask(bar, target, length);
  };
  addEventListener("pointermove", move);
  addEventListener("pointerup", drop);
  addEventListener("pointercancel", cancel);
  addEventListener("keydown", escape);
}

function ask(bar, target, length) {
  const start = `${target.day}T${clock(target.minutes)}`;
  const form = dialog.querySelector("form");
  form.action = `/work/rooms/bookings/${bar.dataset.booking}`;
  form.elements.room.value = target.room;
  form.elements.start.value = start;
  form.elements.minutes.value = length;
  dialog.querySelector("[data-plan-says]").textContent =
    `${bar.title} → ${target.name}, ${target.day} ${clock(target.minutes)}–${clock(target.minutes + length)}`;
  dialog.addEventListener("close", () => { bar.style.transform = ""; }, { once: true });
  dialog.showModal();
}

if (table && dialog) {
  document.querySelector("[data-plan-help]")?.removeAttribute("hidden");
  table.addEventListener("pointerdown", begin);
  table.addEventListener("dragstart", (event) => event.preventDefault());
  dialog.querySelector("[data-plan-cancel]").addEventListener("click", () => dialog.close());
}
