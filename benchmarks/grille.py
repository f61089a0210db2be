"""Ce qu'attend une personne devant le tableau de programmation, à 205 et 2 000 lignes, dans un vrai Chromium.

Une démonstration est construite, puis les dossiers recevables de l'AAP 2026 y sont recopiés jusqu'à la taille
voulue, volets ouverts : chaque ligne a une case à écrire. Le serveur est celui de la production. Mesuré :

- première peinture utile : la première ligne du tableau est à l'écran et se lit (deux images après) ;
- prête au clavier, puis complète : toutes les lignes sont dans la page ;
- case confirmée : d'Entrée à la ligne rendue par le service, l'acte fait et chaîné ;
- vue par un autre : d'Entrée chez l'une à la case changée chez l'autre ;
- axe : les fautes de la page.

Commande : python benchmarks/grille.py [--base postgresql|sqlite] [--tailles 205,2000] [--fois 10]
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median

from liste import PAS, _construire, base_jetable, grossir, ouvrir_session, requetes
from playwright.sync_api import Browser, Page, sync_playwright

RACINE = Path(__file__).resolve().parent.parent

APPEL = "aap-2026"
CHEMIN = f"/programmation/{APPEL}/"
BUTS = {205: 1000, 2000: 1500}
CASE = 100
PEINTURE = """
window.mesure = {};
const guetter = () => {
  if (document.querySelector('tbody tr[data-l] td.n')) {
    requestAnimationFrame(() => requestAnimationFrame((t) => { window.mesure.peinture = t; }));
  } else requestAnimationFrame(guetter);
};
requestAnimationFrame(guetter);
"""
CONFIRMER = """async ([nom, montant]) => {
  const boite = document.querySelector(`[aria-label="${nom}"]`);
  const case_ = boite.closest('td');
  case_.dispatchEvent(new PointerEvent('pointerdown', {bubbles: true}));
  const frapper = (key) => document.activeElement.dispatchEvent(
    new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
  frapper(montant[0]);
  document.activeElement.value = montant;
  const avant = boite.dataset.n, nomDeBoite = boite.name;
  const debut = performance.now();
  frapper('Enter');
  return new Promise((rendre, casser) => {
    const guetter = () => {
      const lue = document.querySelector(`[name="${nomDeBoite}"]`);
      if (lue.getAttribute('aria-invalid')) casser(new Error(document.querySelector('tr.refus').textContent));
      else if (lue.dataset.n !== avant) rendre(performance.now() - debut);
      else setTimeout(guetter, 1);
    };
    guetter();
  });
}"""


def _chromium() -> str:
    chemin = shutil.which("chromium") or shutil.which("chromium-headless-shell")
    if not chemin:
        raise SystemExit("Chromium est absent : installez-le (apt-get install chromium), puis relancez.")
    return chemin


def preparer(taille: int) -> int:
    """Les dossiers recevables de l'appel, recopiés ; leurs volets redeviennent proposables, à zéro."""
    from ensemblier.appels.models import Appel
    from ensemblier.dossiers.etats import RECEVABLE, SOLLICITEE
    from ensemblier.dossiers.models import Demande, Dossier

    siens = Dossier.objects.filter(appel__code=APPEL, etat=RECEVABLE)
    appel = Appel.objects.values_list("pk", flat=True).get(code=APPEL)
    par_copie = siens.filter(pk__lt=PAS).count()
    entiere = -(-taille // par_copie) * par_copie
    grossir(entiere, entiere, seuls=f"etat = '{RECEVABLE}' AND appel_id = {appel}")
    en_trop = list(siens.order_by("-pk").values_list("pk", flat=True)[: max(0, siens.count() - taille)])
    _ecarter(en_trop)
    Demande.objects.filter(dossier__in=siens.values("pk")).update(propose=None, version=0)
    from django.db import connection

    with connection.cursor() as curseur:
        curseur.execute(
            "UPDATE dossiers_demande SET etat = %s WHERE dossier_id IN (SELECT d.id FROM dossiers_dossier d "
            "JOIN appels_appel a ON a.id = d.appel_id WHERE a.code = %s AND d.etat = %s)",
            [SOLLICITEE, APPEL, RECEVABLE],
        )
    return siens.count()


def _ecarter(cles: list[int]) -> None:
    """Hors de la liste : retirés, sans acte, dans une base qui ne sert qu'à mesurer."""
    from django.db import connection

    if cles:
        liste = ",".join(map(str, cles))
        with connection.cursor() as curseur:
            curseur.execute(f"UPDATE dossiers_dossier SET etat = 'retire' WHERE id IN ({liste})")


@contextmanager
def servir(processus: int) -> Iterator[str]:
    """La démonstration servie comme `ensemblier demo` (granian), sur la base de l'environnement."""
    with socket.socket() as prise:
        prise.bind(("127.0.0.1", 0))
        port = prise.getsockname()[1]
    adresse = f"http://localhost:{port}"
    commande = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
        "--workers", str(processus), "--blocking-threads", "4", "--no-ws", "config.wsgi:application",
    ]  # fmt: skip
    environnement = os.environ | {"ENSEMBLIER_DEMONSTRATION": "1", "ENSEMBLIER_ADRESSE": adresse}
    with tempfile.TemporaryFile() as sortie:
        serveur = subprocess.Popen(commande, env=environnement, cwd=RACINE, stdout=sortie, stderr=sortie)
        try:
            for _ in range(300):
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
                    break
                time.sleep(0.2)
            yield adresse
        finally:
            serveur.terminate()
            serveur.wait(timeout=20)


def ouvrir(navigateur: Browser, adresse: str, session: str) -> Page:
    """Une fenêtre de bureau neuve, connectée, au cache vide."""
    contexte = navigateur.new_context(viewport={"width": 1366, "height": 900}, locale="fr-FR")
    contexte.set_default_timeout(120_000)
    contexte.add_cookies([{"name": "sessionid", "value": session, "url": adresse}])
    page = contexte.new_page()
    page.add_init_script(PEINTURE)
    return page


def attendre_toutes(page: Page, lignes: int) -> None:
    """La politique de contenu interdit d'évaluer du texte dans la page : on attend par sélecteur."""
    page.wait_for_selector(f"tbody > tr[data-l]:nth-child({lignes})", state="attached")


def une_visite(navigateur: Browser, adresse: str, session: str, lignes: int) -> tuple[float, float, float]:
    """Peinture utile, prête au clavier, complète : en millisecondes depuis la demande."""
    page = ouvrir(navigateur, adresse, session)
    debut = time.perf_counter()
    page.goto(adresse + CHEMIN, wait_until="commit")
    page.wait_for_selector("form[data-grille=prete]", state="attached")
    prete = (time.perf_counter() - debut) * 1000
    attendre_toutes(page, lignes)
    complete = (time.perf_counter() - debut) * 1000
    peinture = page.evaluate("window.mesure.peinture")
    page.context.close()
    return peinture, prete, complete


def ecrire(page: Page, fois: int, *, depuis: int) -> list[float]:
    """Autant de cases différentes, réparties dans le tableau, l'une après l'autre, de `depuis` euros."""
    noms = page.eval_on_selector_all("td.m input", "bs => bs.map((b) => b.getAttribute('aria-label'))")
    pas = max(1, len(noms) // fois)
    return [
        page.evaluate(CONFIRMER, [nom, str(depuis + rang)]) for rang, nom in enumerate(noms[::pas][:fois])
    ]


def vue_par_un_autre(une: Page, autre: Page) -> float:
    """D'Entrée chez l'une à la case changée chez l'autre, en secondes ; la sonde passe toutes les 3 s."""
    nom = une.eval_on_selector("td.m input", "b => b.getAttribute('aria-label')")
    une.evaluate(CONFIRMER, [nom, "77"])
    debut = time.perf_counter()
    autre.wait_for_selector(f'[aria-label="{nom}"][value="77"]', state="attached")
    return time.perf_counter() - debut


def fautes_d_axe(page: Page) -> int:
    from axe_playwright_python.sync_playwright import Axe

    return len(Axe().run(page).response["violations"])


def une_taille(navigateur: Browser, adresse: str, sessions: list[str], lignes: int, fois: int) -> None:
    une_visite(navigateur, adresse, sessions[0], lignes)  # le serveur s'échauffe
    visites = [une_visite(navigateur, adresse, sessions[0], lignes) for _ in range(fois)]
    peinture, prete, complete = (median(v) for v in zip(*visites, strict=True))
    but = next((ms for n, ms in BUTS.items() if lignes <= n), BUTS[2000])
    print(
        f"première peinture utile   {peinture:6.0f} ms  {'tient' if peinture <= but else 'DÉPASSE'} ({but})"
    )
    print(f"prête au clavier          {prete:6.0f} ms\ntoutes les lignes         {complete:6.0f} ms")
    une, autre = (ouvrir(navigateur, adresse, s) for s in sessions)
    for page in (une, autre):
        page.goto(adresse + CHEMIN)
        attendre_toutes(page, lignes)
    ecrire(une, 3, depuis=100)
    durees = sorted(ecrire(une, fois * 2, depuis=200))
    tient = "tient" if median(durees) <= CASE else "DÉPASSE"
    etendue = f"de {durees[0]:.0f} à {durees[-1]:.0f}"
    print(f"case confirmée            {median(durees):6.0f} ms  {tient} ({CASE}) ; {etendue}")
    print(f"vue par un autre          {vue_par_un_autre(une, autre):6.1f} s")
    print(f"axe                       {fautes_d_axe(une):6} faute")
    for page in (une, autre):
        page.context.close()


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--base", choices=("postgresql", "sqlite"), default="postgresql")
    arguments.add_argument("--tailles", default="205,2000")
    arguments.add_argument("--fois", type=int, default=10)
    arguments.add_argument("--processus", type=int, default=2)
    dits = arguments.parse_args()
    with tempfile.TemporaryDirectory() as dossier, base_jetable(dits.base, Path(dossier) / "var"):
        import django

        django.setup()
        _construire()
        print(f"{platform.machine()}, {os.cpu_count()} cœurs, {dits.base}, charge {os.getloadavg()[0]:.1f}")
        sessions = [ouvrir_session(f"{qui}@call.example") for qui in ("benoit", "rose")]
        for taille in map(int, dits.tailles.split(",")):
            lignes = preparer(taille)
            from django.db import connections

            print(f"\n{lignes} lignes, {requetes(CHEMIN, 'benoit@call.example')} requêtes")
            connections.close_all()
            with servir(dits.processus) as adresse, sync_playwright() as outil:
                navigateur = outil.chromium.launch(executable_path=_chromium(), args=["--disable-gpu"])
                une_taille(navigateur, adresse, sessions, lignes, dits.fois)
                navigateur.close()


if __name__ == "__main__":
    main()
