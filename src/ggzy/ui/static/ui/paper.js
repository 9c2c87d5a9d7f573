// Compares a PDF in somebody's hands with the hash of the one that was sealed. Nothing is uploaded.
const form = document.querySelector("form[data-compare]");
form?.addEventListener("submit", (event) => event.preventDefault());
const input = form?.querySelector("input[type=file]");
const compare = async () => {
  const file = input.files[0], answer = form.querySelector("[data-answer]");
  if (!file) { answer.textContent = ""; return; }
  answer.className = ""; answer.textContent = "正在计算…";
  const digest = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
  const hex = [...new Uint8Array(digest)].map((b) => b.toString(16).padStart(2, "0")).join("");
  const same = hex === form.dataset.compare;
  answer.className = same ? "notice good" : "notice bad";
  answer.textContent = same ? `“${file.name}”与签章的文件完全一致。` : `“${file.name}”与签章的文件不一致: 它的哈希是 ${hex}。重新保存、打印成PDF或合并打印的文件也会不一致, 请下载签章的PDF比较。`;
};
input?.addEventListener("change", compare);
if (input?.files.length) compare(); // chosen before this script was there
