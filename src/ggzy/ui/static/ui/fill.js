// The training centre's login table: one click fills a demo account into the form.
export function fillDemo() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-fill]");
    const form = document.querySelector("#login-form");
    if (!button || !form) return;
    form.elements.username.value = button.dataset.fill;
    form.elements.password.value = button.dataset.fillPassword;
    form.querySelector("button[type=submit]").focus();
    form.scrollIntoView({ block: "nearest" });
  });
}
