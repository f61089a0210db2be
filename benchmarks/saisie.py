"""Ce que cinquante personnes qui écrivent en même temps attendent de « Enregistré à 21:04 ».

Chacune a son compte, son organisme, son brouillon, sa session, et enregistre comme `saisie.js` : une réponse
à la fois, avec sa clé et la version lue, sur la même liaison. Le serveur est celui de la production (granian,
un processus, quatre fils), sur une copie de la démonstration et sa base SQLite. Deux allures : celle d'une
soirée (une réponse toutes les cinq secondes chacune), puis sans reprendre son souffle.

À la fin chaque réponse confirmée est relue dans la base : une seule qui manque est une faute.

Commande : python benchmarks/saisie.py [--var DOSSIER_D_UNE_DEMONSTRATION] [--ecrivains 50] [--secondes 20]
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import random
import re
import shutil
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import uuid4

from premiere_visite import construire, servir

APPEL, ETAPE, PAUSE_S = "ami-du-jour", "action", 5.0
CHAMPS = ("intitule", "objectifs", "description")
FORME = {"Content-Type": "application/x-www-form-urlencoded", "HX-Request": "true"}


@dataclass
class Ecrivain:
    """Une personne devant son brouillon : ce qu'elle a envoyé, ce qui lui fut confirmé."""

    numero: str
    session: str
    versions: dict[str, int] = field(default_factory=dict)
    jeton: str = ""
    temoin: str = ""
    confirmees: dict[str, str] = field(default_factory=dict)
    durees: list[float] = field(default_factory=list)
    issues: Counter[str] = field(default_factory=Counter)
    champs: list[str] = field(default_factory=list)
    liaison: http.client.HTTPConnection | None = None

    @property
    def entetes(self) -> dict[str, str]:
        temoins = f"__Host-session={self.session}; __Host-csrf={self.temoin}"
        return {
            "Host": "ensemblier.example", "Cookie": temoins, "X-Forwarded-Proto": "https",
            "Origin": "https://ensemblier.example", "Referer": "https://ensemblier.example/",
        }  # fmt: skip

    def demander(self, methode: str, chemin: str, corps: str = "") -> tuple[int, str, Any]:
        self.liaison.request(methode, chemin, corps or None, self.entetes | (FORME if corps else {}))
        reponse = self.liaison.getresponse()
        return reponse.status, reponse.read().decode(), reponse.headers

    def ouvrir(self, adresse: str) -> None:
        """Lit la page : le jeton, les versions, les questions qu'elle pose."""
        hote = urlsplit(adresse)
        self.liaison = http.client.HTTPConnection(hote.hostname, hote.port, timeout=60)
        code, page, entetes = self.demander("GET", f"/dossiers/{self.numero}/{ETAPE}/")
        if code != http.client.OK:
            raise RuntimeError(f"la page du brouillon répond {code} : {page[:300]}")
        self.temoin = re.search(r"__Host-csrf=([^;]+)", str(entetes.get_all("Set-Cookie")))[1]
        self.jeton = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        self.champs = [nom for nom in CHAMPS if f'name="{nom}"' in page]
        if not self.champs:
            raise RuntimeError(f"la page ne pose plus ces questions : {CHAMPS}")

    def ecrire(self, rang: int) -> None:
        champ = self.champs[rang % len(self.champs)]
        valeur = f"Réponse {rang} de {self.numero}"
        corps = urlencode({
            "champ": champ, "valeur": valeur, "version": self.versions.get(champ, 0), "cle": uuid4().hex,
            "csrfmiddlewaretoken": self.jeton,
        })  # fmt: skip
        debut = time.perf_counter()
        try:
            code, lu, _ = self.demander("POST", f"/dossiers/{self.numero}/{ETAPE}/saisie/", corps)
        except (OSError, http.client.HTTPException) as panne:
            self.issues[type(panne).__name__] += 1
            self.liaison.close()
            return
        self.durees.append((time.perf_counter() - debut) * 1000)
        self.issues[str(code)] += 1
        if code == 200:
            self.versions[champ] = json.loads(lu)["version"]
            self.confirmees[champ] = valeur


def preparer(var: Path, combien: int) -> list[Ecrivain]:
    """Les comptes, les organismes, les brouillons et les sessions, par les actes de la maison."""
    from django.contrib.sessions.backends.db import SessionStore
    from django.utils import timezone

    from ensemblier.appels.models import Appel
    from ensemblier.comptes import actes as comptes
    from ensemblier.comptes.droits import acteur_de
    from ensemblier.dossiers import actes as dossiers

    appel, le, nes = Appel.objects.select_related("territoire").get(code=APPEL), timezone.now(), []
    for rang in range(combien):
        qui = comptes.creer_compte(
            courriel=f"ecrivain{rang}@mesure.example", mot_de_passe=None, prenom="Une", nom=f"Plume {rang}"
        )
        par = acteur_de(qui, appel.territoire, le=timezone.localdate(le))
        organisme = comptes.creer_organisme(
            utilisateur=qui, champs={"nom": f"Plume {rang}", "type": "association", "rna": f"W{rang:09d}"},
            fonction="présidente", mandat="représentante légale", par=par, le=le,
        )  # fmt: skip
        par = acteur_de(qui, appel.territoire, le=timezone.localdate(le))
        dossier = dossiers.creer(appel=appel, organisme=organisme, par=par, le=le)
        session = SessionStore()
        session["_auth_user_id"], session["_auth_user_hash"] = str(qui.pk), qui.get_session_auth_hash()
        session["_auth_user_backend"] = "allauth.account.auth_backends.AuthenticationBackend"
        session.save()
        nes.append(Ecrivain(dossier.numero, session.session_key))
    return nes


def courir(ecrivains: list[Ecrivain], secondes: float, pause: float) -> dict[str, Any]:
    """Tous ensemble, `secondes` durant ; rend les durées et les issues."""
    fin = time.monotonic() + secondes
    for e in ecrivains:
        e.durees, e.issues = [], Counter()

    def vivre(ecrivain: Ecrivain) -> None:
        time.sleep(random.uniform(0, pause))
        rang = sum(ecrivain.versions.values())
        while time.monotonic() < fin:
            ecrivain.ecrire(rang)
            rang += 1
            time.sleep(pause * random.uniform(0.5, 1.5))

    fils = [threading.Thread(target=vivre, args=(e,)) for e in ecrivains]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join()
    durees = sorted(d for e in ecrivains for d in e.durees)
    issues = sum((e.issues for e in ecrivains), Counter())
    return {"durees": durees, "issues": dict(issues), "debit": len(durees) / secondes}


def _resume(vu: dict[str, Any]) -> str:
    centiles, durees = quantiles(vu["durees"], n=100), vu["durees"]
    return f"p50 {centiles[49]:.0f} ms   p95 {centiles[94]:.0f} ms   max {durees[-1]:.0f} ms   {vu['issues']}"


def perdues(ecrivains: list[Ecrivain]) -> int:
    """Les réponses confirmées que la base n'a pas."""
    from ensemblier.dossiers.models import Saisie

    lues = set(Saisie.objects.values_list("dossier__numero", "champ", "valeur__0"))
    attendues = {(e.numero, champ, valeur) for e in ecrivains for champ, valeur in e.confirmees.items()}
    return len(attendues - lues)


def main() -> int:
    lecteur = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    lecteur.add_argument("--var", type=Path, default=None)
    lecteur.add_argument("--ecrivains", type=int, default=50)
    lecteur.add_argument("--secondes", type=float, default=20.0)
    args = lecteur.parse_args()
    with tempfile.TemporaryDirectory() as lieu:
        copie = Path(lieu) / "var"
        if args.var:
            shutil.copytree(args.var, copie, ignore=shutil.ignore_patterns("cache", "courriels"))
        else:
            construire(copie)
        os.environ |= {
            "ENSEMBLIER_VAR": str(copie), "DJANGO_SETTINGS_MODULE": "config.settings",
            "ENSEMBLIER_CLE_SECRETE": "mesure-" * 10, "ENSEMBLIER_CLE_COFFRE": "coffre-" * 10,
            "ENSEMBLIER_HOTES": "ensemblier.example,127.0.0.1",
        }  # fmt: skip
        import django

        django.setup()
        ecrivains = preparer(copie, args.ecrivains)
        with servir(copie) as adresse:
            for ecrivain in ecrivains:
                ecrivain.ouvrir(adresse)
            machine = f"{os.cpu_count()} cœurs, charge {os.getloadavg()[0]:.1f}, {platform.machine()}"
            print(f"{args.ecrivains} personnes, SQLite, {machine}")
            fautes = 0
            for nom, pause in (("une réponse toutes les 5 s", PAUSE_S), ("sans pause", 0.0)):
                vu = courir(ecrivains, args.secondes, pause)
                print(f"{nom:27} {len(vu['durees']):5} réponses, {vu['debit']:5.1f}/s   {_resume(vu)}")
                fautes += sum(n for issue, n in vu["issues"].items() if issue != "200")
        absentes = perdues(ecrivains)
        print(f"réponses confirmées et absentes de la base : {absentes}")
    return 1 if fautes or absentes else 0


if __name__ == "__main__":
    sys.exit(main())
