// Le tableau de programmation au clavier, comme un tableur. Sans lui, les mêmes cases partent en formulaire.
(() => {
  "use strict";
  const formulaire = document.querySelector("form[data-grille]");
  const table = formulaire && formulaire.querySelector("table");
  if (!table || !window.fetch) return;
  const { cases: ADRESSE_CASES, sonde: SONDE, lignes: LIGNES, adresse: ADRESSE } = formulaire.dataset;
  const LOT = 50, PAUSE = 3000, BIENTOT = 200;
  const corps = table.tBodies[0];
  const jeton = formulaire.elements.csrfmiddlewaretoken.value;
  const aMoi = Boolean(formulaire.elements.versions);
  const panneau = document.getElementById("refus-de-la-grille");
  const liste = panneau.querySelector("ul");
  const annonce = document.getElementById("annonce");
  const dire = (phrase) => { if (annonce) annonce.textContent = phrase; };

  // ---------------------------------------------------------------- La grille : lignes, cases, noms

  const rangs = () => [...corps.querySelectorAll("tr[data-l]")];
  const ligneDe = (case_) => case_.parentElement;
  const colonneDe = (case_) => case_.cellIndex;
  const enTete = (colonne) => table.tHead.rows[0].cells[colonne].textContent.replace(/\s+/g, " ").trim();
  const nomDe = (case_) => `${ligneDe(case_).dataset.l}, ${enTete(colonneDe(case_))}`;
  const boitesDe = (case_) => [...case_.querySelectorAll("input[name^='montant-']")];
  const nombreDe = (texte) => texte.replace(/[\s\u00a0\u202f€]/g, "");
  const valeurDe = (case_) => {
    const boites = boitesDe(case_);
    if (boites.length) return boites.map((b) => nombreDe(b.value)).join(" ");
    const copie = case_.cloneNode(true);
    for (const muet of copie.querySelectorAll(".visually-hidden")) muet.remove();
    for (const suite of copie.querySelectorAll(".sous, br, li + li")) suite.before(" · ");
    const texte = copie.textContent.replace(/\s+/g, " ").trim();
    return case_.classList.contains("n") && /^[−\d]/.test(texte) ? nombreDe(texte).replace("−", "-") : texte;
  };

  const etat = { active: null, ancre: null, edition: null };

  const preparer = (racine) => {
    for (const element of racine.querySelectorAll("a, input")) element.tabIndex = -1;
    for (const case_ of racine.querySelectorAll("td, th")) case_.tabIndex = -1;
    for (const case_ of racine.querySelectorAll("td.m")) case_.setAttribute("aria-readonly", "false");
    for (const boite of racine.querySelectorAll("td.m input[name^='montant-']")) {
      boite.readOnly = true;
      boite.dataset.avant = boite.value;
    }
  };
  const compter = () => {
    const groupes = corps.querySelectorAll("tr").length;
    table.setAttribute("aria-rowcount", formulaire.dataset.suite ? "-1" : String(groupes + 2));
  };

  const bloc = () => {
    if (!etat.active) return [];
    const debut = etat.ancre && etat.ancre.isConnected ? etat.ancre : etat.active;
    const lignes = rangs();
    const [l1, l2] = [lignes.indexOf(ligneDe(debut)), lignes.indexOf(ligneDe(etat.active))].sort((a, b) => a - b);
    const [c1, c2] = [colonneDe(debut), colonneDe(etat.active)].sort((a, b) => a - b);
    return lignes.slice(Math.max(l1, 0), l2 + 1).map((ligne) => [...ligne.cells].slice(c1, c2 + 1));
  };
  const marquer = () => {
    for (const case_ of corps.querySelectorAll("[aria-selected]")) case_.removeAttribute("aria-selected");
    if (etat.ancre) for (const case_ of bloc().flat()) case_.setAttribute("aria-selected", "true");
  };
  const activer = (case_, { etendre = false, viser = true } = {}) => {
    if (!case_) return;
    if (etendre) etat.ancre = etat.ancre && etat.ancre.isConnected ? etat.ancre : etat.active;
    else etat.ancre = null;
    if (etat.active) etat.active.tabIndex = -1;
    etat.active = case_;
    etat.active.tabIndex = 0;
    if (viser) {
      etat.active.focus({ preventScroll: true });
      etat.active.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    marquer();
  };
  const voisine = (case_, dl, dc) => {
    const lignes = rangs();
    const l = Math.min(Math.max(lignes.indexOf(ligneDe(case_)) + dl, 0), lignes.length - 1);
    const cellules = lignes[l].cells;
    return cellules[Math.min(Math.max(colonneDe(case_) + dc, 0), cellules.length - 1)];
  };
  const suivante = (case_, pas) => {
    const lignes = rangs();
    let l = lignes.indexOf(ligneDe(case_)), c = colonneDe(case_) + pas;
    if (c < 0 || c >= lignes[l].cells.length) {
      l += pas;
      if (!lignes[l]) return null;
      c = pas > 0 ? 0 : lignes[l].cells.length - 1;
    }
    return lignes[l].cells[c];
  };

  // ---------------------------------------------------------------- Écrire une case

  const commencer = (case_, frappe) => {
    const boite = boitesDe(case_)[0];
    if (!boite) {
      dire(`${nomDe(case_)} : ${raisonDeLecture(case_)}`);
      return false;
    }
    ouvrir(boite, frappe);
    return true;
  };
  const ouvrir = (boite, frappe) => {
    etat.edition = { boite, version: boite.dataset.n, avant: boite.dataset.avant ?? boite.value };
    boite.readOnly = false;
    boite.closest("td").classList.add("en-cours");
    boite.focus();
    if (frappe === undefined) boite.select();
    else boite.value = frappe;
  };
  const fermer = (garder) => {
    const { boite, version, avant } = etat.edition;
    const case_ = boite.closest("td");
    etat.edition = null;
    boite.readOnly = true;
    case_.classList.remove("en-cours");
    if (!garder) boite.value = avant;
    else if (nombreDe(boite.value) !== nombreDe(avant) || boite.getAttribute("aria-invalid")) {
      envoyer([{ boite, version, valeur: boite.value, avant }]);
    }
    return case_;
  };
  const raisonDeLecture = (case_) => {
    if (!("ecrite" in table.tHead.rows[0].cells[colonneDe(case_)].dataset)) return "cette colonne ne s'écrit pas ici.";
    if (/voté|refusé|écarté/.test(case_.textContent)) return "cette case est décidée, elle ne se récrit pas.";
    if (case_.textContent.trim() === "—") return "rien n'est demandé à ce financeur.";
    const ouverte = rangs().some((ligne) => boitesDe(ligne.cells[colonneDe(case_)]).length);
    return ouverte ? "cette case n'est pas ouverte : retenue en séance, décidée, ou à un autre financeur."
      : "cette colonne est celle d'un autre financeur, vous n'écrivez que la vôtre.";
  };

  // ---------------------------------------------------------------- Envoyer, un lot après l'autre

  const annulables = [];
  let file = Promise.resolve(), envois = 0;
  const envoyer = (saisies, { annule = false } = {}) => {
    const faites = [];
    envois += 1;
    for (const s of saisies) s.boite.closest("td").classList.add("part");
    for (let i = 0; i < saisies.length; i += LOT) {
      const lot = saisies.slice(i, i + LOT);
      file = file.then(() => partir(lot, faites));
    }
    file = file.then(() => {
      if (faites.length && !annule) annulables.push(faites);
      if (saisies.length > 1) dire(`${faites.length} cases enregistrées sur ${saisies.length}.`);
      clearTimeout(minuteur);
      minuteur = setTimeout(() => sonder(true), BIENTOT);
    });
    return file;
  };
  const partir = async (lot, faites) => {
    const demandees = lot.map(({ boite, version, valeur }) => (
      { volet: cleDe(boite), version: Number(version), valeur, verrou: Boolean(verrouDe(boite)?.checked) }
    ));
    let recu;
    try {
      const reponse = await fetch(ADRESSE_CASES + ADRESSE, {
        method: "POST", body: JSON.stringify({ cases: demandees }), credentials: "same-origin",
        headers: { "Content-Type": "application/json", "X-CSRFToken": jeton },
      });
      recu = await reponse.json();
      if (!reponse.ok) throw new Error(recu.raison);
    } catch {
      for (const s of lot) refuser(s.boite, s.valeur, "Non enregistré : le service ne répond pas. Réessayez.");
      return;
    }
    for (const [numero, html] of Object.entries(recu.lignes)) {
      vues.set(numero, html);
      remplacer(numero, html);
    }
    recu.cases.forEach((issue, i) => {
      const boite = boiteDe(issue.volet) || lot[i].boite;
      if (issue.faite) {
        faites.push({ volet: issue.volet, version: boite.dataset.n, avant: lot[i].avant, verrou: lot[i].verrou });
        const fixee = verrouDe(boite)?.checked ? ", fixée" : "";
        if (lot.length === 1) dire(`${nomDe(boite.closest("td"))} : ${boite.value || "vide"}${fixee}, enregistré.`);
      } else refuser(boite, lot[i].valeur, issue.phrase, issue.conflit);
    });
  };
  const verrouDe = (boite) => formulaire.elements[`verrou-${cleDe(boite)}`];
  const cleDe = (boite) => Number(boite.name.slice("montant-".length));
  const boiteDe = (volet) => formulaire.elements[`montant-${volet}`];

  // Une case refusée garde ce qui fut tapé, barré ; sa phrase est sous la ligne et dans la liste.
  const refuser = (boite, valeur, phrase, conflit = false) => {
    const case_ = boite.closest("td");
    case_.classList.remove("part");
    case_.classList.add("refusee");
    if (valeur !== undefined) boite.value = valeur;
    boite.setAttribute("aria-invalid", "true");
    noter(case_, phrase, conflit ? boite : null);
    boite.setAttribute("aria-describedby", dernierRefus);
  };
  let combien = 0, dernierRefus = "";
  const noter = (case_, phrase, aTrancher) => {
    const texte = `${nomDe(case_)} : ${phrase}`;
    const sous = document.createElement("tr");
    const dit = document.createElement("td");
    sous.className = "refus";
    sous.id = dernierRefus = `refus-${(combien += 1)}`;
    dit.colSpan = ligneDe(case_).cells.length;
    dit.textContent = texte;
    if (aTrancher) {
      dit.append(" ", bouton("Garder la valeur enregistrée", () => remettre(aTrancher)));
      dit.append(" ", bouton("Remettre la mienne", () => insister(aTrancher)));
    }
    sous.append(dit);
    ligneDe(case_).after(sous);
    const ligne = document.createElement("li");
    ligne.textContent = texte;
    liste.append(ligne);
    panneau.hidden = false;
    dire(texte);
  };
  const bouton = (texte, faire) => {
    const element = document.createElement("button");
    element.type = "button";
    element.className = "bouton bouton--second";
    element.textContent = texte;
    element.addEventListener("click", faire);
    return element;
  };
  const oublier = (ligne) => {
    while (ligne.nextElementSibling && ligne.nextElementSibling.matches("tr.refus")) ligne.nextElementSibling.remove();
  };
  const remettre = (boite) => {
    const case_ = boite.closest("td");
    boite.value = boite.dataset.avant;
    if (verrouDe(boite)) verrouDe(boite).checked = verrouDe(boite).defaultChecked;
    boite.removeAttribute("aria-invalid");
    case_.classList.remove("refusee");
    oublier(ligneDe(case_));
    activer(case_);
  };
  const insister = (boite) => {
    const case_ = boite.closest("td");
    oublier(ligneDe(case_));
    activer(case_);
    envoyer([{ boite, version: boite.dataset.n, valeur: boite.value, avant: boite.dataset.avant }]);
  };
  panneau.querySelector("button").addEventListener("click", () => {
    liste.replaceChildren();
    panneau.hidden = true;
    if (etat.active) etat.active.focus();
  });

  // Une ligne relue remplace l'ancienne ; la case où l'on est, et ce qu'on y tape, restent.
  const remplacer = (numero, html) => {
    const ancienne = corps.querySelector(`tr[data-l="${CSS.escape(numero)}"]`);
    if (!ancienne) return;
    const moule = document.createElement("template");
    moule.innerHTML = html;
    const neuve = moule.content.querySelector("tr[data-l]");
    preparer(neuve);
    for (const boite of ancienne.querySelectorAll("td.refusee input[name^='montant-']")) reporterLeRefus(boite, neuve);
    const tapee = etat.edition && ancienne.contains(etat.edition.boite) ? etat.edition : null;
    const [colonne, depuis] = [etat.active, etat.ancre].map((c) => (c && ancienne === ligneDe(c) ? colonneDe(c) : -1));
    const avaitLeFoyer = ancienne.contains(document.activeElement);
    if (neuve.querySelectorAll("td.refusee").length === 0) oublier(ancienne);
    etat.edition = tapee ? null : etat.edition;
    ancienne.replaceWith(neuve);
    if (depuis >= 0) etat.ancre = neuve.cells[depuis];
    if (colonne >= 0) {
      etat.active = neuve.cells[colonne];
      etat.active.tabIndex = 0;
      if (avaitLeFoyer && !tapee) etat.active.focus({ preventScroll: true });
      marquer();
    }
    if (tapee) reprendre(tapee);
  };
  const reporterLeRefus = (boite, neuve) => {
    const autre = neuve.querySelector(`[name="${boite.name}"]`);
    if (!autre || boite.closest("td").classList.contains("part")) return;
    autre.value = boite.value;
    autre.setAttribute("aria-invalid", "true");
    autre.setAttribute("aria-describedby", boite.getAttribute("aria-describedby") || "");
    autre.closest("td").classList.add("refusee");
  };
  const reprendre = ({ boite, version }) => {
    const neuve = boiteDe(cleDe(boite));
    if (!neuve) return dire("La case où vous écriviez vient d'être décidée : elle ne s'écrit plus.");
    const ailleurs = neuve.dataset.avant;
    ouvrir(neuve, boite.value);
    if (neuve.dataset.n !== version) {
      neuve.closest("td").classList.add("ailleurs");
      dire(`Une autre personne vient d'écrire ${ailleurs || "vide"} dans cette case. Vous : ${boite.value}.`);
      etat.edition.version = version;
    }
    return null;
  };

  // ---------------------------------------------------------------- Ce qui change ailleurs, et la suite

  let depuis = formulaire.dataset.depuis, empreinte = "", minuteur = 0;
  // Une réponse demandée avant la dernière saisie est déjà vieille : la saisie en redemandera une.
  const sonder = async (apresSaisie = false) => {
    clearTimeout(minuteur);
    const rang = envois;
    if (apresSaisie || !document.hidden) {
      try {
        const reponse = await fetch(`${SONDE}${ADRESSE}&depuis=${depuis}&empreinte=${empreinte}`, { credentials: "same-origin" });
        const recu = reponse.status === 200 && await reponse.json();
        if (recu && rang === envois) recevoir(recu);
      } catch { /* le réseau reviendra : la sonde aussi */ }
    }
    if (rang !== envois) return;
    clearTimeout(minuteur);
    minuteur = setTimeout(sonder, PAUSE);
  };
  const recevoir = (recu) => {
    for (const [numero, html] of Object.entries(recu.lignes)) if (estNeuve(numero, html)) remplacer(numero, html);
    table.tFoot.innerHTML = recu.pied;
    for (const [nom, html] of Object.entries(recu.groupes)) {
      const ligne = corps.querySelector(`tr[data-g="${CSS.escape(nom)}"]`);
      if (ligne) ligne.outerHTML = html;
    }
    const bandeau = document.getElementById("bandeau-des-enveloppes");
    if (bandeau) bandeau.innerHTML = recu.jauges;
    [depuis, empreinte] = [recu.depuis, recu.empreinte];
  };
  const vues = new Map();
  const estNeuve = (numero, html) => {
    const meme = vues.get(numero) === html;
    vues.set(numero, html);
    return !meme;
  };
  document.addEventListener("visibilitychange", () => { if (!document.hidden) sonder(); });

  const completer = async () => {
    while (formulaire.dataset.suite) {
      const reponse = await fetch(LIGNES + formulaire.dataset.suite, { credentials: "same-origin" });
      if (!reponse.ok) return;
      const recu = await reponse.json();
      const moule = document.createElement("template");
      moule.innerHTML = recu.corps;
      preparer(moule.content);
      corps.append(moule.content);
      formulaire.dataset.suite = recu.suite;
      compter();
    }
    for (const nav of document.querySelectorAll("nav.pagination ul")) nav.hidden = true;
  };

  corps.addEventListener("change", ({ target }) => {
    if (!target.name?.startsWith("verrou-")) return;
    const boite = boiteDe(target.name.slice("verrou-".length));
    if (boite.value) {
      envoyer([{ boite, version: boite.dataset.n, valeur: boite.value, avant: boite.dataset.avant, verrou: !target.checked }]);
    } else {
      target.checked = false;
      dire("Cette case est vide : écrivez un montant, puis fixez-le.");
    }
  });

  table.setAttribute("role", "grid");
  table.setAttribute("aria-multiselectable", "true");
  table.setAttribute("aria-readonly", "true");
  table.parentElement.tabIndex = -1;
  const aide = document.getElementById("aide-de-la-grille");
  if (aide) {
    aide.hidden = false;
    table.setAttribute("aria-describedby", aide.id);
  }
  for (const sans of formulaire.querySelectorAll("[data-sans-script]")) sans.hidden = true;
  formulaire.addEventListener("submit", (evenement) => evenement.preventDefault());
  preparer(table);
  compter();
  activer(rangs()[0]?.querySelector("td.m") || rangs()[0]?.cells[0], { viser: false });
  completer();
  minuteur = setTimeout(sonder, PAUSE);
  table.grille = {
    etat, aMoi, annulables, dire, rangs, ligneDe, colonneDe, boitesDe, boiteDe, nombreDe, valeurDe, raisonDeLecture,
    bloc, marquer, activer, voisine, suivante, commencer, ouvrir, fermer, envoyer, refuser, noter, verrouDe,
  };
})();
