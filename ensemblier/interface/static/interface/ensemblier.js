// Ce que la page gagne avec JavaScript. Sans lui, tout formulaire part et toute page se lit.
(() => {
  "use strict";
  const annonce = (texte) => {
    const zone = document.getElementById("annonce");
    if (zone) zone.textContent = texte;
  };

  // Thème : clair, sombre, comme l'appareil.
  const choix = document.querySelector("[data-theme-choix]");
  if (choix) {
    choix.hidden = false;
    const actuel = document.documentElement.dataset.theme || "appareil";
    for (const bouton of choix.querySelectorAll("input")) {
      bouton.checked = bouton.value === actuel;
      bouton.addEventListener("change", () => {
        if (bouton.value === "appareil") delete document.documentElement.dataset.theme;
        else document.documentElement.dataset.theme = bouton.value;
        try {
          if (bouton.value === "appareil") localStorage.removeItem("theme");
          else localStorage.setItem("theme", bouton.value);
        } catch { /* le choix vaut pour cette page */ }
      });
    }
  }

  // Raccourcis d'une seule touche : chacun peut s'en passer (WCAG 2.1.4).
  const cadre = document.querySelector("[data-raccourcis-choix]");
  if (cadre) {
    cadre.hidden = false;
    const coche = cadre.querySelector("input");
    coche.checked = document.documentElement.dataset.raccourcis !== "non";
    coche.addEventListener("change", () => {
      if (coche.checked) delete document.documentElement.dataset.raccourcis;
      else document.documentElement.dataset.raccourcis = "non";
      try {
        if (coche.checked) localStorage.removeItem("raccourcis");
        else localStorage.setItem("raccourcis", "non");
      } catch { /* le choix vaut pour cette page */ }
    });
  }

  // Dialogues : data-dialogue="id" ouvre, data-fermer ferme, Échap revient.
  document.addEventListener("click", (evenement) => {
    const bouton = evenement.target.closest("[data-dialogue], [data-fermer]");
    if (!bouton) return;
    if (bouton.dataset.dialogue) {
      const dialogue = document.getElementById(bouton.dataset.dialogue);
      if (dialogue && dialogue.showModal) {
        evenement.preventDefault();
        dialogue.showModal();
      }
    } else {
      const dialogue = bouton.closest("dialog");
      if (dialogue) {
        evenement.preventDefault();
        dialogue.close();
      }
    }
  });

  // Un formulaire part une fois : le bouton dit « Enregistrement… », jamais désactivé avant l'envoi.
  document.addEventListener("submit", (evenement) => {
    const formulaire = evenement.target;
    if (formulaire.method !== "post" || evenement.defaultPrevented) return;
    if (formulaire.dataset.envoye) {
      evenement.preventDefault();
      return;
    }
    const question = formulaire.dataset.confirmation;
    if (question && !formulaire.dataset.confirme) {
      evenement.preventDefault();
      confirmer(formulaire, evenement.submitter, question);
      return;
    }
    if (formulaire.matches("[hx-post], [hx-put], [hx-patch], [hx-delete]")) return;
    formulaire.dataset.envoye = "oui";
    const bouton = evenement.submitter;
    if (bouton && bouton.tagName === "BUTTON") {
      bouton.setAttribute("aria-busy", "true");
      bouton.dataset.libelle = bouton.textContent;
      setTimeout(() => {
        if (formulaire.dataset.envoye) bouton.textContent = bouton.dataset.attente || "Enregistrement…";
      }, 300);
    }
  });
  addEventListener("pageshow", (evenement) => {
    if (!evenement.persisted) return;
    for (const formulaire of document.querySelectorAll("form[data-envoye]")) {
      delete formulaire.dataset.envoye;
      for (const bouton of formulaire.querySelectorAll("[aria-busy]")) {
        bouton.removeAttribute("aria-busy");
        if (bouton.dataset.libelle) bouton.textContent = bouton.dataset.libelle;
      }
    }
  });

  const creer = (balise, classe, texte) => {
    const element = document.createElement(balise);
    if (classe) element.className = classe;
    if (texte) element.textContent = texte;
    return element;
  };
  function confirmer(formulaire, bouton, question) {
    const dialogue = creer("dialog", "dialogue");
    const titre = creer("h2", "dialogue__titre", formulaire.dataset.titre || "Confirmer");
    titre.id = "confirmation-titre";
    dialogue.setAttribute("aria-labelledby", titre.id);
    const actions = creer("div", "actions");
    const oui = creer("button", "bouton", bouton ? bouton.textContent.trim() : "Continuer");
    const non = creer("button", "bouton bouton--second", "Revenir");
    oui.type = non.type = "button";
    oui.addEventListener("click", () => {
      formulaire.dataset.confirme = "oui";
      dialogue.close();
      formulaire.requestSubmit(bouton || undefined);
    });
    non.addEventListener("click", () => dialogue.close());
    dialogue.addEventListener("close", () => {
      dialogue.remove();
      if (bouton) bouton.focus();
    });
    actions.append(oui, non);
    dialogue.append(titre, creer("p", "", question), actions);
    document.body.append(dialogue);
    dialogue.showModal();
    non.focus();
  }

  // Erreurs : le résumé reçoit le focus, à l'arrivée comme après un échange htmx.
  const viser = (racine) => {
    const resume = racine.querySelector("[data-resume-erreurs]");
    if (resume) resume.focus();
  };
  viser(document);
  document.addEventListener("htmx:afterSwap", (evenement) => viser(evenement.target));
  document.addEventListener("htmx:responseError", () => annonce("Non enregistré : le service a répondu par une erreur. Réessayez."));
  document.addEventListener("htmx:sendError", () => annonce("Non enregistré : le réseau manque. Réessayez."));

  // Réseau, compteurs, raccourci « / », menus refermés par Échap.
  const bande = document.getElementById("hors-connexion");
  const reseau = () => { if (bande) bande.hidden = navigator.onLine; };
  addEventListener("online", reseau);
  addEventListener("offline", reseau);
  const compter = (boite) => {
    const compteur = document.querySelector(`[data-compteur="${boite.id}"]`);
    if (compteur) compteur.textContent = `${boite.value.length} caractères sur ${compteur.dataset.maximum}.`;
  };
  document.addEventListener("input", (evenement) => {
    if (evenement.target.matches("textarea[id]")) compter(evenement.target);
  });
  document.addEventListener("keydown", (evenement) => {
    if (evenement.key === "Escape") {
      for (const menu of document.querySelectorAll("details.menu[open], details.compte[open]")) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    }
    const permis = document.documentElement.dataset.raccourcis !== "non";
    if (permis && evenement.key === "/" && !evenement.target.closest("input, textarea, select, [contenteditable]")) {
      const recherche = [...document.querySelectorAll("[data-raccourci='/']")].find((e) => e.offsetParent);
      if (recherche) {
        evenement.preventDefault();
        recherche.focus();
      }
    }
  });
})();
