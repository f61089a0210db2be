"""Déposer : l'intention d'abord, puis une seule transaction, qui tient ou qui ne laisse rien (T09, T10)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.db import transaction

from ensemblier.comptes import mandats
from ensemblier.comptes.actes import souscrire_cer
from ensemblier.dossiers import accuse, courriels, etapes, pdf
from ensemblier.dossiers.actes.affectation import d_office
from ensemblier.dossiers.actes.commun import tenir, tenir_avec_sa_chaine
from ensemblier.dossiers.actes.mots import indexer_au_depot
from ensemblier.dossiers.actes.volets import avancer_demande, rafraichir_etape
from ensemblier.dossiers.attestations import Declaration, a_donner
from ensemblier.dossiers.etats import ABANDONNEE, BROUILLON, DEPOSE, etape
from ensemblier.dossiers.fiche import fiche_de, rapport_de
from ensemblier.dossiers.models import Attestation, Dossier
from ensemblier.dossiers.reponses import CER, Reponses
from ensemblier.dossiers.suivi import entourage
from ensemblier.noyau.calendrier import a_paris, en_francais, jour_de, rejet_implicite
from ensemblier.noyau.machine import Acteur, Role
from ensemblier.noyau.regles import MOTEUR, Constat, Fiche, Rapport
from ensemblier.registre import intentions
from ensemblier.registre.actes import ActeBloque, avancer, verrouiller
from ensemblier.registre.fichiers import conserver
from ensemblier.registre.models import Chaine, Fichier, Intention

REPRISE = timedelta(minutes=15)
"""Une même clé rejouée dans ce délai garde l'heure de sa première réception (T10)."""


def deposer(
    dossier: Dossier,
    *,
    cle: str,
    attestations: Collection[str],
    par: Acteur,
    roles: Iterable[Role],
    le: datetime,
    sans: Collection[str] = (),
) -> Dossier:
    """Dépose le dossier à l'heure de son intention ; la même clé rend le même accusé, sans rien refaire.

    `attestations` : les codes cochés ; `sans` : les financeurs dont le volet bloque et que la personne
    accepte d'abandonner (S18). L'intention est validée d'abord : n'appelez pas ceci dans une transaction.
    Lève `ActeBloque` avec chaque raison, `TransitionRefusee` si l'état ou le rôle s'y oppose.
    """
    siens = set(roles)
    corps = {
        "acte": "deposer", "dossier": dossier.pk, "version": dossier.modifie_le,
        "attestations": sorted(attestations), "sans": sorted(sans),
    }  # fmt: skip
    intention = intentions.recevoir(cle=cle, par=par, corps=corps, le=le)
    with transaction.atomic():
        tenu, chaine = tenir_avec_sa_chaine(dossier)
        # Un brouillon n'a répondu à personne : la réponse ne se lit que d'un dossier qui n'en est plus un.
        if tenu.etat == BROUILLON or _sans_reponse(intention):
            tenu.machine.verifier(etat=tenu.etat, acte="deposer", roles=siens)
            _deposer(
                tenu, chaine, attestations=set(attestations), sans=set(sans), par=par, roles=siens,
                le=_recu_le(intention, dossier, tenu, le=le),
            )  # fmt: skip
            intentions.repondre(intention, {"dossier": tenu.pk, "accuse": tenu.accuse_empreinte})
    return tenu


def _sans_reponse(intention: Intention) -> bool:
    return Intention.objects.values_list("reponse", flat=True).get(pk=intention.pk) is None


def _recu_le(intention: Intention, lu: Dossier, tenu: Dossier, *, le: datetime) -> datetime:
    """L'heure de l'intention, tant que le dossier est celui qu'elle a vu : complété après l'heure, il ne
    garde pas l'heure d'un premier essai."""
    meme = lu.modifie_le == tenu.modifie_le and le - intention.recue_le <= REPRISE
    return intention.recue_le if meme else le


def _deposer(
    dossier: Dossier,
    chaine: Chaine,
    *,
    attestations: set[str],
    sans: set[str],
    par: Acteur,
    roles: set[Role],
    le: datetime,
) -> None:
    autour = entourage(dossier, jour_de(le))
    pouvoir = mandats.pouvoir(dossier.organisme, par, le=le, parmi=autour.mandats)
    if not pouvoir:
        raise ActeBloque(mandats.sans_pouvoir(dossier.organisme))
    reglement = dossier.appel.regles()
    lues = Reponses(dossier)
    _attester(lues, a_donner(reglement, dossier.organisme), attestations, par=par, roles=roles, le=le)
    fiche = fiche_de(dossier, depose_le=le, lues=lues)
    rapport = rapport_de(dossier, fiche=fiche)
    if sans:
        _renoncer(lues, rapport, sans, par=par, le=le)
        chaine, lues = verrouiller(dossier.racine()), Reponses(dossier)
        fiche = fiche_de(dossier, depose_le=le, lues=lues)
        rapport = rapport_de(dossier, fiche=fiche)
    _refuser_si_bloque(lues, fiche, rapport, le=le)
    signataire = par.signature
    contenu = accuse.contenu_de(
        lues, reglement=reglement, fiche=fiche, signataire=signataire, depose_le=le
    ) | {"moteur": MOTEUR, "pouvoir": pouvoir}
    empreinte = accuse.empreinte(contenu)
    charge, affecte = d_office(dossier, themes=fiche.action.thematiques or (), autour=autour)
    avancer(
        dossier, "deposer", par=par, roles=roles, le=le, tenue=chaine, suites=[affecte] if affecte else [],
        details={
            "reglement": rapport.reglement, "moteur": MOTEUR, "fiche": contenu["fiche"], "accuse": empreinte,
        },
        depose_le=le, rejet_le=rejet_implicite(le), depose_par=signataire, reglement=dossier.appel.reglement,
        fiche_figee=fiche.en_json(), rapport_fige=rapport.en_json(),
        accuse_contenu=contenu, accuse_empreinte=empreinte,
        etape=etape(DEPOSE, [d.etat for d in lues.demandes]),
        charge_de_mission=charge or dossier.charge_de_mission,
    )  # fmt: skip
    dossier.saisies.all().delete()
    indexer_au_depot(dossier, lues.demandes)
    courriels.envoyer_l_accuse(dossier, a=autour.destinataires, le=le)


def _attester(
    lues: Reponses,
    demandees: Iterable[Declaration],
    cochees: set[str],
    *,
    par: Acteur,
    roles: set[Role],
    le: datetime,
) -> None:
    """Garde le texte lu de chaque case ; le CER coché vaut souscription pour l'organisme (B7)."""
    donnees = [d for d in demandees if d.code in cochees]
    dossier, qui = lues.dossier, par.signature
    ecrites = [
        Attestation(
            dossier=dossier, code=d.code, texte=d.texte, version=d.version, donnee_le=le, donnee_par=qui
        )
        for d in donnees
    ]
    Attestation.objects.bulk_create(
        ecrites,
        update_conflicts=True,
        unique_fields=("dossier", "code"),
        update_fields=("texte", "version", "donnee_le", "donnee_par"),
    )
    lues.noter_attestees(ecrites)
    souscrites = {e.version for e in lues.engagements}
    for cer in (d for d in donnees if d.code == CER):
        if cer.version not in souscrites:
            souscrire_cer(dossier.organisme, signataire=par.nom, par=par, roles=roles, le=le)


def volets_bloques(lues: Reponses, rapport: Rapport) -> dict[str, tuple[Constat, ...]]:
    """Par financeur sollicité, les règles qui n'arrêtent que son volet (S18)."""
    bloques = {}
    communes = {c.regle for c in rapport.bloquants("deposer")}
    for demande in lues.demandes:
        if demande.etat == ABANDONNEE:
            continue
        siens = tuple(
            c for c in rapport.bloquants("deposer", demande.financeur.code) if c.regle not in communes
        )
        if siens:
            bloques[demande.financeur.code] = siens
    return bloques


def _renoncer(lues: Reponses, rapport: Rapport, sans: set[str], *, par: Acteur, le: datetime) -> None:
    """La personne signataire dépose sans un volet qui bloque : il est abandonné, avec la règle pour motif."""
    bloques = volets_bloques(lues, rapport)
    for demande in lues.demandes:
        constats = bloques.get(demande.financeur.code, ())
        if demande.financeur.code in sans and constats and demande.etat != ABANDONNEE:
            motif = "Déposé sans ce volet : " + " ".join(c.phrase for c in constats)
            avancer_demande(
                demande, "abandonner", par=par, roles={Role.SIGNATAIRE}, le=le, motif=motif, public=True
            )


def _refuser_si_bloque(lues: Reponses, fiche: Fiche, rapport: Rapport, *, le: datetime) -> None:
    dossier = lues.dossier
    bloquants = rapport.bloquants("deposer")
    genres = {r.code: r.genre for r in dossier.appel.regles().regles}
    tardif = next((c for c in bloquants if genres[c.regle] == "date_limite"), None)
    raisons = [_hors_delai(dossier, le)] if tardif and _est_passe(fiche, tardif) else []
    raisons += [_raison(c) for c in bloquants if not raisons or c is not tardif]
    for code, constats in volets_bloques(lues, rapport).items():
        raisons += [f"Volet {code} : {_raison(c)}" for c in constats]
    raisons += [
        f"{etapes.PAR_CODE[s.etape].nom} : une réponse attend d'être corrigée. {s.erreur}"
        for s in lues.saisies.values()
        if s.erreur
    ]
    if not fiche.demande and not raisons:
        raisons.append("Plus aucun financeur n'est sollicité : demandez une aide à l'un d'eux au moins.")
    if raisons:
        raise ActeBloque(*raisons)


def _est_passe(fiche: Fiche, constat: Constat) -> bool:
    """Vrai après la limite ; faux avant l'ouverture."""
    fin = constat.valeurs.get("au")
    return bool(fin and fiche.depose_le and a_paris(fiche.depose_le).date().isoformat() > fin)


def _raison(constat: Constat) -> str:
    suite = f" {constat.remede}" if constat.remede else ""
    return f"{constat.titre} : {constat.phrase}{suite}"


def _hors_delai(dossier: Dossier, le: datetime) -> str:
    """S20 : l'heure du serveur, celle de la fermeture, et la voie d'exception (écrans É8)."""
    limite = dossier.appel.jalons.filter(nature="depot").values_list("fin", flat=True).first()
    jour = f" le {en_francais(limite)}" if limite else ""
    return (
        f"Il est {a_paris(le):%H:%M:%S} au serveur, heure de Paris. "
        f"L'appel a fermé{jour} à 23 h 59 min 59 s. "
        "Votre dossier est gardé. Vous pouvez demander une dérogation : écrivez au service, "
        f"{dossier.territoire.courriel}."
    )


@transaction.atomic
def retirer(dossier: Dossier, *, motif: str, par: Acteur, roles: Iterable[Role], le: datetime) -> Dossier:
    """Retire le dossier avant la décision ; chaque volet est abandonné avec le même motif (§C.4)."""
    tenu = tenir(dossier)
    siens = set(roles)
    avancer(tenu, "retirer", par=par, roles=siens, le=le, motif=motif, modifie_le=le)
    for demande in tenu.demandes.select_related("financeur", "dossier"):
        if demande.machine.possibles(etat=demande.etat, roles={Role.SIGNATAIRE}):
            avancer_demande(demande, "abandonner", par=par, roles=siens, le=le, motif=motif, public=True)
    rafraichir_etape(tenu)
    courriels.envoyer_le_retrait(tenu, le=le)
    return tenu


def conserver_accuse(dossier: Dossier, *, par: Acteur, le: datetime) -> Fichier:
    """Le PDF de l'accusé, écrit à la première demande ; la même empreinte rend les mêmes octets."""
    if dossier.accuse is None:
        octets = pdf.accuse(dossier)
        with transaction.atomic():
            tenu = tenir(dossier)
            if tenu.accuse is None:
                tenu.accuse = conserver(
                    octets, nom=f"accuse-{dossier.numero}.pdf", type_mime="application/pdf", par=par, le=le
                )
                tenu.save(update_fields=("accuse",))
        dossier.accuse = tenu.accuse
    return dossier.accuse
