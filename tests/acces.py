"""La table des accès : une ligne par adresse, une lettre par personne, dans l'ordre de `tests.monde.ACTEURS`.

o : admis · i : refusé avec la raison (403) · n : introuvable (404) · c : connexion · - : sans objet (405)
"""

from decimal import Decimal

from django.utils import timezone

from ensemblier.comptes.courriels import adresse_de_desabonnement
from ensemblier.comptes.droits import acteur_de
from ensemblier.comptes.models import Genre
from ensemblier.conventions.models import Avenant
from ensemblier.dossiers.models import Demande
from ensemblier.echanges.models import Importation
from ensemblier.espaces.models import Vue
from ensemblier.programmation.models import Attribution, Retour
from ensemblier.registre.actes import ouvrir
from ensemblier.registre.fichiers import conserver
from ensemblier.registre.travaux import demander
from tests import fabriques, fabriques_suites

PARAMETRES = {
    "account_confirm_email": {"key": "cle-inconnue"},
    "account_reset_password_from_key": {"uidb36": "1", "key": "cle-inconnue"},
    "organisme": {},
    "galerie_courriel": {"code": "accuse"},
    "galerie_texte": {"code": "accuse"},
    "quartier": {"code": "QN06224M"},
    "quartiers_commune": {"code": "LENS"},
    "joindre_piece": {"code": "rib"},
    "retirer_piece": {"code": "rib"},
    "seance_critere": {"code": "habitants"},
    "deliberation_fichier": {"lequel": "annexe.pdf"},
}
for _nom in (
    "organisme", "organisme_identite", "organisme_rib", "organisme_engagement", "organisme_personnes",
    "organisme_retirer_personne", "invitation_retirer", "rib_fichier", "rib_montrer", "rib_verifier",
    "organisme_mandat", "mandat_fichier", "mandat_retirer", "organisme_moyens", "organisme_budget",
):  # fmt: skip
    PARAMETRES[_nom] = {"cle": lambda m: m.decide.organisme.cle}
for _nom in ("rib_fichier", "rib_montrer", "rib_verifier"):
    PARAMETRES[_nom]["pk"] = lambda m: m.decide.organisme.ribs.get().pk
for _nom in ("mandat_fichier", "mandat_retirer"):
    PARAMETRES[_nom]["pk"] = lambda m: m.decide.organisme.mandats.get().pk
PARAMETRES["invitation_accepter"] = {"pk": 0}
PARAMETRES["invitation_retirer"]["pk"] = 0
PARAMETRES["organisme_budget"]["exercice"] = 2026
PARAMETRES["instruction_absence_annuler"] = {"pk": 0}


def _agenda_de_benoit(m):
    client = fabriques.client(m.personnes["benoit"])
    return client.post("/mon-agenda/").context["adresse"].rsplit("/", 1)[1].removesuffix(".ics")


PARAMETRES["agenda_personnel"] = {"jeton": _agenda_de_benoit}
PARAMETRES["aide_accepter"] = {"pk": 0}
PARAMETRES["dossier_aide_retirer"] = {"pk": 0}
PARAMETRES["dossier_co_porteur_retirer"] = {"pk": 0}
for _nom in ("dossier_co_porteur_demande", "co_porteur_repondre"):
    PARAMETRES[_nom] = {"pk": lambda m: m.parametres["co_porteur"]}
PARAMETRES["lien_co_porteur"] = {"jeton": lambda m: m.parametres["lien_co_porteur"]}
PARAMETRES["organisme_retirer_personne"]["pk"] = lambda m: m.personnes["lucas"].rattachements.get().pk


def _renoncement(m):
    """Un renoncement ouvert sur le volet du monde, avec la lettre de l'organisme."""
    volet = Demande.objects.get(pk=m.parametres["demande"])
    if not volet.renoncements.exists():
        volet.renoncements.create(
            montant=Decimal("11000.00"), motif="Un autre financement.", dit_le=fabriques_suites.NOTIFIE_LE,
            dit_par="Benoît Caudrelier",
            ecrit=conserver(
                fabriques_suites.pdf(), nom="lettre.pdf", type_mime="application/pdf",
                par=fabriques.systeme("lens-lievin"), le=fabriques_suites.NOTIFIE_LE,
            ),
        )  # fmt: skip
    return volet.pk


def _avenant(m):
    """Un avenant notifié et à signer sur le volet du monde."""
    volet = Demande.objects.get(pk=m.parametres["demande"])
    if connu := Avenant.objects.filter(demande=volet).first():
        return connu.pk
    options = {"par": fabriques.systeme("lens-lievin"), "le": fabriques_suites.NOTIFIE_LE}
    lettre, projet = (
        conserver(fabriques_suites.pdf(), nom=f"{nom}.pdf", type_mime="application/pdf", **options)
        for nom in ("lettre", "projet")
    )
    avenant = Avenant(
        demande=volet, attribution=Attribution.objects.get(demande=volet, remplacee_le=None), rang=1,
        de=volet.vote, vers=volet.vote, notifie_le=fabriques_suites.VOTE_LE, notifie_par="Benoît Caudrelier",
        lettre=lettre, projet=projet,
    )  # fmt: skip
    ouvrir(avenant, libelle="Avenant n° 1 notifié", **options)
    return avenant.pk


for _nom in ("suite_renoncer_reprendre", "suite_renoncer_lettre"):
    PARAMETRES[_nom] = {"demande": _renoncement}
for _nom in ("suite_avenant_signer", "suite_avenant_document"):
    PARAMETRES[_nom] = {"avenant": _avenant}
PARAMETRES["suite_avenant_document"]["exemplaire"] = "lettre"

for _nom in (
    "dossier_etape",
    "dossier_saisie",
    "dossier_constats",
    "budget_tableur",
    "relecture",
    "demander_signature",
    "joindre_piece",
    "retirer_piece",
):
    PARAMETRES.setdefault(_nom, {})["numero"] = lambda m: m.brouillon.numero
for _nom in (
    "seance", "seance_ouvrir", "seance_annuler", "seance_clore", "seance_pointer", "seance_deport",
    "seance_noter", "seance_decider", "seance_taux", "seance_critere", "proces_verbal", "seance_deplacer",
    "seance_inscrire", "seance_amender", "seance_dossier", "seance_ecran", "seance_convocation",
    "seance_agenda", "seance_dossier_demander",
):  # fmt: skip
    PARAMETRES.setdefault(_nom, {})["pk"] = lambda m: m.parametres["seance"]
for _nom in ("deliberation", "deliberation_joindre", "deliberation_annexer", "deliberation_fichier"):
    PARAMETRES.setdefault(_nom, {})["pk"] = lambda m: m.parametres["deliberation"]

PARAMETRES["edition"] = {"pk": 0}
PARAMETRES["desabonnement"] = {
    "jeton": lambda m: adresse_de_desabonnement(m.personnes["amina"], Genre.MESSAGE).rsplit("/", 2)[1]
}
PARAMETRES["lien"] = {"jeton": lambda m: m.parametres["lien"]}
PARAMETRES["message_fichier"] = {"cle": lambda m: m.decide.messages.first().fichier.cle}
for _nom in ("simulation", "simulation_dossier"):
    PARAMETRES[_nom] = {"jeton": lambda m: m.parametres["simulation"]}


def _vue_de_benoit(m):
    lieu, qui = m.brouillon.territoire, m.personnes["benoit"]
    vue, _ = Vue.objects.get_or_create(territoire=lieu, utilisateur=qui, nom="À lui", adresse="vue=tout")
    return vue.pk


PARAMETRES["instruction_vue"] = {"cle": _vue_de_benoit}


def _travail_de_benoit(m):
    par = acteur_de(m.personnes["benoit"], m.brouillon.territoire, le=timezone.localdate())
    return demander(cle="acces", genre="essai", titre="À lui", par=par, le=timezone.now()).pk


def _import_de_benoit(m):
    """Un fichier de ce monde tient lieu d'extraction : la page n'en lit que le nom."""
    fichier = m.decide.pieces.first().fichier
    importation, _ = Importation.objects.get_or_create(
        territoire=m.decide.territoire, financeur="ETAT", fichier=fichier, demandee_par="Benoît",
        demandee_le=m.decide.cree_le,
    )  # fmt: skip
    return importation.pk


def _retour_de_benoit(m):
    """Un fichier de ce monde tient lieu de tableau : la page n'en lit que le nom."""
    fichier = m.decide.pieces.first().fichier
    connu = Retour.objects.filter(fichier=fichier).first()
    recu = connu or Retour.objects.create(
        appel=m.decide.appel, utilisateur=m.personnes["benoit"], fichier=fichier, cle="acces",
        recu_le=m.decide.cree_le,
    )  # fmt: skip
    return recu.pk


for _nom in ("programmation_retour", "programmation_retour_colonnes"):
    PARAMETRES[_nom] = {"retour": _retour_de_benoit}
PARAMETRES["importation"] = {"importation": _import_de_benoit}
for _nom in ("travail", "travail_annuler"):
    PARAMETRES[_nom] = {"travail": _travail_de_benoit}

TABLE = {
    "sante": ("ooooooooooooooooooo", "ooooooooooooooooooo"),
    "appels": ("ooooooooooooooooooo", "-------------------"),
    "appels_agenda": ("ooooooooooooooooooo", "-------------------"),
    "appels_flux": ("ooooooooooooooooooo", "-------------------"),
    "appel_agenda": ("ooooooooooooooooooo", "-------------------"),
    "appel": ("ooooooooooooooooooo", "-------------------"),
    "appel_regles": ("ooooooooooooooooooo", "-------------------"),
    "suite_bilan": ("coonncooonininooiii", "coonncooonininooiii"),
    "suite_bilan_calcul": ("c----c-------------", "coonncooonininooiii"),
    "suite_bilan_lecture": ("coonncooonininooiii", "coonncooonininooiii"),
    "suite_payer": ("ciinnciiinininoiiii", "ciinnciiinininoiiii"),
    "suite_constater": ("ciinnciiinininoiiii", "ciinnciiinininoiiii"),
    "suite_reclamer": ("ciinncooinininiiiii", "ciinncooinininiiiii"),
    "suite_reversement": ("cnnnncnnnnnnnnnnnnn", "cnnnncnnnnnnnnnnnnn"),
    "account_login": ("ooooooooooooooooooo", "ooooooooooooooooooo"),
    "account_logout": ("ooooooooooooooooooo", "ooooooooooooooooooo"),
    "account_signup": ("ooooooooooooooooooo", "ooooooooooooooooooo"),
    "account_email_verification_sent": ("ooooooooooooooooooo", "-------------------"),
    "account_confirm_email": ("ooooooooooooooooooo", "nnnnnnnnnnnnnnnnnnn"),
    "account_inactive": ("ooooooooooooooooooo", "-------------------"),
    "account_reset_password": ("ooooooooooooooooooo", "ooooooooooooooooooo"),
    "account_reset_password_done": ("ooooooooooooooooooo", "-------------------"),
    "account_reset_password_from_key": ("ooooooooooooooooooo", "ooooooooooooooooooo"),
    "account_reset_password_from_key_done": ("ooooooooooooooooooo", "-------------------"),
    "account_change_password": ("coooocooooooooooooo", "coooocooooooooooooo"),
    "mon_espace": ("coooocooooooooooooo", "c----c-------------"),
    "mon_compte": ("coooocooooooooooooo", "coooocooooooooooooo"),
    "mes_courriels": ("coooocooooooooooooo", "coooocooooooooooooo"),
    "desabonnement": ("ooooooooooooooooooo", "ooooooooooooooooooo"),
    "mon_organisme": ("coooocooooooooooooo", "c----c-------------"),
    "organisme_creer": ("coooocooooooooooooo", "coooocooooooooooooo"),
    "organisme": ("coonncoonnnnnnoonnn", "c----c-------------"),
    "organisme_identite": ("coonncoinnnnnniinnn", "coonncoinnnnnniinnn"),
    "organisme_moyens": ("coonnciinnnnnniinnn", "coonnciinnnnnniinnn"),
    "organisme_budget": ("coonnciinnnnnniinnn", "coonnciinnnnnniinnn"),
    "organisme_rib": ("coinnciinnnnnniinnn", "coinnciinnnnnniinnn"),
    "rib_fichier": ("cnnnncnnnnnnnnnnnnn", "c----c-------------"),
    "rib_montrer": ("c----c-------------", "ciinnciinnnnnnoinnn"),
    "rib_verifier": ("c----c-------------", "ciinnciinnnnnnoinnn"),
    "organisme_engagement": ("coinnciinnnnnniinnn", "coinnciinnnnnniinnn"),
    "organisme_mandat": ("coinnciinnnnnniinnn", "coinnciinnnnnniinnn"),
    "mandat_fichier": ("coonncoonnnnnnoonnn", "c----c-------------"),
    "mandat_retirer": ("c----c-------------", "coinnciinnnnnniinnn"),
    "organisme_personnes": ("coinncionnnnnniinnn", "coinncionnnnnniinnn"),
    "invitation_accepter": ("c----c-------------", "cnnnncnnnnnnnnnnnnn"),
    "invitation_retirer": ("c----c-------------", "cninncinnnnnnniinnn"),
    "organisme_retirer_personne": ("c----c-------------", "coinncionnnnnniinnn"),
    "suites_lot": ("ciiiicooooiiiiiiiio", "ciiiicooooiiiiiiiio"),
    "suite_notifier": ("ciinncooinininiiiii", "ciinnciiinininiiiii"),
    "suite_apercu": ("ciinncooinininiiiii", "c----c-------------"),
    "suite_lettre": ("coonncooonininooiii", "c----c-------------"),
    "suite_convention": ("coonncooonininooiii", "c----c-------------"),
    "suite_signer": ("coonncooonininooiii", "coonncooonininooiii"),
    "suite_renoncer": ("coinncooinininiiiii", "coinncooinininiiiii"),
    "suite_renoncer_reprendre": ("c----c-------------", "coinncooinininiiiii"),
    "suite_renoncer_lettre": ("coonncooonininooiii", "c----c-------------"),
    "suite_avenant_notifier": ("ciinncooinininiiiii", "ciinncooinininiiiii"),
    "suite_avenant_apercu": ("ciinncooinininiiiii", "c----c-------------"),
    "suite_avenant_signer": ("coonncooonininooiii", "coonncooonininooiii"),
    "suite_avenant_document": ("coonncooonininooiii", "c----c-------------"),
    "suite_preparer": ("c----c-------------", "ciinnciiinininoiiii"),
    "suite_certifier": ("ciinnciiinininoiiii", "ciinnciiinininoiiii"),
    "suite_annuler": ("ciinnciiinininoiiii", "ciinnciiinininoiiii"),
    "lien": ("ooooooooooooooooooo", "ooooooooooooooooooo"),
    "corrections": ("coonncooonononooooo", "ciinnciiinininiiiii"),
    "instruction_completude": ("ciinncooonononooiio", "c----c-------------"),
    "demander_complements": ("c----c-------------", "ciinncooinininiiiii"),
    "declarer_complet": ("c----c-------------", "ciinncooinininiiiii"),
    "declarer_recevable": ("c----c-------------", "ciinncooinininiiiii"),
    "declarer_irrecevable": ("c----c-------------", "ciinncooinininiiiii"),
    "instruction_suivi": ("ciinncooonononooiio", "ciinncooinininiiiii"),
    "instruction_derogations": ("ciiiicooiiiiiiioiii", "ciiiicioiiiiiiiiiii"),
    "instruction_equipe": ("ciiiicooiiiiiiioiii", "ciiiicioiiiiiiiiiii"),
    "instruction_absence": ("ciiiicooooooiiiiiio", "ciiiicooooooiiiiiio"),
    "instruction_absence_annuler": ("c----c-------------", "ciiiicnnnnnniiiiiin"),
    "mon_agenda": ("ciiiicooooooooooiio", "ciiiicooooooooooiio"),
    "agenda_personnel": ("ooooooooooooooooooo", "-------------------"),
    "instruction_delais": ("ciinncooonononooiio", "c----c-------------"),
    "prolonger_complements": ("c----c-------------", "ciinncooinininiiiii"),
    "juger_piece": ("c----c-------------", "ciinncooinininiiiii"),
    "instruction_criteres": ("ciinncooonononooiio", "ciinncooinininiiiii"),
    "instruction_depots": ("ciinncooonononooiio", "ciinncooonononooiio"),
    "instruction_historique": ("ciinncooonononooiio", "c----c-------------"),
    "instruction_piece": ("ciinncooonononooiio", "c----c-------------"),
    "depots": ("ciiiicooooooooooiio", "c----c-------------"),
    "depots_csv": ("ciiiicooooooooooiio", "c----c-------------"),
    "depots_xlsx": ("ciiiicooooooooooiio", "c----c-------------"),
    "remises": ("ciiiicooooooiiiiiio", "c----c-------------"),
    "remise": ("c----c-------------", "ciiiicooonnniiiiiin"),
    "imports": ("ciiiicooooiiiiiiiio", "ciiiicooooiiiiiiiio"),
    "importation": ("ciiiicoooniiiiiiiin", "ciiiicoooniiiiiiiin"),
    "simulateur": ("ooooooooooooooooooo", "ooooooooooooooooooo"),
    "simulation": ("ooooooooooooooooooo", "-------------------"),
    "simulation_dossier": ("coooocooooooooooooo", "coooocooooooooooooo"),
    "nouveau_dossier": ("coooocooooooooooooo", "coooocooooooooooooo"),
    "dossier": ("coonnciiinininiiooi", "c----c-------------"),
    "dossier_constats": ("c----c-------------", "cnnnncnnnnnnnnnnnin"),
    "demander_signature": ("c----c-------------", "cionncnnnnnnnnnnoin"),
    "relecture": ("coonncnnnnnnnnnnoon", "coonncnnnnnnnnnnoin"),
    "accuse": ("cnnnnciiinininiiiii", "c----c-------------"),
    "accuse_pdf": ("cnnnncnnnnnnnnnnnnn", "c----c-------------"),
    "lettre": ("coonnciiinininiioii", "c----c-------------"),
    "retrait": ("coonnciiinininiiiii", "coonnciiinininiiiii"),
    "aide_accepter": ("c----c-------------", "cnnnncnnnnnnnnnnnnn"),
    "dossier_cerfa": ("coonnciiinininiiooi", "c----c-------------"),
    "dossier_recopie": ("coonnciiinininiioii", "c----c-------------"),
    "dossier_personnes": ("coonnciiinininiiooi", "c----c-------------"),
    "dossier_aide": ("coinnciiinininiiiii", "coinnciiinininiiiii"),
    "dossier_aide_retirer": ("c----c-------------", "cninnciiinininiiiii"),
    "dossier_co_porteur": ("ciinnciiinininiiiii", "ciinnciiinininiiiii"),
    "dossier_co_porteur_retirer": ("c----c-------------", "cnnnnciiinininiiiii"),
    "dossier_co_porteur_demande": ("coonnciiinininiiiii", "coonnciiinininiiiii"),
    "co_porteur_repondre": ("cnnnncnnnnnnnnnnnnn", "cnnnncnnnnnnnnnnnnn"),
    "lien_co_porteur": ("ooooooooooooooooooo", "ooooooooooooooooooo"),
    "dossier_historique": ("coonnciiinininiiiii", "c----c-------------"),
    "messages": ("coooocooooooooooooo", "c----c-------------"),
    "dossier_messages": ("coonnciiinininiiiii", "coonnciiinininiiiii"),
    "message_fichier": ("coonncoonnnnnnnonnn", "c----c-------------"),
    "instruction_interne": ("ciinncooononinioiii", "ciinncooononiniiiii"),
    "instruction_messages": ("ciinncooinininioiii", "ciinncooinininiiiii"),
    "dossier_dauphin": ("coonnciiinininiiiii", "coonnciiinininiiiii"),
    "dossier_depot": ("coonnciiinininiiiii", "coonnciiinininiiiii"),
    "demander_confirmation": ("c----c-------------", "coonnciiinininiiiii"),
    "joindre_piece": ("coonncnnnnnnnnnniin", "coonncnnnnnnnnnniin"),
    "reprendre_pieces": ("c----c-------------", "coonnciiinininiioii"),
    "retirer_piece": ("c----c-------------", "coonncnnnnnnnnnniin"),
    "piece": ("coonncooonononooooo", "c----c-------------"),
    "dossier_saisie": ("c----c-------------", "cnnnncnnnnnnnnnnnin"),
    "budget_tableur": ("coonncnnnnnnnnnnoin", "coonncnnnnnnnnnnoin"),
    "dossier_etape": ("coonncnnnnnnnnnnoon", "coonncnnnnnnnnnnoin"),
    "mes_dossiers": ("coooocooooooooooooo", "c----c-------------"),
    "instruction": ("ciiiicooooooooooiio", "ciiiicooooooooooiio"),
    "instruction_csv": ("ciiiicooooooooooiio", "c----c-------------"),
    "instruction_lot": ("ciiiicooiiiiiiiiiii", "ciiiicooiiiiiiiiiii"),
    "instruction_vues": ("ciiiicooooooooooiio", "ciiiicooooooooooiio"),
    "instruction_vue": ("c----c-------------", "ciiiiconnnnnnnnniin"),
    "instruction_xlsx": ("ciiiicooooooooooiio", "c----c-------------"),
    "instruction_avis": ("ciinnciionininiiiii", "ciinnciionininiiiii"),
    "confirmer_contact": ("c----c-------------", "ciinncnnnnnnnnnniin"),
    "instruction_volet": ("c----c-------------", "ciinncnnnnnnnnnniin"),
    "instruction_dossier": ("ciinncooonononooiio", "c----c-------------"),
    "suites": ("ciiiicooooiiiiooiio", "c----c-------------"),
    "suites_a_signer": ("ciiiicooooiiiiooiio", "c----c-------------"),
    "suites_a_payer": ("ciiiicooooiiiiooiio", "c----c-------------"),
    "suites_a_reclamer": ("ciiiicooooiiiiooiio", "c----c-------------"),
    "suite": ("coonncooonininooiii", "c----c-------------"),
    "travaux": ("coooocooooooooooooo", "c----c-------------"),
    "travail": ("cnnnncoonnnnnnnnnnn", "c----c-------------"),
    "travail_annuler": ("c----c-------------", "cnnnncoonnnnnnnnnnn"),
    "galerie_courriels": ("ooooooooooooooooooo", "-------------------"),
    "galerie_courriel": ("ooooooooooooooooooo", "-------------------"),
    "galerie_texte": ("ooooooooooooooooooo", "-------------------"),
    "galerie": ("ooooooooooooooooooo", "-------------------"),
    "galerie_dense": ("ooooooooooooooooooo", "-------------------"),
    "accessibilite": ("ooooooooooooooooooo", "-------------------"),
    "contact": ("ooooooooooooooooooo", "-------------------"),
    "donnees_personnelles": ("ooooooooooooooooooo", "-------------------"),
    "accueil": ("ooooooooooooooooooo", "-------------------"),
    "observatoire": ("ooooooooooooooooooo", "-------------------"),
    "observatoire_programme": ("ooooooooooooooooooo", "-------------------"),
    "observatoire_programme_pdf": ("ooooooooooooooooooo", "-------------------"),
    "observatoire_actions": ("ooooooooooooooooooo", "-------------------"),
    "observatoire_action": ("ooooooooooooooooooo", "-------------------"),
    "programmation": ("ciiiicooooooiiioiio", "c----c-------------"),
    "seances": ("ciiiicooooooooioiio", "c----c-------------"),
    "seance_nouvelle": ("ciiiicooiiiiiiiiiii", "ciiiicooiiiiiiiiiii"),
    "seance": ("ciiiicoonnnnooioiin", "c----c-------------"),
    "seance_deplacer": ("ciiiicooiiiiiiiiiii", "ciiiicooiiiiiiiiiii"),
    "seance_inscrire": ("ciiiicooiiiiiiiiiii", "ciiiicooiiiiiiiiiii"),
    "seance_convocation": ("ciiiicoonnnnooioiin", "c----c-------------"),
    "seance_dossier": ("ciiiicoonnnnooioiin", "c----c-------------"),
    "seance_dossier_demander": ("c----c-------------", "ciiiicoonnnnooioiin"),
    "liste_d_attente": ("ciiiicooooooiiioiio", "c----c-------------"),
    "fiches_action": ("ciiiicooooooiiioiio", "ciiiicooooooiiioiio"),
    "fiche_action": ("ciiiicooononiiioiio", "c----c-------------"),
    "edition": ("cnnnncnnnnnnnnnnnnn", "c----c-------------"),
    "seance_ecran": ("ciiiicooiiiiiiiiiii", "c----c-------------"),
    "seance_agenda": ("ciiiicoonnnnooioiin", "c----c-------------"),
    "seance_ouvrir": ("c----c-------------", "cnnnncoonnnniininnn"),
    "seance_annuler": ("c----c-------------", "cnnnncoonnnniininnn"),
    "seance_clore": ("c----c-------------", "cnnnncoonnnniininnn"),
    "seance_pointer": ("c----c-------------", "cnnnncoonnnniininnn"),
    "proces_verbal": ("cnnnncnnnnnniinnnnn", "c----c-------------"),
    "seance_deport": ("cnnnncoonnnnonnonnn", "cnnnncoonnnnonnonnn"),
    "seance_noter": ("cnnnncnnnnnnonnnnnn", "cnnnncnnnnnnnnnnnnn"),
    "seance_decider": ("ciiiicooiiiiiiiiiii", "ciiiicooiiiiiiiiiii"),
    "seance_amender": ("c----c-------------", "ciiiicooiiiiiiiiiii"),
    "seance_taux": ("c----c-------------", "ciiiicooiiiiiiiiiii"),
    "seance_critere": ("c----c-------------", "cnnnncnnnnnnnnnnnnn"),
    "deliberation_nouvelle": ("ciiiiciioiiiiiiiiii", "ciiiiciioiiiiiiiiii"),
    "deliberation": ("cnnnncoonnnnnnoonnn", "c----c-------------"),
    "deliberation_joindre": ("c----c-------------", "cnnnncoonnnnnnoonnn"),
    "deliberation_annexer": ("c----c-------------", "cnnnncoonnnnnniinnn"),
    "deliberation_fichier": ("cnnnncnnnnnnnnnnnnn", "c----c-------------"),
    "deliberations": ("ciiiicooooooiiooiio", "c----c-------------"),
    "programmation_appel": ("ciiiicooooooiiioiio", "ciiiicooooooiiioiio"),
    "scenarios": ("ciiiicooooooiiioiio", "ciiiicooooooiiiiiio"),
    "scenarios_comparer": ("ciiiicooooooiiioiio", "c----c-------------"),
    "scenario": ("ciiiicooooooiiioiio", "ciiiicooooooiiioiio"),
    "scenario_xlsx": ("ciiiicooooooiiioiio", "c----c-------------"),
    "scenario_cases": ("c----c-------------", "ciiiicooooooiiioiio"),
    "scenario_sonde": ("ciiiicooooooiiioiio", "c----c-------------"),
    "scenario_lignes": ("ciiiicooooooiiioiio", "c----c-------------"),
    "scenario_fiches": ("ciiiicooooooiiioiio", "c----c-------------"),
    "scenario_partager": ("c----c-------------", "ciiiiciiiiiiiiiiiii"),
    "scenario_rendre_prive": ("c----c-------------", "ciiiicoiiiiiiiiiiii"),
    "scenario_colonne": ("c----c-------------", "ciiiicooooooiiiiiio"),
    "programmation_proposer": ("ciiiicooiiiiiiiiiii", "ciiiicooiiiiiiiiiii"),
    "scenario_retenir": ("c----c-------------", "ciiiicooiiiiiiiiiii"),
    "programmation_lignes": ("ciiiicooooooiiioiio", "c----c-------------"),
    "programmation_xlsx": ("ciiiicooooooiiioiio", "c----c-------------"),
    "programmation_retours": ("ciiiicooooooiiioiio", "ciiiicooooooiiioiio"),
    "programmation_retour": ("ciiiiconnnnniiiniin", "ciiiiconnnnniiiniin"),
    "programmation_retour_autre": ("ciiiicooooooiiioiio", "ciiiicooooooiiioiio"),
    "programmation_retour_colonnes": ("ciiiiconnnnniiiniin", "ciiiiconnnnniiiniin"),
    "programmation_fiches": ("ciiiicooooooiiioiio", "c----c-------------"),
    "programmation_sonde": ("ciiiicooooooiiioiio", "c----c-------------"),
    "programmation_cases": ("c----c-------------", "ciiiicooooooiiioiio"),
    "enveloppes": ("ciiiicooooooiiioiio", "ciiiicnnnnnniiiniin"),
    "quartiers": ("ooooooooooooooooooo", "-------------------"),
    "quartiers_adresse": ("ooooooooooooooooooo", "ooooooooooooooooooo"),
    "quartiers_commune": ("ooooooooooooooooooo", "-------------------"),
    "quartier": ("ooooooooooooooooooo", "-------------------"),
}
