// Ranger des photos avant de les envoyer : les voir, changer leur ordre, en reprendre une, en ôter une.
// Chacune est réduite ici, redressée et sans son lieu : un téléphone envoie dix pages, pas cinquante mégaoctets.
(() => {
  "use strict";
  const PAGES = 20;
  const COTE = 2339;
  const LEGERE = 1.5 * 1024 * 1024;

  const reduire = async (fichier) => {
    const image = await createImageBitmap(fichier);
    const part = Math.min(1, COTE / Math.max(image.width, image.height));
    if (part === 1 && fichier.size < LEGERE) return { fichier, image };
    const toile = document.createElement("canvas");
    toile.width = Math.round(image.width * part);
    toile.height = Math.round(image.height * part);
    const dessin = toile.getContext("2d");
    dessin.fillStyle = "#fff";
    dessin.fillRect(0, 0, toile.width, toile.height);
    dessin.drawImage(image, 0, 0, toile.width, toile.height);
    const octets = await new Promise((rendre) => toile.toBlob(rendre, "image/jpeg", 0.85));
    return { fichier: octets ? new File([octets], fichier.name || "photo.jpg", { type: "image/jpeg" }) : fichier, image };
  };
  const vignette = (image) => {
    const toile = document.createElement("canvas");
    const part = 96 / Math.max(image.width, image.height);
    toile.width = Math.max(1, Math.round(image.width * part));
    toile.height = Math.max(1, Math.round(image.height * part));
    toile.getContext("2d").drawImage(image, 0, 0, toile.width, toile.height);
    image.close();
    return toile;
  };

  window.ranger = async ({ ligne, fichiers, encore, creer, bouton, annoncer, partir }) => {
    const suite = ligne.querySelector(".piece__pages")?.pages || [];
    for (const fichier of fichiers) {
      try {
        const { fichier: reduit, image } = await reduire(fichier);
        suite.push({ fichier: reduit, toile: vignette(image) });
      } catch {
        suite.push({ fichier, toile: null });
      }
    }
    let dernier = "";
    const dessiner = (cible) => {
      const zone = creer("div", "piece__pages");
      zone.pages = suite;
      ligne.querySelector(".piece__pages")?.remove();
      if (!suite.length) return;
      const liste = creer("ol", "piece__photos");
      suite.forEach((page, rang) => {
        const geste = (mot, fait, faire) => {
          const b = bouton("bouton--texte", mot, () => { faire(); dernier = `Page ${rang + 1} : ${fait}.`; dessiner(mot); annoncer(dernier); });
          b.append(creer("span", "visually-hidden", ` : page ${rang + 1}`));
          return b;
        };
        const changer = (avec) => () => { [suite[rang], suite[avec]] = [suite[avec], suite[rang]]; };
        const li = creer("li");
        const vue = page.toile || creer("span", "piece__sans-vue", "Illisible ici");
        if (page.toile) { vue.setAttribute("role", "img"); vue.setAttribute("aria-label", `Page ${rang + 1}, ${page.fichier.name}`); }
        const gestes = creer("div", "piece__ordre");
        if (rang) gestes.append(geste("Avant", "avancée", changer(rang - 1)));
        if (rang < suite.length - 1) gestes.append(geste("Après", "reculée", changer(rang + 1)));
        gestes.append(geste("Ôter", "ôtée", () => suite.splice(rang, 1)));
        li.append(vue, creer("strong", "", `Page ${rang + 1}`), gestes);
        liste.append(li);
      });
      const actions = creer("p", "actions");
      const n = suite.length;
      const envoyer = bouton("", n > 1 ? `Envoyer les ${n} pages en un PDF` : "Envoyer cette photo", () => {
        zone.remove();
        partir(suite.map((page) => page.fichier));
      });
      envoyer.disabled = n > PAGES;
      actions.append(envoyer);
      if (encore && n < PAGES) actions.append(bouton("bouton--second", "Photographier la page suivante", encore));
      actions.append(bouton("bouton--texte", "Abandonner", () => { zone.remove(); annoncer("Photos abandonnées."); }));
      zone.append(creer("p", "", n > PAGES ? `${n} photos : ${PAGES} au plus. Ôtez-en ${n - PAGES}.` : "Une page par photo, dans cet ordre."), liste, actions);
      ligne.querySelector(".piece__suivi")?.remove();
      ligne.append(zone);
      (cible ? [...zone.querySelectorAll("button")].find((b) => b.textContent.startsWith(cible) && !b.disabled) || envoyer : envoyer).focus();
    };
    dessiner();
    annoncer(`${suite.length > 1 ? `${suite.length} pages prêtes` : "1 page prête"} à envoyer.`);
  };
})();
