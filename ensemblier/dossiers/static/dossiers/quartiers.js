// Les quartiers de l'action : choisis sur la carte ou dans la liste, la seconde disant tout ce que dit la première.
(() => {
  "use strict";
  const groupe = document.getElementById("quartiers");
  const formulaire = groupe?.closest("form");
  const lien = groupe?.querySelector("a[data-carte]");
  const choisis = groupe?.querySelector("[data-choisis]");
  if (!lien || !choisis || !window.fetch) return;
  const cases = [...groupe.querySelectorAll("input[name=couples]")];
  const dites = choisis.querySelector("[role=status]");
  const PORTEE = 24;
  let zones = [];

  const accord = (nombre, un, plusieurs) => `${nombre}\u00a0${nombre > 1 ? plusieurs : un}`;
  const pris = (code) => cases.some((c) => c.dataset.quartier === code && c.checked);
  const noms = () => [...new Map(cases.filter((c) => c.checked).map((c) => [c.dataset.quartier, c.dataset.nom])).values()];

  function montrer() {
    for (const zone of zones) zone.classList.toggle("carte__zone--choisie", pris(zone.dataset.zone));
    for (const ville of groupe.querySelectorAll(".communes > li")) {
      const siennes = [...ville.querySelectorAll("input[name=couples]")];
      const nombre = siennes.filter((c) => c.checked).length;
      ville.querySelector(".communes__compte").textContent =
        nombre ? accord(nombre, "choisi", "choisis") : accord(siennes.length, "quartier", "quartiers");
    }
    choisis.querySelector("strong").textContent = noms().join(", ") || "aucun";
  }

  // Un quartier à cheval se prend avec toutes ses communes : la liste permet d'en retirer une (R17).
  function basculer(code) {
    const siennes = cases.filter((c) => c.dataset.quartier === code);
    if (!siennes.length) return;
    const prendre = !siennes.some((c) => c.checked);
    for (const boite of siennes) boite.checked = prendre;
    siennes[0].dispatchEvent(new Event("change", { bubbles: true }));
    const villes = siennes.map((c) => c.dataset.ville).join(", ");
    dites.textContent = `${siennes[0].dataset.nom} (${villes}) : ${prendre ? "choisi" : "retiré"}.`;
  }

  // Une cité minière tient dans quelques pixels : la zone la plus proche du doigt, pas seulement celle dessous.
  function laPlusProche(svg, evenement) {
    const matrice = svg.getScreenCTM();
    const ici = new DOMPoint(evenement.clientX, evenement.clientY).matrixTransform(matrice.inverse());
    const dessous = zones.find((zone) => zone.isPointInFill(ici));
    if (dessous) return dessous;
    let proche = null;
    let loin = PORTEE / matrice.a;
    for (const zone of zones) {
      const distance = Math.min(...cotes(zone).map((cote) => ecart(ici, cote)));
      if (distance < loin) [proche, loin] = [zone, distance];
    }
    return proche;
  }
  const cotes = (zone) => zone.getAttribute("d").split("z").filter(Boolean).flatMap((anneau) => {
    const points = anneau.slice(1).split("L").map((p) => p.split(" ").map(Number));
    return points.map((p, rang) => [p, points[(rang + 1) % points.length]]);
  });
  function ecart({ x, y }, [[x1, y1], [x2, y2]]) {
    const carre = (x2 - x1) ** 2 + (y2 - y1) ** 2;
    const part = carre ? Math.max(0, Math.min(1, ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / carre)) : 0;
    return Math.hypot(x - x1 - part * (x2 - x1), y - y1 - part * (y2 - y1));
  }

  async function deplier(evenement) {
    evenement.preventDefault();
    if (zones.length) return replier();
    lien.setAttribute("aria-busy", "true");
    const page = await lire(lien.href);
    lien.removeAttribute("aria-busy");
    const carte = page?.querySelector("figure.carte");
    if (!carte?.querySelector("[data-zone]")) {
      dites.textContent = "La carte ne s'ouvre pas : le réseau manque peut-être. Choisissez dans la liste, elle dit la même chose.";
      return;
    }
    carte.classList.add("carte--choix");
    carte.querySelector("figcaption").textContent = "Touchez un quartier pour le choisir, encore une fois pour le retirer.";
    for (const a of carte.querySelectorAll("a")) a.replaceWith(...a.childNodes);
    lien.closest("p").after(carte);
    zones = [...carte.querySelectorAll("[data-zone]")];
    const svg = carte.querySelector("svg");
    svg.addEventListener("click", (clic) => {
      const zone = laPlusProche(svg, clic);
      if (zone) basculer(zone.dataset.zone);
    });
    lien.textContent = "Fermer la carte";
    montrer();
  }
  function replier() {
    groupe.querySelector("figure.carte").remove();
    zones = [];
    lien.textContent = lien.dataset.carte;
  }
  const lire = async (adresse) => {
    try {
      const reponse = await fetch(adresse, { headers: { Accept: "text/html" } });
      return reponse.ok ? new DOMParser().parseFromString(await reponse.text(), "text/html") : null;
    } catch {
      return null;
    }
  };

  // Les villes à contacter suivent les quartiers enregistrés ; une ville déjà là garde ce qu'on y écrit.
  async function suivreLesVilles() {
    const ici = document.getElementById("contacts");
    const page = ici && (await lire(formulaire.getAttribute("action")));
    const neuf = page?.getElementById("contacts");
    if (!neuf) return;
    const gardees = new Map([...ici.querySelectorAll("[data-ville]")].map((v) => [v.dataset.ville, v]));
    for (const ville of neuf.querySelectorAll("[data-ville]")) {
      const gardee = gardees.get(ville.dataset.ville);
      if (gardee) ville.replaceWith(gardee);
    }
    const rangs = page.querySelector("form[data-saisie] [name=versions]")?.value;
    if (rangs) formulaire.dispatchEvent(new CustomEvent("saisie:rangs", { detail: JSON.parse(rangs) }));
    ici.querySelector("[data-villes]").replaceChildren(...neuf.querySelector("[data-villes]").childNodes);
  }

  lien.dataset.carte = lien.textContent = "Choisir sur la carte";
  lien.setAttribute("role", "button");
  lien.addEventListener("click", deplier);
  lien.addEventListener("keydown", (touche) => { if (touche.key === " ") deplier(touche); });
  choisis.hidden = false;
  formulaire.addEventListener("change", (evenement) => { if (evenement.target.name === "couples") montrer(); });
  formulaire.addEventListener("saisie:recue", (evenement) => { if (evenement.detail === "couples") suivreLesVilles(); });
  for (const [geste, montree] of [["focusin", true], ["pointerover", true], ["focusout", false], ["pointerout", false]]) {
    groupe.addEventListener(geste, ({ target }) => {
      const boite = target.closest(".case")?.querySelector("input[name=couples]");
      if (!boite) return;
      for (const zone of zones) if (zone.dataset.zone === boite.dataset.quartier) zone.classList.toggle("carte__zone--montree", montree);
    });
  }
  montrer();
})();
