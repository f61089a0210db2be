// Une pièce se glisse sur sa ligne, se choisit ou se photographie : elle part sans quitter la page, et repart
// si le réseau manque. La clé de l'envoi ne change pas : la maison n'enregistre qu'une fois.
// Plusieurs photos se rangent avant de partir (photos.js) ; la maison en fait un PDF.
(() => {
  "use strict";
  const lignes = () => document.querySelectorAll(".piece[data-envoi]");
  if (!lignes().length || !window.FormData) return;
  const POIDS = 20 * 1024 * 1024;
  const DELAIS = [2, 5, 10];
  const SILENCE = 45000;
  const TYPES = ".pdf,.png,.jpg,.jpeg,.docx,.odt";
  const enRoute = new Set();

  const creer = (balise, classe, texte) => {
    const element = document.createElement(balise);
    if (classe) element.className = classe;
    if (texte) element.textContent = texte;
    return element;
  };
  const bouton = (classe, texte, faire) => {
    const element = creer("button", `bouton ${classe}`, texte);
    element.type = "button";
    element.addEventListener("click", faire);
    return element;
  };
  const annoncer = (texte) => {
    const zone = document.getElementById("annonce");
    if (zone) zone.textContent = texte;
  };
  const mega = (octets) => (octets / 1048576).toLocaleString("fr-FR", { maximumFractionDigits: 1, minimumFractionDigits: 1 });
  const cle = () => crypto.randomUUID ? crypto.randomUUID() : `${Date.now()}-${Math.random().toString(36).slice(2)}`;
  const jeton = () => document.querySelector("[name=csrfmiddlewaretoken]")?.value || "";
  const lire = async () => new DOMParser().parseFromString(await (await fetch(location.href, { headers: { Accept: "text/html" } })).text(), "text/html");

  // « Ajouter » ouvre le choix ici, à la souris et au doigt ; au clavier, le lien mène à sa page.
  function equiper(ligne) {
    if (ligne.querySelector(".piece__envoi")) return;
    const libelle = ligne.dataset.libelle;
    const zone = creer("div", "piece__envoi");
    const choix = boite(TYPES);
    choix.multiple = true;
    const photo = boite("image/jpeg,image/png");
    photo.setAttribute("capture", "environment");
    const prendre = bouton("bouton--second piece__photo", "Prendre une photo", () => photo.click());
    prendre.append(creer("span", "visually-hidden", ` : ${libelle}`));
    ligne.querySelector(".piece__action a")?.addEventListener("click", (evenement) => {
      if (!evenement.detail || evenement.ctrlKey || evenement.metaKey || evenement.shiftKey) return;
      evenement.preventDefault();
      choix.click();
    });
    zone.append(creer("p", "piece__glisser", "Ou glissez le fichier, ou les photos, sur cette ligne."), prendre, choix, photo);
    ligne.append(zone);
    for (const entree of [choix, photo]) {
      entree.addEventListener("change", () => {
        const fichiers = [...entree.files];
        entree.value = "";
        if (fichiers.length) recueillir(ligne, fichiers, entree === photo && (() => photo.click()));
      });
    }
  }
  // Une photo prise, ou plusieurs choisies, se rangent d'abord ; un fichier seul part aussitôt.
  function recueillir(ligne, fichiers, encore) {
    if (ligne.dataset.enRoute) return dire(ligne, "Un envoi est déjà en cours sur cette ligne. Attendez sa fin.");
    const range = window.ranger && (encore || fichiers.length > 1);
    if (range && fichiers.every((fichier) => fichier.type.startsWith("image/"))) {
      return window.ranger({ ligne, fichiers, encore, creer, bouton, annoncer, partir: (pages) => proposer(ligne, pages) });
    }
    if (fichiers.length > 1) return refuser(ligne, "Un seul fichier par pièce, ou seulement des photos : elles deviennent un PDF. Choisissez de nouveau.");
    proposer(ligne, fichiers);
  }
  const boite = (accept) => {
    const entree = creer("input");
    Object.assign(entree, { type: "file", accept, hidden: true });
    return entree;
  };

  function proposer(ligne, fichiers) {
    const poids = fichiers.reduce((somme, fichier) => somme + fichier.size, 0);
    if (!fichiers.every((fichier) => fichier.size)) return refuser(ligne, "Ce fichier est vide. Vérifiez qu'il s'ouvre chez vous, puis ajoutez-le.");
    if (poids > POIDS) return refuser(ligne, `${fichiers.length > 1 ? "Ces photos font" : "Ce fichier fait"} ${mega(poids)} Mo : 20 Mo au plus. Enregistrez en qualité réduite, ou en plusieurs fois.`);
    const nom = fichiers.length > 1 ? `${fichiers.length} pages` : fichiers[0].name || "photo.jpg";
    const envoi = { ligne, fichiers, nom, cle: cle(), essais: 0 };
    ligne.dataset.enRoute = "oui";
    enRoute.add(envoi);
    partir(envoi);
  }

  // Ce que la ligne dit de son envoi : une phrase, une barre s'il avance, des boutons s'il attend.
  function dire(ligne, phrase, { avance, gestes = [], classe = "", fort = false } = {}) {
    let lieu = ligne.querySelector(".piece__suivi");
    if (!lieu) ligne.append(lieu = creer("div", "piece__suivi"));
    lieu.className = `piece__suivi ${classe}`;
    lieu.replaceChildren(creer("p", "", phrase));
    if (avance !== undefined) {
      const barre = creer("progress");
      barre.max = 100;
      barre.value = avance;
      barre.setAttribute("aria-label", `Envoi : ${ligne.dataset.libelle}`);
      lieu.append(barre);
    }
    if (gestes.length) {
      const actions = creer("p", "actions");
      actions.append(...gestes);
      lieu.append(actions);
    }
    if (fort) annoncer(`${ligne.dataset.libelle} : ${phrase}`);
  }
  const refuser = (ligne, phrase) => dire(ligne, phrase, { classe: "piece__suivi--refus", fort: true });

  function partir(envoi) {
    if (envoi.requete || !enRoute.has(envoi)) return;
    clearTimeout(envoi.minuteur);
    const { ligne, fichiers, nom } = envoi;
    const corps = new FormData();
    corps.append("csrfmiddlewaretoken", jeton());
    corps.append("cle", envoi.cle);
    corps.append("ordre", "choix");
    for (const fichier of fichiers) corps.append("fichier", fichier, fichier.name || "photo.jpg");
    const requete = envoi.requete = new XMLHttpRequest();
    let garde;
    const veiller = () => { clearTimeout(garde); garde = setTimeout(() => requete.abort(), SILENCE); };
    const finir = (suite) => () => { clearTimeout(garde); envoi.requete = null; suite(); };
    requete.open("POST", ligne.dataset.envoi);
    requete.setRequestHeader("Accept", "application/json");
    requete.setRequestHeader("HX-Request", "true");
    requete.upload.addEventListener("progress", ({ loaded, total }) => {
      veiller();
      const part = total ? Math.round(100 * loaded / total) : 0;
      dire(ligne, part < 100 ? `Envoi de « ${nom} » : ${part} % de ${mega(total)} Mo.` : fichiers.length > 1 ? "Photos envoyées, nous en faisons un PDF…" : "Fichier envoyé, nous le vérifions…", { avance: part });
    });
    requete.addEventListener("load", finir(() => juger(envoi, requete)));
    for (const panne of ["error", "abort"]) requete.addEventListener(panne, finir(() => reessayer(envoi)));
    dire(ligne, `Envoi de « ${nom} »…`, { avance: 0, fort: envoi.essais === 0 });
    veiller();
    requete.send(corps);
  }

  function juger(envoi, requete) {
    let recu = {};
    try { recu = JSON.parse(requete.responseText); } catch { /* une page d'erreur : son code suffit */ }
    if (requete.status === 200 && recu.phrase) return recevoir(envoi, recu.phrase);
    if (requete.status === 422 && recu.refus) return clore(envoi, () => refuser(envoi.ligne, recu.refus));
    if (requete.status >= 500 || requete.status === 0) return reessayer(envoi);
    if (requete.status === 401) {
      envoi.deconnecte = true;
      return attendre(envoi, "Votre session a expiré. Reconnectez-vous dans un autre onglet, puis revenez ici : le fichier est gardé, il repartira seul.", [ailleurs()]);
    }
    if (requete.status === 403 && !envoi.relance) {
      envoi.relance = true;
      return renouveler().then(() => partir(envoi), () => reessayer(envoi));
    }
    clore(envoi, () => refuser(envoi.ligne, "Cette pièce ne peut pas être ajoutée maintenant. Rechargez la page pour savoir pourquoi."));
  }
  const ailleurs = () => {
    const lien = creer("a", "bouton bouton--second", "Se reconnecter (nouvel onglet)");
    Object.assign(lien, { href: "/connexion/", target: "_blank", rel: "noopener" });
    return lien;
  };
  async function renouveler() {
    const neuf = (await lire()).querySelector("[name=csrfmiddlewaretoken]")?.value;
    if (neuf) for (const champ of document.querySelectorAll("[name=csrfmiddlewaretoken]")) champ.value = neuf;
  }

  function reessayer(envoi) {
    const delai = DELAIS[envoi.essais];
    envoi.essais += 1;
    if (delai === undefined || !navigator.onLine) {
      return attendre(envoi, "Envoi interrompu : le réseau manque. Le fichier est gardé dans cette page, il repartira au retour du réseau.");
    }
    dire(envoi.ligne, "Envoi interrompu, nouvel essai…", { classe: "piece__suivi--attente", fort: envoi.essais === 1 });
    envoi.minuteur = setTimeout(() => partir(envoi), delai * 1000);
  }
  function attendre(envoi, phrase, autres = []) {
    const encore = bouton("bouton--second", "Réessayer", () => reprendre(envoi));
    const laisser = bouton("bouton--texte", "Abandonner", () => clore(envoi, () => envoi.ligne.querySelector(".piece__suivi")?.remove()));
    dire(envoi.ligne, phrase, { gestes: [...autres, encore, laisser], classe: "piece__suivi--attente", fort: true });
  }
  function reprendre(envoi) {
    envoi.essais = 0;
    envoi.relance = envoi.deconnecte = false;
    renouveler().catch(() => null).then(() => partir(envoi));
  }
  // La personne revient de l'onglet où elle s'est reconnectée.
  addEventListener("focus", () => {
    for (const envoi of enRoute) if (envoi.deconnecte) reprendre(envoi);
  });
  addEventListener("online", () => {
    for (const envoi of enRoute) { envoi.essais = 0; partir(envoi); }
  });
  function clore(envoi, suite) {
    clearTimeout(envoi.minuteur);
    enRoute.delete(envoi);
    delete envoi.ligne.dataset.enRoute;
    suite();
  }

  // La ligne, le compte de ce qui reste et la marge se relisent ; les autres envois ne sont pas touchés.
  // L'annonce vient quand la ligne est à sa place : qui l'entend peut agir. Qui est déjà ailleurs y reste.
  async function recevoir(envoi, phrase) {
    clore(envoi, () => dire(envoi.ligne, phrase));
    const page = await lire().catch(() => null);
    if (page) replacer(envoi.ligne, page);
    annoncer(phrase);
  }
  const GESTES = "a, button";
  function replacer(ligne, page) {
    const pareille = [...page.querySelectorAll(".piece")].find((p) => p.querySelector("strong")?.textContent === ligne.dataset.libelle);
    const ici = ligne.closest("li");
    if (!pareille || !ici) return;
    const neuve = document.importNode(pareille.closest("li"), true);
    const tenu = document.activeElement;
    const dedans = ici.contains(tenu);
    const libre = dedans || tenu === document.body;
    ici.replaceWith(neuve);
    for (const nom of ["reste", "vivant"]) {
      const vieux = document.getElementById(nom);
      const neuf = page.getElementById(nom);
      if (vieux && neuf) vieux.replaceChildren(...[...neuf.childNodes].map((n) => document.importNode(n, true)));
    }
    for (const autre of neuve.querySelectorAll(".piece[data-envoi]")) equiper(autre);
    if (!libre) return;
    const meme = dedans && [...neuve.querySelectorAll(GESTES)].find((geste) => geste.textContent === tenu.textContent);
    neuve.tabIndex = -1;
    (meme || neuve).focus({ preventScroll: true });
  }

  // Glisser : la ligne survolée se voit ; lâché à côté, le fichier ne chasse pas la page.
  const porteUnFichier = (evenement) => [...(evenement.dataTransfer?.types || [])].includes("Files");
  const visee = (evenement) => evenement.target.closest?.("li")?.querySelector(".piece[data-envoi]");
  const marquer = (ligne) => { for (const autre of lignes()) autre.classList.toggle("piece--visee", autre === ligne); };
  document.addEventListener("dragover", (evenement) => {
    if (!porteUnFichier(evenement)) return;
    evenement.preventDefault();
    const ligne = visee(evenement);
    evenement.dataTransfer.dropEffect = ligne ? "copy" : "none";
    marquer(ligne);
  });
  document.addEventListener("dragleave", (evenement) => { if (!evenement.relatedTarget) marquer(null); });
  document.addEventListener("drop", (evenement) => {
    if (!porteUnFichier(evenement)) return;
    evenement.preventDefault();
    marquer(null);
    const ligne = visee(evenement);
    const fichiers = evenement.dataTransfer.files;
    if (!ligne || !fichiers.length) return;
    recueillir(ligne, [...fichiers], false);
  });
  addEventListener("beforeunload", (evenement) => { if (enRoute.size || document.querySelector(".piece__pages")) evenement.preventDefault(); });
  for (const ligne of lignes()) equiper(ligne);
})();
