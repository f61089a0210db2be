/* L'écran de la séance au clavier : une vue à la fois. Sans script, toutes se suivent sur la page. */
(() => {
  "use strict";
  const ecran = document.querySelector("[data-ecran]");
  if (!ecran) return;
  const vues = () => [...ecran.querySelectorAll("[data-vue]")];
  const nom = () => decodeURIComponent(location.hash.slice(1));
  const courante = () => Math.max(0, vues().findIndex((v) => v.id === nom()));

  function montrer(rang, annoncer) {
    const toutes = vues();
    const place = Math.min(Math.max(rang, 0), toutes.length - 1);
    toutes.forEach((vue, i) => vue.classList.toggle("montree", i === place));
    const vue = toutes[place];
    if (nom() !== vue.id) history.replaceState(null, "", `#${vue.id}`);
    window.scrollTo(0, 0);
    if (!annoncer) return;
    const dire = document.getElementById("annonce");
    if (dire) dire.textContent = vue.querySelector("h2").textContent;
  }

  async function relire() {
    try {
      const reponse = await fetch(location.pathname, { headers: { Accept: "text/html" } });
      if (!reponse.ok) throw new Error(String(reponse.status));
      const lue = new DOMParser().parseFromString(await reponse.text(), "text/html");
      const neuf = lue.querySelector("[data-ecran]");
      if (!neuf) throw new Error("page");
      ecran.replaceChildren(...neuf.childNodes);
      montrer(courante(), true);
    } catch {
      const dire = document.getElementById("annonce");
      if (dire) dire.textContent = "La page n'a pas pu être relue. Ce qui est montré n'a pas changé.";
    }
  }

  function plein() {
    if (document.fullscreenElement) document.exitFullscreen();
    else document.documentElement.requestFullscreen?.();
  }

  const touches = {
    ArrowRight: () => montrer(courante() + 1, true),
    PageDown: () => montrer(courante() + 1, true),
    ArrowLeft: () => montrer(courante() - 1, true),
    PageUp: () => montrer(courante() - 1, true),
    Home: () => montrer(0, true),
    End: () => montrer(vues().length - 1, true),
    r: relire,
    f: plein,
  };
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const geste = touches[e.key] || touches[e.key.toLowerCase()];
    if (!geste) return;
    e.preventDefault();
    geste();
  });
  document.querySelectorAll("[data-aller]").forEach((b) =>
    b.addEventListener("click", () => montrer(courante() + Number(b.dataset.aller), true)));
  document.querySelector("[data-relire]").addEventListener("click", relire);
  document.querySelector("[data-plein]").addEventListener("click", plein);
  document.querySelectorAll(".commandes [hidden]").forEach((e) => { e.hidden = false; });
  window.addEventListener("hashchange", () => montrer(courante(), true));
  ecran.classList.add("anime");
  montrer(courante(), false);
})();
