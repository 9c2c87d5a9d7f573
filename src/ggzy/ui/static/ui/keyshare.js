// A holder opens the part that was sealed to it, on its own machine, and hands it over.
import { haveKeys } from "./haskey.js";
import { bytes, ownKey } from "./keyring.js";

document.querySelectorAll("[data-share]").forEach((section) => {
  const facts = JSON.parse(section.dataset.share), form = section.querySelector("form"), says = section.querySelector("[data-says]");
  form.addEventListener("submit", async (event) => {
    if (form.elements.share.value) return;
    event.preventDefault();
    const button = form.querySelector("button[type=submit]");
    button.setAttribute("aria-busy", "true");
    try {
      if (!(await haveKeys(section, facts))) { says.textContent = "请先选择本单位证书的私钥。"; return; }
      says.textContent = "正在本机打开份额…";
      form.elements.share.value = await (await ownKey(facts.fingerprint)).openEnvelope(bytes(facts.envelope), bytes(facts.receives));
      form.submit();
    } catch (problem) { says.textContent = problem.message; } finally { button.removeAttribute("aria-busy"); }
  });
});
