"""Les organismes fictifs : SIREN et RNA bien formés, mais d'aucune structure connue."""

from __future__ import annotations

import io
import random
from datetime import datetime, timedelta
from decimal import Decimal

import pikepdf
from stdnum import luhn

from ensemblier.comptes import coffre
from ensemblier.comptes.models import EngagementRepublicain, Organisme, Rib
from ensemblier.demonstration.personnes import ETOILE, JARDINS, LECTURES
from ensemblier.demonstration.textes import DEBUTS, FINS
from ensemblier.noyau.machine import Acteur
from ensemblier.registre.actes import ouvrir
from ensemblier.registre.fichiers import conserver
from ensemblier.territoires.models import Commune, Territoire

NOMBRE = 88
_REPRESENTANTS = {
    JARDINS: ("Amina Belloir", "présidente"), LECTURES: ("Amina Belloir", "présidente"),
    ETOILE: ("David Outrebon", "président"),
}  # fmt: skip
_MOYENS = {
    JARDINS: {
        "benevoles": 34, "adherents": 120, "volontaires": 1, "salaries": 3, "salaries_etp": Decimal("1.5"),
        "emplois_aides": 1, "agrements": "Jeunesse et éducation populaire, 2019 (fictif)",
        "est_d_utilite_publique": False, "paie_les_impots_commerciaux": False,
    },
    LECTURES: {"benevoles": 12, "adherents": 45, "salaries": 0},
}  # fmt: skip


def siren_fictif(rang: int) -> str:
    """Un SIREN à clé juste, dans une plage que personne ne porte (elle commence par 000)."""
    racine = f"000{rang:05d}"
    return racine + luhn.calc_check_digit(racine)


def siret_fictif(siren: str) -> str:
    racine = siren + "0001"
    return racine + luhn.calc_check_digit(racine)


def iban_fictif(rang: int) -> str:
    """Un IBAN français à clés justes, d'une banque qui n'existe pas (code 00000)."""
    compte = f"{rang:011d}"
    cle = 97 - (89 * 0 + 15 * 0 + 3 * int(compte)) % 97
    corps = f"0000000000{compte}{cle:02d}"
    controle = 98 - int(f"{corps}152700") % 97
    return f"FR{controle:02d}{corps}"


def _organisme(rang: int, nom: str, type_: str, commune: Commune, *, par: Acteur, le: datetime) -> Organisme:
    siren = siren_fictif(rang)
    representant, fonction = _REPRESENTANTS.get(nom, ("Représentante fictive", "présidente"))
    organisme = Organisme(
        nom=nom, type=type_, siren=siren, siret=siret_fictif(siren),
        rna=f"W629{rang:06d}" if type_ == "association" else "",
        adresse=f"{1 + rang % 60} rue de la Démonstration", code_postal="62300", commune=commune.nom,
        code_insee=commune.code_insee, courriel=f"contact{rang}@association.example",
        representant_nom=representant, representant_fonction=fonction,
        site="https://jardins-du-onze.example" if nom == JARDINS else "",
        **({"moyens_le": le.date()} | _MOYENS[nom] if nom in _MOYENS else {}),
    )  # fmt: skip
    ouvrir(organisme, par=par, le=le, libelle="Organisme créé")
    if organisme.doit_souscrire_le_cer:
        EngagementRepublicain.objects.create(
            organisme=organisme, version="décret 2021-1947", souscrit_le=le.date(),
            signataire=organisme.representant_nom,
        )  # fmt: skip
    iban = iban_fictif(rang)
    rib = feuille_blanche(f"Relevé d'identité bancaire (fictif) · {nom}")
    Rib.objects.create(
        organisme=organisme, titulaire=nom, iban_chiffre=coffre.fermer(iban), iban_fin=iban[-3:],
        fichier=conserver(rib, nom="rib.pdf", type_mime="application/pdf", par=par, le=le),
        ajoute_le=le, ajoute_par=organisme.representant_nom, verifie_le=le + timedelta(days=9),
        verifie_par="Gérard Plancq",
    )  # fmt: skip
    return organisme


def feuille_blanche(titre: str) -> bytes:
    """Un PDF d'une page blanche, bien formé, dont le titre dit qu'il est fictif."""
    tampon = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        pdf.docinfo["/Title"] = titre
        pdf.save(tampon, deterministic_id=True)
    return tampon.getvalue()


def creer_organismes(
    territoire: Territoire, hasard: random.Random, *, par: Acteur, le: datetime
) -> dict[str, Organisme]:
    """Trois associations du récit, des collectivités, et de quoi remplir l'année."""
    communes = list(territoire.communes.filter(est_membre=True, quartiers__isnull=False).distinct())
    lens = next(c for c in communes if c.code == "LENS")
    recit = enumerate((JARDINS, LECTURES, ETOILE), start=1)
    crees = {nom: _organisme(rang, nom, "association", lens, par=par, le=le) for rang, nom in recit}
    noms = [f"{debut} {fin}" for debut in DEBUTS for fin in FINS]
    hasard.shuffle(noms)
    for rang, nom in enumerate(noms[:NOMBRE], start=10):
        crees[nom] = _organisme(rang, nom, "association", hasard.choice(communes), par=par, le=le)
    for rang, commune in enumerate(communes[:6], start=200):
        nom = f"Ville de {commune.nom} (fictif)"
        crees[nom] = _organisme(rang, nom, "commune", commune, par=par, le=le)
    return crees
