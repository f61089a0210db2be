// Le clavier, la souris et le presse-papiers de la grille de programmation ; `grille.js` tient les cases.
(() => {
  "use strict";
  const table = document.querySelector("form[data-grille] table");
  if (!table || !table.grille) return;
  const {
    etat, aMoi, annulables, dire, rangs, ligneDe, colonneDe, boitesDe, boiteDe, nombreDe, valeurDe, raisonDeLecture,
    bloc, marquer, activer, voisine, suivante, commencer, ouvrir, fermer, envoyer, refuser, noter, verrouDe,
  } = table.grille;
  const formulaire = table.closest("form");
  const corps = table.tBodies[0];
  let libre = false;

  // ---------------------------------------------------------------- Annuler, copier, coller

  const annuler = () => {
    const faites = annulables.pop();
    if (!faites) return dire("Rien à annuler.");
    const saisies = [];
    for (const { volet, version, avant, verrou } of faites) {
      const boite = boiteDe(volet);
      if (boite && boite.dataset.n === version) {
        if (verrou !== undefined) verrouDe(boite).checked = verrou;
        saisies.push({ boite, version, valeur: avant, avant: boite.value });
      } else if (boite) refuser(boite, undefined, "Changée depuis par une autre personne : elle n'est pas annulée.");
    }
    if (!saisies.length) return null;
    dire(saisies.length === 1 ? "Dernière saisie annulée." : `${saisies.length} saisies annulées.`);
    return envoyer(saisies, { annule: true });
  };
  const enTsv = (texte) => (/[\t\n"]/.test(texte) ? `"${texte.replaceAll('"', '""')}"` : texte);
  const deTsv = (texte) => {
    const lignes = [[]];
    const motif = /(?:"((?:[^"]|"")*)"|([^\t\n\r]*))(\t|\r?\n|\r|$)/gy;
    for (let lu = motif.exec(texte); lu; lu = motif.exec(texte)) {
      lignes.at(-1).push((lu[1] !== undefined ? lu[1].replaceAll('""', '"') : lu[2]).trim());
      if (motif.lastIndex >= texte.length) break;
      if (lu[3] !== "\t") lignes.push([]);
    }
    return lignes;
  };
  const coller = (texte) => {
    const lus = deTsv(texte.replace(/(\r?\n)+$/, ""));
    const choisies = bloc();
    const seul = lus.length === 1 && lus[0].length === 1;
    const lignes = rangs();
    const debut = choisies[0][0];
    const l0 = lignes.indexOf(ligneDe(debut)), c0 = colonneDe(debut);
    const visees = seul ? choisies.flat().map((case_) => [case_, lus[0][0]])
      : lus.flatMap((valeurs, l) => valeurs.map((valeur, c) => [lignes[l0 + l]?.cells[c0 + c], valeur]));
    const saisies = [];
    let dehors = 0;
    for (const [case_, valeur] of visees) {
      if (!case_) dehors += 1;
      else viser(case_, valeur, saisies);
    }
    if (dehors) dire(`${dehors} valeurs dépassent du tableau et ne sont pas collées.`);
    if (saisies.length) envoyer(saisies);
  };
  const viser = (case_, valeur, saisies) => {
    const boites = boitesDe(case_);
    if (boites.length === 1) {
      const [boite] = boites;
      if (nombreDe(valeur) === nombreDe(boite.value)) return;
      saisies.push({ boite, version: boite.dataset.n, valeur, avant: boite.dataset.avant });
      boite.value = valeur;
    } else if (boites.length) noter(case_, "cette case a plusieurs lignes. Écrivez-les une à une.");
    else if (valeur !== valeurDe(case_)) noter(case_, `« ${valeur} » n'est pas collé : ${raisonDeLecture(case_)}`);
  };
  const tientLeFoyer = () => !etat.edition && etat.active && document.activeElement === etat.active;
  document.addEventListener("copy", (evenement) => {
    if (!tientLeFoyer()) return;
    evenement.clipboardData.setData("text/plain", bloc().map((l) => l.map((c) => enTsv(valeurDe(c))).join("\t")).join("\n"));
    evenement.preventDefault();
    dire("Bloc copié.");
  });
  document.addEventListener("paste", (evenement) => {
    if (!tientLeFoyer() || !aMoi) return;
    evenement.preventDefault();
    coller(evenement.clipboardData.getData("text/plain"));
  });

  // ---------------------------------------------------------------- Le clavier et la souris

  const FLECHES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-15, 0], PageDown: [15, 0] };
  const auRepos = (evenement) => {
    const { key, shiftKey, ctrlKey, metaKey, altKey } = evenement;
    const commande = ctrlKey || metaKey;
    if (altKey) return false;
    if (commande && key.toLowerCase() === "z") return annuler() || true;
    if (key in FLECHES) {
      const [dl, dc] = FLECHES[key].map((pas) => (commande ? pas * 1e6 : pas));
      activer(voisine(etat.active, dl, dc), { etendre: shiftKey });
      return true;
    }
    if (key === "Home" || key === "End") {
      const sens = key === "Home" ? -1e6 : 1e6;
      activer(voisine(etat.active, commande ? sens : 0, sens), { etendre: shiftKey });
      return true;
    }
    if (commande) return false;
    if (key === "Tab") {
      const prochaine = libre ? null : suivante(etat.active, shiftKey ? -1 : 1);
      libre = false;
      if (prochaine) activer(prochaine);
      return Boolean(prochaine);
    }
    if (key === "Escape") {
      libre = true;
      etat.ancre = null;
      marquer();
      dire("Tab sort du tableau.");
      return true;
    }
    if (key === "Enter") {
      const lien = etat.active.querySelector("a");
      if (lien) lien.click();
      else activer(voisine(etat.active, shiftKey ? -1 : 1, 0));
      return true;
    }
    if (key === "F2") return commencer(etat.active);
    if (key === " ") return basculer(etat.active.querySelector("input[name^='verrou-']"));
    if (key === "Delete" || key === "Backspace") return vider();
    return key.length === 1 && aMoi ? commencer(etat.active, key) : false;
  };
  const basculer = (verrou) => {
    if (verrou) verrou.click();
    return Boolean(verrou);
  };
  const vider = () => {
    const saisies = bloc().flat().flatMap(boitesDe).filter((boite) => boite.value).map((boite) => (
      { boite, version: boite.dataset.n, valeur: "", avant: boite.dataset.avant }
    ));
    if (saisies.length) envoyer(saisies);
    return true;
  };
  const enEdition = (evenement) => {
    const { key, shiftKey } = evenement;
    if (key === "Escape") {
      activer(fermer(false));
      return true;
    }
    if (!["Enter", "Tab", "ArrowUp", "ArrowDown"].includes(key)) return false;
    const boites = boitesDe(etat.edition.boite.closest("td"));
    const autre = boites[boites.indexOf(etat.edition.boite) + 1];
    const case_ = fermer(true);
    if (autre && !shiftKey && key !== "ArrowUp") ouvrir(autre);
    else if (key === "Tab") activer(suivante(case_, shiftKey ? -1 : 1) || case_);
    else activer(voisine(case_, shiftKey || key === "ArrowUp" ? -1 : 1, 0));
    return true;
  };
  corps.addEventListener("keydown", (evenement) => {
    if (!etat.active || evenement.target.closest("tr.refus")) return;
    if (evenement.key !== "Tab" && evenement.key !== "Escape" && evenement.key !== "Shift") libre = false;
    if (etat.edition ? enEdition(evenement) : auRepos(evenement)) evenement.preventDefault();
  });
  corps.addEventListener("pointerdown", (evenement) => {
    const case_ = evenement.target.closest("tr[data-l] > *");
    if (!case_ || evenement.target.closest("a, label") || (etat.edition && case_.contains(etat.edition.boite))) return;
    if (etat.edition) fermer(true);
    evenement.preventDefault();
    activer(case_, { etendre: evenement.shiftKey });
  });
  corps.addEventListener("dblclick", (evenement) => {
    const boite = etat.active && boitesDe(etat.active)[0];
    if (boite && !etat.edition) ouvrir(boite);
  });
  corps.addEventListener("click", (evenement) => {
    const boite = evenement.target.closest("td.m input[name^='montant-']");
    if (boite && !etat.edition && matchMedia("(pointer: coarse)").matches) ouvrir(boite);
  });
  corps.addEventListener("focusin", ({ target }) => {
    const case_ = target.closest("tr[data-l] > *");
    if (case_ && case_ !== etat.active) activer(case_, { viser: false });
  });
  corps.addEventListener("focusout", ({ target, relatedTarget }) => {
    if (etat.edition && target === etat.edition.boite && relatedTarget !== target && target.isConnected) fermer(true);
  });
  document.addEventListener("visibilitychange", () => { if (etat.edition && document.hidden) activer(fermer(true)); });
  formulaire.dataset.grille = "prete";
})();
