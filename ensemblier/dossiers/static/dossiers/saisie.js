// L'éditeur enregistre au fil de la frappe : une réponse à la fois, dans l'ordre, jamais deux fois.
(() => {
  "use strict";
  const formulaire = document.querySelector("form[data-saisie]");
  if (!formulaire || !window.fetch || !window.sessionStorage) return;
  const adresse = formulaire.dataset.saisie;
  const etat = document.getElementById("etat-saisie");
  const annonce = document.getElementById("annonce");
  const lues = formulaire.elements.versions;
  const versions = JSON.parse(lues.value || "{}");
  const REMISE = `saisie ${adresse}`;
  const IGNORES = new Set(["csrfmiddlewaretoken", "versions"]);
  const attente = new Map();
  const minuteurs = new Map();
  let enCours = null;
  const coupure = new AbortController();
  let essais = 0;
  let annonceFaite = false;
  let arrete = false;

  const dire = (phrase, { fort = false } = {}) => {
    if (etat) etat.textContent = phrase;
    if (fort && annonce) annonce.textContent = phrase;
  };
  const cle = () => crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random().toString(36).slice(2)}`;
  const valeurs = (nom) => new FormData(formulaire).getAll(nom).map(String);
  const boites = (nom) => formulaire.querySelectorAll(`[name="${CSS.escape(nom)}"]`);

  // Ce qui n'est pas encore reçu reste dans l'onglet : un rechargement le retrouve, avec la même clé.
  const remettre = () => {
    const dues = [...(enCours ? [enCours] : []), ...attente.values()];
    try {
      if (dues.length) sessionStorage.setItem(REMISE, JSON.stringify(dues));
      else sessionStorage.removeItem(REMISE);
    } catch { /* stockage plein ou refusé : la page elle-même garde la réponse */ }
  };

  const differer = (nom, delai) => {
    clearTimeout(minuteurs.get(nom));
    minuteurs.set(nom, setTimeout(() => mettre(nom), delai));
  };
  const mettre = (nom) => {
    clearTimeout(minuteurs.get(nom));
    minuteurs.delete(nom);
    if (arrete) return;
    attente.delete(nom);
    attente.set(nom, { champ: nom, valeur: valeurs(nom), cle: cle() });
    remettre();
    partir();
  };

  async function partir() {
    if (enCours || arrete || !attente.size) return;
    const [nom, due] = attente.entries().next().value;
    attente.delete(nom);
    due.version ??= versions[nom] ?? 0;
    enCours = due;
    remettre();
    const corps = new URLSearchParams({ champ: nom, version: due.version, cle: due.cle });
    corps.append("csrfmiddlewaretoken", formulaire.elements.csrfmiddlewaretoken.value);
    for (const valeur of due.valeur) corps.append("valeur", valeur);
    let reponse;
    try {
      reponse = await fetch(adresse, { method: "POST", body: corps, headers: { "HX-Request": "true" }, redirect: "manual", signal: coupure.signal, keepalive: corps.toString().length < 60000 });
    } catch {
      if (coupure.signal.aborted) return;
      return reessayer(due, "le réseau manque");
    }
    if (reponse.status >= 500) return reessayer(due, "le service ne répond pas");
    essais = 0;
    if (reponse.status === 401 || reponse.type === "opaqueredirect") return reconnecter(due);
    if (reponse.status === 403 && !due.relancee) {
      if (await jetonNeuf()) return reprendre({ ...due, relancee: true });
      if (partie) return reconnecter(due);
    }
    // Lue avant de libérer la file : une frappe pendant la lecture partirait avec l'ancien rang.
    const lu = /json/.test(reponse.headers.get("content-type") || "") ? await reponse.json().catch(() => null) : null;
    if (coupure.signal.aborted) return;
    if (reponse.ok && !lu) return reessayer(due, "la réponse du service s'est perdue");
    enCours = null;
    if (reponse.ok) recue(due, lu);
    else if (reponse.status === 409 && lu) diverger(due, lu);
    else return refuser(due);
    remettre();
    partir();
  }

  // La place d'une réponse qu'on n'a pas pu envoyer : devant les autres, sauf si une plus récente l'a remplacée.
  const reprendre = (due) => {
    enCours = null;
    const suivantes = [...attente.entries()];
    const plusRecente = attente.get(due.champ);
    attente.clear();
    attente.set(due.champ, due);
    for (const [nom, suivante] of suivantes) if (nom !== due.champ) attente.set(nom, suivante);
    if (plusRecente) minuteurs.set(due.champ, setTimeout(() => mettre(due.champ), 0));
    remettre();
    partir();
  };
  function reessayer(due, pourquoi) {
    enCours = null;
    if (!attente.has(due.champ)) attente.set(due.champ, due);
    remettre();
    const delai = Math.min(60, 4 * 2 ** essais++);
    dire(`Non enregistré : ${pourquoi}. Nouvel essai dans ${delai} s. Gardez cette page ouverte.`, { fort: essais === 1 });
    setTimeout(partir, delai * 1000);
  }
  addEventListener("online", () => { essais = 0; partir(); });

  function recue(due, { version, heure, erreur, lectures }) {
    versions[due.champ] = Math.max(versions[due.champ] ?? 0, version);
    lues.value = JSON.stringify(versions);
    signaler(due.champ, erreur, lectures);
    formulaire.dispatchEvent(new CustomEvent("saisie:recue", { detail: due.champ }));
    if (erreur) return dire(`Gardé à ${heure}, à corriger : la réponse n'est pas comprise.`);
    dire(attente.size ? "Enregistrement…" : `Enregistré à ${heure}.`, { fort: !annonceFaite });
    annonceFaite = true;
  }
  function refuser(due) {
    arrete = true;
    attente.set(due.champ, due);
    remettre();
    dire("Non enregistré : cette page ne peut plus être modifiée. Rechargez-la pour savoir pourquoi.", { fort: true });
  }

  const creer = (balise, classe, texte) => {
    const element = document.createElement(balise);
    if (classe) element.className = classe;
    if (texte !== undefined) element.textContent = texte;
    return element;
  };
  const cadre = (nom) => boites(nom)[0]?.closest(".champ, .groupe") || formulaire;

  // L'erreur d'une réponse, sous sa question, comme le serveur l'écrirait.
  function signaler(nom, phrase, lectures = []) {
    const lieu = cadre(nom);
    lieu.querySelectorAll(":scope > .erreurs, :scope > .lectures").forEach((e) => e.remove());
    lieu.classList.toggle("champ--erreur", Boolean(phrase));
    for (const boite of boites(nom)) {
      if (phrase) boite.setAttribute("aria-invalid", "true");
      else boite.removeAttribute("aria-invalid");
    }
    if (!phrase) return;
    const zone = creer("div", "erreurs");
    zone.append(creer("p", "erreur", phrase));
    const premiere = lieu.querySelector("label, legend");
    premiere ? premiere.after(zone) : lieu.prepend(zone);
    if (lectures.length) zone.after(choisir(nom, lectures));
  }

  // Un montant qui se lit de deux façons : un bouton par lecture.
  function choisir(nom, lectures) {
    const choix = creer("p", "actions lectures");
    for (const lecture of lectures) {
      const bouton = creer("button", "bouton bouton--second", `${lecture}\u00a0€`);
      bouton.type = "button";
      bouton.addEventListener("click", () => {
        poser(nom, [lecture]);
        mettre(nom);
        boites(nom)[0]?.focus();
      });
      choix.append(bouton);
    }
    return choix;
  }

  // Deux valeurs pour une réponse : les deux se montrent, la personne choisit.
  function diverger(due, { version, autre, autre_lue: lue, par, heure }) {
    const lieu = cadre(due.champ);
    lieu.querySelector(":scope > .divergence")?.remove();
    const zone = creer("div", "divergence");
    zone.setAttribute("role", "group");
    zone.append(creer("p", "divergence__mot", `${par} a écrit autre chose à ${heure} :`), creer("blockquote", "", lue));
    const garder = creer("button", "bouton bouton--second", "Garder la mienne");
    const prendre = creer("button", "bouton bouton--second", `Prendre celle de ${heure}`);
    garder.type = prendre.type = "button";
    garder.addEventListener("click", () => {
      versions[due.champ] = version;
      zone.remove();
      mettre(due.champ);
      boites(due.champ)[0]?.focus();
    });
    prendre.addEventListener("click", () => {
      versions[due.champ] = version;
      lues.value = JSON.stringify(versions);
      zone.remove();
      poser(due.champ, autre);
      dire(`Vous avez pris la réponse de ${heure}.`, { fort: true });
      boites(due.champ)[0]?.focus();
    });
    const actions = creer("div", "actions");
    actions.append(garder, prendre);
    zone.append(actions);
    lieu.append(zone);
    dire("Deux réponses différentes : choisissez laquelle garder.", { fort: true });
  }
  function poser(nom, liste) {
    for (const boite of boites(nom)) {
      if (boite.type === "checkbox" || boite.type === "radio") boite.checked = liste.includes(boite.value);
      else boite.value = liste[0] ?? "";
    }
    boites(nom)[0]?.dispatchEvent(new CustomEvent("change", { bubbles: true, detail: "prise" }));
  }

  // Session perdue : on se reconnecte sans quitter la page, et la file repart.
  async function reconnecter(due) {
    reprendreSansPartir(due);
    arrete = true;
    dire("Non enregistré : votre session a expiré. Reconnectez-vous, rien n'est perdu.", { fort: true });
    const porte = await lire("/connexion/");
    const entree = porte?.querySelector("form [name=password]")?.form;
    if (!entree) return;
    const dialogue = creer("dialog", "dialogue");
    const titre = creer("h2", "dialogue__titre", "Votre session a expiré");
    titre.id = "session-titre";
    dialogue.setAttribute("aria-labelledby", titre.id);
    const passage = creer("form");
    passage.append(creer("p", "", "Reconnectez-vous pour continuer. Ce que vous avez écrit est toujours dans la page."));
    passage.append(boite("login", "Votre courriel", "email", "username"), boite("password", "Votre mot de passe", "password", "current-password"));
    const refus = creer("p", "erreur");
    refus.setAttribute("role", "alert");
    const bouton = creer("button", "bouton", "Se reconnecter");
    passage.append(refus, bouton);
    passage.addEventListener("submit", async (evenement) => {
      evenement.preventDefault();
      bouton.setAttribute("aria-busy", "true");
      const corps = new URLSearchParams(new FormData(passage));
      corps.append("csrfmiddlewaretoken", entree.elements.csrfmiddlewaretoken.value);
      await fetch("/connexion/", { method: "POST", body: corps }).catch(() => null);
      bouton.removeAttribute("aria-busy");
      if (await jetonNeuf()) {
        arrete = false;
        dialogue.close();
        dialogue.remove();
        dire("Vous êtes reconnectée. Enregistrement…", { fort: true });
        partir();
      } else {
        refus.textContent = "L'adresse et le mot de passe ne vont pas ensemble. Vérifiez-les, puis recommencez.";
      }
    });
    dialogue.append(titre, passage);
    document.body.append(dialogue);
    dialogue.showModal();
  }
  const reprendreSansPartir = (due) => {
    enCours = null;
    if (!attente.has(due.champ)) attente.set(due.champ, due);
    remettre();
  };
  const boite = (nom, libelle, type, remplissage) => {
    const champ = creer("div", "champ");
    const etiquette = creer("label", "", libelle);
    const zone = creer("input");
    Object.assign(zone, { name: nom, type, id: `session-${nom}`, autocomplete: remplissage, required: true });
    etiquette.htmlFor = zone.id;
    champ.append(etiquette, zone);
    return champ;
  };
  let partie = false;
  const lire = async (chemin) => {
    try {
      const reponse = await fetch(chemin, { headers: { Accept: "text/html" } });
      partie = reponse.redirected && new URL(reponse.url).pathname === "/connexion/";
      return new DOMParser().parseFromString(await reponse.text(), "text/html");
    } catch {
      return null;
    }
  };
  // Vrai si la page redonne un jeton : la personne est connectée, le formulaire le reprend.
  async function jetonNeuf() {
    const page = await lire(formulaire.getAttribute("action"));
    const neuf = page?.querySelector("form[data-saisie] [name=csrfmiddlewaretoken]")?.value;
    if (!neuf) return false;
    for (const jeton of document.querySelectorAll("[name=csrfmiddlewaretoken]")) jeton.value = neuf;
    return true;
  }

  formulaire.addEventListener("input", (evenement) => {
    const nom = evenement.target.name;
    if (!nom || IGNORES.has(nom) || nom.startsWith("divergence:") || evenement.target.type === "file") return;
    dire("Pas encore enregistré.");
    differer(nom, 800);
  });
  formulaire.addEventListener("change", (evenement) => {
    const nom = evenement.target.name;
    if (evenement.detail === "prise" || !nom || IGNORES.has(nom) || nom.startsWith("divergence:") || evenement.target.type === "file") return;
    if (minuteurs.has(nom) || /checkbox|radio|select/.test(evenement.target.type)) mettre(nom);
  });
  // Le formulaire entier part : lui seul parle désormais, avec les versions lues. Une réponse encore en route
  // est attendue, dix secondes au plus : sans son rang, la page se croirait en conflit avec elle-même. Passé ce
  // temps on cesse de l'écouter : arrivée après le formulaire, elle serait refusée sans que personne y puisse rien.
  formulaire.addEventListener("submit", (evenement) => {
    arrete = true;
    for (const minuteur of minuteurs.values()) clearTimeout(minuteur);
    minuteurs.clear();
    attente.clear();
    sessionStorage.removeItem(REMISE);
    if (!enCours) return;
    evenement.preventDefault();
    dire("Enregistrement…");
    const bouton = evenement.submitter;
    const limite = Date.now() + 10000;
    const repartir = () => {
      if (enCours && Date.now() < limite) return setTimeout(repartir, 50);
      if (enCours) coupure.abort();
      enCours = null;
      formulaire.requestSubmit(bouton || undefined);
    };
    repartir();
  });
  // Des questions arrivées après la page (une ville à contacter) : leurs rangs, sans toucher à ceux déjà lus.
  formulaire.addEventListener("saisie:rangs", (evenement) => {
    for (const [nom, rang] of Object.entries(evenement.detail)) versions[nom] ??= rang;
    lues.value = JSON.stringify(versions);
  });
  // On quitte la page avant les 800 ms : ce qui attendait part tout de suite.
  addEventListener("pagehide", () => { for (const nom of [...minuteurs.keys()]) mettre(nom); });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) for (const nom of [...minuteurs.keys()]) mettre(nom);
  });

  addEventListener("pageshow", (evenement) => { if (evenement.persisted) location.reload(); });

  // Au retour dans l'onglet : ce qui n'était pas parti reprend sa place et sa clé.
  try {
    for (const due of JSON.parse(sessionStorage.getItem(REMISE) || "[]")) {
      if (!boites(due.champ).length) continue;
      poser(due.champ, due.valeur);
      attente.set(due.champ, due);
    }
  } catch { sessionStorage.removeItem(REMISE); }
  if (attente.size) {
    dire("Enregistrement de ce qui n'était pas encore parti…");
    partir();
  }
})();
