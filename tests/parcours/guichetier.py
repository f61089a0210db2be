"""Un navigateur réduit à ses requêtes : il écrit un dossier sans relâche, et note ce qu'une page a confirmé.

Une réponse 200 ou 302 confirme. Une connexion qui casse ne confirme rien : la même demande, même clé, est
renvoyée quand le serveur revient, comme le fait une personne devant une page qui n'a pas répondu.
"""

from __future__ import annotations

import hashlib
import http.client
import re
import sqlite3
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from threading import Event
from uuid import uuid4

from ensemblier.demonstration.organismes import feuille_blanche

COUPEE = (OSError, http.client.HTTPException)
APPEL = "ami-du-jour"


class _SansSuivre(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


@dataclass
class Guichetier:
    """Une personne connectée ; `fini` l'arrête, `repond` dit que le serveur a servi depuis son réveil."""

    adresse: str
    compte: dict[str, str]
    fini: Event = field(default_factory=Event)
    repond: Event = field(default_factory=Event)
    renvois: int = 0

    def __post_init__(self) -> None:
        self.cookies = CookieJar()
        self.ouvreur = urllib.request.build_opener(
            _SansSuivre, urllib.request.HTTPCookieProcessor(self.cookies)
        )

    def une_fois(self, chemin: str, corps: bytes | None = None, genre: str = "") -> tuple[int, str, bytes]:
        """Le code, l'adresse de la suite et le contenu ; lève si la connexion casse."""
        entetes = {"Content-Type": genre} if genre else {}
        demande = urllib.request.Request(self.adresse + chemin, data=corps, headers=entetes)
        try:
            with self.ouvreur.open(demande, timeout=30) as reponse:
                return reponse.status, "", reponse.read()
        except urllib.error.HTTPError as reponse:
            with reponse:
                return reponse.code, reponse.headers.get("Location", ""), reponse.read()

    def obtenir(self, chemin: str, corps: bytes | None = None, genre: str = "") -> tuple[int, str, bytes]:
        """Renvoie la même demande jusqu'à une réponse : le serveur meurt, puis revient."""
        limite = time.monotonic() + 120
        while True:
            try:
                rendu = self.une_fois(chemin, corps, genre)
            except COUPEE:
                if time.monotonic() > limite:
                    raise
                self.renvois += 1
                time.sleep(0.1)
                continue
            self.repond.set()
            return rendu

    def lire(self, chemin: str) -> str:
        code, vers, contenu = self.obtenir(chemin)
        assert code == 200, f"{chemin} : {code} {vers}"
        return contenu.decode()

    def envoyer(self, chemin: str, champs: dict[str, object]) -> str:
        """Envoie un formulaire ; rend l'adresse de la suite, confirmée."""
        corps = urllib.parse.urlencode(champs | {"csrfmiddlewaretoken": self._jeton()}, doseq=True).encode()
        return self._suite(chemin, *self.obtenir(chemin, corps, "application/x-www-form-urlencoded"))

    def joindre(self, chemin: str, octets: bytes) -> str:
        borne = uuid4().hex
        entete = 'Content-Disposition: form-data; name="fichier"; filename="piece.pdf"'
        corps = b"\r\n".join(
            [
                f'--{borne}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n'.encode(),
                self._jeton().encode(),
                f"--{borne}\r\n{entete}\r\nContent-Type: application/pdf\r\n".encode(),
                octets,
                f"--{borne}--\r\n".encode(),
            ]
        )
        return self._suite(chemin, *self.obtenir(chemin, corps, f"multipart/form-data; boundary={borne}"))

    def _jeton(self) -> str:
        return next(c.value or "" for c in self.cookies if "csrf" in c.name)

    def _suite(self, chemin: str, code: int, vers: str, contenu: bytes) -> str:
        assert code == 302, f"{chemin} : {code}\n{_principal(contenu)}"
        return urllib.parse.urlparse(vers).path

    def se_connecter(self) -> None:
        self.lire("/connexion/")
        self.envoyer(
            "/connexion/", {"login": self.compte["courriel"], "password": self.compte["mot_de_passe"]}
        )


def _principal(contenu: bytes) -> str:
    page = contenu.decode(errors="replace").split("<main", 1)[-1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))[:1500]


def valeur(page: str, nom: str) -> str:
    """La première valeur offerte pour ce champ."""
    trouvee = re.search(rf'<input[^>]*name="{nom}"[^>]*value="([^"]+)"', page)
    assert trouvee, f"la page n'offre pas « {nom} »"
    return trouvee.group(1)


@dataclass
class Confirme:
    """Ce que les pages ont confirmé d'un dossier ; vide : pas encore."""

    cle: str
    numero: str = ""
    intitule: str = ""
    charges: str = ""
    piece: str = ""
    accuse: str = ""


@dataclass
class Recit:
    """Des dossiers écrits l'un après l'autre, chacun jusqu'au dépôt, tant que `fini` n'est pas posé."""

    qui: Guichetier
    organisme: str
    dossiers: list[Confirme] = field(default_factory=list)

    def jouer(self) -> None:
        while not self.qui.fini.is_set():
            self.dossiers.append(Confirme(uuid4().hex))
            for pas in (self._ouvrir, self._decrire, self._chiffrer, self._joindre, self._deposer):
                pas(self.dossiers[-1], len(self.dossiers))

    def _ouvrir(self, d: Confirme, _: int) -> None:
        suite = self.qui.envoyer(f"/dossiers/nouveau/{APPEL}/", {"cle": d.cle, "organisme": self.organisme})
        d.numero = suite.split("/")[2]

    def _decrire(self, d: Confirme, rang: int) -> None:
        url = f"/dossiers/{d.numero}/"
        page = self.qui.lire(f"{url}action/")
        intitule = f"Action {rang} de la veillée"
        self.qui.envoyer(
            f"{url}action/",
            {"intitule": intitule, "pilier": valeur(page, "pilier"),
             "thematiques": valeur(page, "thematiques")},
        )  # fmt: skip
        d.intitule = intitule
        self.qui.envoyer(
            f"{url}publics/",
            {"publics_total": "100", "publics_qpv": "60", "mobilisation_qpv": "Porte-à-porte.",
             "couples": valeur(self.qui.lire(f"{url}publics/"), "couples")},
        )  # fmt: skip

    def _chiffrer(self, d: Confirme, rang: int) -> None:
        url = f"/dossiers/{d.numero}/"
        cout = 18000 + rang
        self.qui.envoyer(
            f"{url}budget/", {"c_60": str(cout), "s_CALL": "9000", "p_autofinancement": str(cout - 9000)}
        )
        d.charges = str(cout)
        boite = re.search(r'name="(d_\d+)"', self.qui.lire(f"{url}demandes/"))
        assert boite
        self.qui.envoyer(f"{url}demandes/", {boite.group(1): "9000"})

    def _joindre(self, d: Confirme, rang: int) -> None:
        octets = feuille_blanche(f"Statuts, dossier {rang} (fictif)")
        self.qui.joindre(f"/dossiers/{d.numero}/joindre/statuts/", octets)
        d.piece = hashlib.sha256(octets).hexdigest()

    def _deposer(self, d: Confirme, _: int) -> None:
        url = f"/dossiers/{d.numero}/relecture/"
        cases = re.findall(r'name="(a_\w+)"', self.qui.lire(url))
        self.qui.envoyer(url, dict.fromkeys(cases, "on") | {"cle": d.cle[::-1]})
        d.accuse = empreinte_de_l_accuse(self.qui.lire(f"/dossiers/{d.numero}/accuse/"))


def depots(base: sqlite3.Connection, numero: str) -> tuple[int, int, int]:
    """Les dépôts inscrits au registre, les accusés postés, et à combien de personnes."""
    (pk,) = base.execute("SELECT id FROM dossiers_dossier WHERE numero = ?", (numero,)).fetchone()
    (actes,) = base.execute(
        "SELECT count(*) FROM registre_evenement WHERE acte = 'deposer' AND objet = ?",
        (f"dossiers.Dossier:{pk}",),
    ).fetchone()
    lettres, personnes = base.execute(
        "SELECT count(*), count(DISTINCT destinataire) FROM registre_courriel WHERE cle LIKE ?",
        (f"accuse:{pk}:%",),
    ).fetchone()
    return actes, lettres, personnes


def empreinte_de_l_accuse(page: str) -> str:
    lue = re.search(r"\b[0-9a-f]{64}\b", page)
    assert lue, "l'accusé ne montre pas son empreinte"
    return lue.group()
