// La liste de travail au clavier : j et k changent de ligne, x coche, Entrée ouvre, ? montre l'aide.
(() => {
  "use strict";
  const aide = document.getElementById("raccourcis");
  const bouton = document.querySelector("[data-dialogue='raccourcis']");
  if (bouton) bouton.hidden = false;

  const liens = () => [...document.querySelectorAll("#tableau-dossiers tbody a.ligne")];
  const ici = () => {
    const rang = document.activeElement && document.activeElement.closest("#tableau-dossiers tbody tr");
    return rang ? liens().indexOf(rang.querySelector("a.ligne")) : -1;
  };
  const aller = (pas) => {
    const lignes = liens();
    if (!lignes.length) return;
    const depuis = ici();
    const vers = depuis < 0 ? (pas > 0 ? 0 : lignes.length - 1) : depuis + pas;
    lignes[Math.max(0, Math.min(lignes.length - 1, vers))].focus();
  };
  const cocher = () => {
    const case_ = liens()[ici()]?.closest("tr").querySelector("input[type='checkbox']");
    if (case_) case_.click();
  };
  const GESTES = { j: () => aller(1), k: () => aller(-1), x: cocher, "?": () => aide && aide.showModal() };
  const ECRIT = "input:not([type='checkbox']), textarea, select, [contenteditable], dialog[open]";

  document.addEventListener("keydown", (evenement) => {
    const geste = GESTES[evenement.key];
    if (!geste || evenement.ctrlKey || evenement.altKey || evenement.metaKey || evenement.isComposing) return;
    if (document.documentElement.dataset.raccourcis === "non" || evenement.target.closest(ECRIT)) return;
    evenement.preventDefault();
    geste();
  });
})();
