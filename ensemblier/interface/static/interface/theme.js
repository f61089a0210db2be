// Le thème et les raccourcis choisis, posés avant le premier rendu ; le mot « js » dit que le script est là.
(() => {
  const racine = document.documentElement;
  racine.classList.add("js");
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "clair" || theme === "sombre") racine.dataset.theme = theme;
    if (localStorage.getItem("raccourcis") === "non") racine.dataset.raccourcis = "non";
  } catch { /* stockage refusé : le thème de l'appareil suffit */ }
})();
