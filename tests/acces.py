"""La table des accès : une ligne par adresse, une lettre par personne, dans l'ordre de `tests.monde.ACTEURS`.

o : admis · i : refusé avec la raison (403) · n : introuvable (404) · c : connexion · - : sans objet (405)
"""

from django.utils import timezone

from ensemblier.comptes.courriels import adresse_de_desabonnement
from ensemblier.comptes.droits import acteur_de
from ensemblier.comptes.models import Genre
from ensemblier.echanges.models import Importation
from ensemblier.espaces.models import Vue
from ensemblier.programmation.models import Retour
from ensemblier.registre.travaux import demander
from tests import fabriques

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
    "organisme_mandat", "mandat_fichier", "mandat_retirer", "organisme_moyens",
):  # fmt: skip
    PARAMETRES[_nom] = {"cle": lambda m: m.decide.organisme.cle}
for _nom in ("rib_fichier", "rib_montrer", "rib_verifier"):
    PARAMETRES[_nom]["pk"] = lambda m: m.decide.organisme.ribs.get().pk
for _nom in ("mandat_fichier", "mandat_retirer"):
    PARAMETRES[_nom]["pk"] = lambda m: m.decide.organisme.mandats.get().pk
PARAMETRES["invitation_accepter"] = {"pk": 0}
PARAMETRES["invitation_retirer"]["pk"] = 0
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
    "sante": ("oooooooooooooooooo", "oooooooooooooooooo"),
    "appels": ("oooooooooooooooooo", "------------------"),
    "appels_agenda": ("oooooooooooooooooo", "------------------"),
    "appels_flux": ("oooooooooooooooooo", "------------------"),
    "appel_agenda": ("oooooooooooooooooo", "------------------"),
    "appel": ("oooooooooooooooooo", "------------------"),
    "appel_regles": ("oooooooooooooooooo", "------------------"),
    "suite_bilan": ("coonncooonininooii", "coonncooonininooii"),
    "suite_bilan_calcul": ("c----c------------", "coonncooonininooii"),
    "suite_bilan_lecture": ("coonncooonininooii", "coonncooonininooii"),
    "suite_payer": ("ciinnciiinininoiii", "ciinnciiinininoiii"),
    "suite_constater": ("ciinnciiinininoiii", "ciinnciiinininoiii"),
    "suite_reclamer": ("ciinncooinininiiii", "ciinncooinininiiii"),
    "suite_reversement": ("cnnnncnnnnnnnnnnnn", "cnnnncnnnnnnnnnnnn"),
    "account_login": ("oooooooooooooooooo", "oooooooooooooooooo"),
    "account_logout": ("oooooooooooooooooo", "oooooooooooooooooo"),
    "account_signup": ("oooooooooooooooooo", "oooooooooooooooooo"),
    "account_email_verification_sent": ("oooooooooooooooooo", "------------------"),
    "account_confirm_email": ("oooooooooooooooooo", "nnnnnnnnnnnnnnnnnn"),
    "account_inactive": ("oooooooooooooooooo", "------------------"),
    "account_reset_password": ("oooooooooooooooooo", "oooooooooooooooooo"),
    "account_reset_password_done": ("oooooooooooooooooo", "------------------"),
    "account_reset_password_from_key": ("oooooooooooooooooo", "oooooooooooooooooo"),
    "account_reset_password_from_key_done": ("oooooooooooooooooo", "------------------"),
    "account_change_password": ("coooocoooooooooooo", "coooocoooooooooooo"),
    "mon_espace": ("coooocoooooooooooo", "c----c------------"),
    "mon_compte": ("coooocoooooooooooo", "coooocoooooooooooo"),
    "mes_courriels": ("coooocoooooooooooo", "coooocoooooooooooo"),
    "desabonnement": ("oooooooooooooooooo", "oooooooooooooooooo"),
    "mon_organisme": ("coooocoooooooooooo", "c----c------------"),
    "organisme_creer": ("coooocoooooooooooo", "coooocoooooooooooo"),
    "organisme": ("coonncoonnnnnnoonn", "c----c------------"),
    "organisme_identite": ("coonncoinnnnnniinn", "coonncoinnnnnniinn"),
    "organisme_moyens": ("coonnciinnnnnniinn", "coonnciinnnnnniinn"),
    "organisme_rib": ("coinnciinnnnnniinn", "coinnciinnnnnniinn"),
    "rib_fichier": ("cnnnncnnnnnnnnnnnn", "c----c------------"),
    "rib_montrer": ("c----c------------", "ciinnciinnnnnnoinn"),
    "rib_verifier": ("c----c------------", "ciinnciinnnnnnoinn"),
    "organisme_engagement": ("coinnciinnnnnniinn", "coinnciinnnnnniinn"),
    "organisme_mandat": ("coinnciinnnnnniinn", "coinnciinnnnnniinn"),
    "mandat_fichier": ("coonncoonnnnnnoonn", "c----c------------"),
    "mandat_retirer": ("c----c------------", "coinnciinnnnnniinn"),
    "organisme_personnes": ("coinncionnnnnniinn", "coinncionnnnnniinn"),
    "invitation_accepter": ("c----c------------", "cnnnncnnnnnnnnnnnn"),
    "invitation_retirer": ("c----c------------", "cninncinnnnnnniinn"),
    "organisme_retirer_personne": ("c----c------------", "coinncionnnnnniinn"),
    "suites_lot": ("ciiiicooooiiiiiiii", "ciiiicooooiiiiiiii"),
    "suite_notifier": ("ciinncooinininiiii", "ciinnciiinininiiii"),
    "suite_apercu": ("ciinncooinininiiii", "c----c------------"),
    "suite_lettre": ("coonncooonininooii", "c----c------------"),
    "suite_convention": ("coonncooonininooii", "c----c------------"),
    "suite_signer": ("coonncooonininooii", "coonncooonininooii"),
    "suite_preparer": ("c----c------------", "ciinnciiinininoiii"),
    "suite_certifier": ("ciinnciiinininoiii", "ciinnciiinininoiii"),
    "suite_annuler": ("ciinnciiinininoiii", "ciinnciiinininoiii"),
    "lien": ("oooooooooooooooooo", "oooooooooooooooooo"),
    "corrections": ("coonncooonononoooo", "ciinnciiinininiiii"),
    "instruction_completude": ("ciinncooonononooii", "c----c------------"),
    "demander_complements": ("c----c------------", "ciinncooinininiiii"),
    "declarer_complet": ("c----c------------", "ciinncooinininiiii"),
    "declarer_recevable": ("c----c------------", "ciinncooinininiiii"),
    "declarer_irrecevable": ("c----c------------", "ciinncooinininiiii"),
    "instruction_suivi": ("ciinncooonononooii", "ciinncooinininiiii"),
    "instruction_derogations": ("ciiiicooiiiiiiioii", "ciiiicioiiiiiiiiii"),
    "instruction_equipe": ("ciiiicooiiiiiiioii", "ciiiicioiiiiiiiiii"),
    "instruction_absence": ("ciiiicooooooiiiiii", "ciiiicooooooiiiiii"),
    "instruction_absence_annuler": ("c----c------------", "ciiiicnnnnnniiiiii"),
    "mon_agenda": ("ciiiicooooooooooii", "ciiiicooooooooooii"),
    "agenda_personnel": ("oooooooooooooooooo", "------------------"),
    "instruction_delais": ("ciinncooonononooii", "c----c------------"),
    "prolonger_complements": ("c----c------------", "ciinncooinininiiii"),
    "juger_piece": ("c----c------------", "ciinncooinininiiii"),
    "instruction_criteres": ("ciinncooonononooii", "ciinncooinininiiii"),
    "instruction_depots": ("ciinncooonononooii", "ciinncooonononooii"),
    "instruction_historique": ("ciinncooonononooii", "c----c------------"),
    "instruction_piece": ("ciinncooonononooii", "c----c------------"),
    "depots": ("ciiiicooooooooooii", "c----c------------"),
    "depots_csv": ("ciiiicooooooooooii", "c----c------------"),
    "depots_xlsx": ("ciiiicooooooooooii", "c----c------------"),
    "remises": ("ciiiicooooooiiiiii", "c----c------------"),
    "remise": ("c----c------------", "ciiiicooonnniiiiii"),
    "imports": ("ciiiicooooiiiiiiii", "ciiiicooooiiiiiiii"),
    "importation": ("ciiiicoooniiiiiiii", "ciiiicoooniiiiiiii"),
    "simulateur": ("oooooooooooooooooo", "oooooooooooooooooo"),
    "simulation": ("oooooooooooooooooo", "------------------"),
    "simulation_dossier": ("coooocoooooooooooo", "coooocoooooooooooo"),
    "nouveau_dossier": ("coooocoooooooooooo", "coooocoooooooooooo"),
    "dossier": ("coonnciiinininiioo", "c----c------------"),
    "dossier_constats": ("c----c------------", "cnnnncnnnnnnnnnnni"),
    "demander_signature": ("c----c------------", "cionncnnnnnnnnnnoi"),
    "relecture": ("coonncnnnnnnnnnnoo", "coonncnnnnnnnnnnoi"),
    "accuse": ("cnnnnciiinininiiii", "c----c------------"),
    "accuse_pdf": ("cnnnncnnnnnnnnnnnn", "c----c------------"),
    "lettre": ("coonnciiinininiioi", "c----c------------"),
    "retrait": ("coonnciiinininiiii", "coonnciiinininiiii"),
    "aide_accepter": ("c----c------------", "cnnnncnnnnnnnnnnnn"),
    "dossier_cerfa": ("coonnciiinininiioo", "c----c------------"),
    "dossier_recopie": ("coonnciiinininiioi", "c----c------------"),
    "dossier_personnes": ("coonnciiinininiioo", "c----c------------"),
    "dossier_aide": ("coinnciiinininiiii", "coinnciiinininiiii"),
    "dossier_aide_retirer": ("c----c------------", "cninnciiinininiiii"),
    "dossier_co_porteur": ("ciinnciiinininiiii", "ciinnciiinininiiii"),
    "dossier_co_porteur_retirer": ("c----c------------", "cnnnnciiinininiiii"),
    "dossier_co_porteur_demande": ("coonnciiinininiiii", "coonnciiinininiiii"),
    "co_porteur_repondre": ("cnnnncnnnnnnnnnnnn", "cnnnncnnnnnnnnnnnn"),
    "lien_co_porteur": ("oooooooooooooooooo", "oooooooooooooooooo"),
    "dossier_historique": ("coonnciiinininiiii", "c----c------------"),
    "messages": ("coooocoooooooooooo", "c----c------------"),
    "dossier_messages": ("coonnciiinininiiii", "coonnciiinininiiii"),
    "message_fichier": ("coonncoonnnnnnnonn", "c----c------------"),
    "instruction_interne": ("ciinncooononinioii", "ciinncooononiniiii"),
    "instruction_messages": ("ciinncooinininioii", "ciinncooinininiiii"),
    "dossier_dauphin": ("coonnciiinininiiii", "coonnciiinininiiii"),
    "dossier_depot": ("coonnciiinininiiii", "coonnciiinininiiii"),
    "demander_confirmation": ("c----c------------", "coonnciiinininiiii"),
    "joindre_piece": ("coonncnnnnnnnnnnii", "coonncnnnnnnnnnnii"),
    "reprendre_pieces": ("c----c------------", "coonnciiinininiioi"),
    "retirer_piece": ("c----c------------", "coonncnnnnnnnnnnii"),
    "piece": ("coonncooonononoooo", "c----c------------"),
    "dossier_saisie": ("c----c------------", "cnnnncnnnnnnnnnnni"),
    "budget_tableur": ("coonncnnnnnnnnnnoi", "coonncnnnnnnnnnnoi"),
    "dossier_etape": ("coonncnnnnnnnnnnoo", "coonncnnnnnnnnnnoi"),
    "mes_dossiers": ("coooocoooooooooooo", "c----c------------"),
    "instruction": ("ciiiicooooooooooii", "ciiiicooooooooooii"),
    "instruction_csv": ("ciiiicooooooooooii", "c----c------------"),
    "instruction_lot": ("ciiiicooiiiiiiiiii", "ciiiicooiiiiiiiiii"),
    "instruction_vues": ("ciiiicooooooooooii", "ciiiicooooooooooii"),
    "instruction_vue": ("c----c------------", "ciiiiconnnnnnnnnii"),
    "instruction_xlsx": ("ciiiicooooooooooii", "c----c------------"),
    "instruction_avis": ("ciinnciionininiiii", "ciinnciionininiiii"),
    "confirmer_contact": ("c----c------------", "ciinncnnnnnnnnnnii"),
    "instruction_volet": ("c----c------------", "ciinncnnnnnnnnnnii"),
    "instruction_dossier": ("ciinncooonononooii", "c----c------------"),
    "suites": ("ciiiicooooiiiiooii", "c----c------------"),
    "suites_a_signer": ("ciiiicooooiiiiooii", "c----c------------"),
    "suites_a_payer": ("ciiiicooooiiiiooii", "c----c------------"),
    "suites_a_reclamer": ("ciiiicooooiiiiooii", "c----c------------"),
    "suite": ("coonncooonininooii", "c----c------------"),
    "travaux": ("coooocoooooooooooo", "c----c------------"),
    "travail": ("cnnnncoonnnnnnnnnn", "c----c------------"),
    "travail_annuler": ("c----c------------", "cnnnncoonnnnnnnnnn"),
    "galerie_courriels": ("oooooooooooooooooo", "------------------"),
    "galerie_courriel": ("oooooooooooooooooo", "------------------"),
    "galerie_texte": ("oooooooooooooooooo", "------------------"),
    "galerie": ("oooooooooooooooooo", "------------------"),
    "galerie_dense": ("oooooooooooooooooo", "------------------"),
    "accessibilite": ("oooooooooooooooooo", "------------------"),
    "contact": ("oooooooooooooooooo", "------------------"),
    "donnees_personnelles": ("oooooooooooooooooo", "------------------"),
    "accueil": ("oooooooooooooooooo", "------------------"),
    "observatoire": ("oooooooooooooooooo", "------------------"),
    "observatoire_programme": ("oooooooooooooooooo", "------------------"),
    "observatoire_programme_pdf": ("oooooooooooooooooo", "------------------"),
    "observatoire_actions": ("oooooooooooooooooo", "------------------"),
    "observatoire_action": ("oooooooooooooooooo", "------------------"),
    "programmation": ("ciiiicooooooiiioii", "c----c------------"),
    "seances": ("ciiiicooooooooioii", "c----c------------"),
    "seance_nouvelle": ("ciiiicooiiiiiiiiii", "ciiiicooiiiiiiiiii"),
    "seance": ("ciiiicoonnnnooioii", "c----c------------"),
    "seance_deplacer": ("ciiiicooiiiiiiiiii", "ciiiicooiiiiiiiiii"),
    "seance_inscrire": ("ciiiicooiiiiiiiiii", "ciiiicooiiiiiiiiii"),
    "seance_convocation": ("ciiiicoonnnnooioii", "c----c------------"),
    "seance_dossier": ("ciiiicoonnnnooioii", "c----c------------"),
    "seance_dossier_demander": ("c----c------------", "ciiiicoonnnnooioii"),
    "liste_d_attente": ("ciiiicooooooiiioii", "c----c------------"),
    "fiches_action": ("ciiiicooooooiiioii", "ciiiicooooooiiioii"),
    "fiche_action": ("ciiiicooononiiioii", "c----c------------"),
    "edition": ("cnnnncnnnnnnnnnnnn", "c----c------------"),
    "seance_ecran": ("ciiiicooiiiiiiiiii", "c----c------------"),
    "seance_agenda": ("ciiiicoonnnnooioii", "c----c------------"),
    "seance_ouvrir": ("c----c------------", "cnnnncoonnnniininn"),
    "seance_annuler": ("c----c------------", "cnnnncoonnnniininn"),
    "seance_clore": ("c----c------------", "cnnnncoonnnniininn"),
    "seance_pointer": ("c----c------------", "cnnnncoonnnniininn"),
    "proces_verbal": ("cnnnncnnnnnniinnnn", "c----c------------"),
    "seance_deport": ("cnnnncoonnnnonnonn", "cnnnncoonnnnonnonn"),
    "seance_noter": ("cnnnncnnnnnnonnnnn", "cnnnncnnnnnnnnnnnn"),
    "seance_decider": ("ciiiicooiiiiiiiiii", "ciiiicooiiiiiiiiii"),
    "seance_amender": ("c----c------------", "ciiiicooiiiiiiiiii"),
    "seance_taux": ("c----c------------", "ciiiicooiiiiiiiiii"),
    "seance_critere": ("c----c------------", "cnnnncnnnnnnnnnnnn"),
    "deliberation_nouvelle": ("ciiiiciioiiiiiiiii", "ciiiiciioiiiiiiiii"),
    "deliberation": ("cnnnncoonnnnnnoonn", "c----c------------"),
    "deliberation_joindre": ("c----c------------", "cnnnncoonnnnnnoonn"),
    "deliberation_annexer": ("c----c------------", "cnnnncoonnnnnniinn"),
    "deliberation_fichier": ("cnnnncnnnnnnnnnnnn", "c----c------------"),
    "deliberations": ("ciiiicooooooiiooii", "c----c------------"),
    "programmation_appel": ("ciiiicooooooiiioii", "ciiiicooooooiiioii"),
    "scenarios": ("ciiiicooooooiiioii", "ciiiicooooooiiiiii"),
    "scenarios_comparer": ("ciiiicooooooiiioii", "c----c------------"),
    "scenario": ("ciiiicooooooiiioii", "ciiiicooooooiiioii"),
    "scenario_xlsx": ("ciiiicooooooiiioii", "c----c------------"),
    "scenario_cases": ("c----c------------", "ciiiicooooooiiioii"),
    "scenario_sonde": ("ciiiicooooooiiioii", "c----c------------"),
    "scenario_lignes": ("ciiiicooooooiiioii", "c----c------------"),
    "scenario_fiches": ("ciiiicooooooiiioii", "c----c------------"),
    "scenario_partager": ("c----c------------", "ciiiiciiiiiiiiiiii"),
    "scenario_rendre_prive": ("c----c------------", "ciiiicoiiiiiiiiiii"),
    "scenario_colonne": ("c----c------------", "ciiiicooooooiiiiii"),
    "programmation_proposer": ("ciiiicooiiiiiiiiii", "ciiiicooiiiiiiiiii"),
    "scenario_retenir": ("c----c------------", "ciiiicooiiiiiiiiii"),
    "programmation_lignes": ("ciiiicooooooiiioii", "c----c------------"),
    "programmation_xlsx": ("ciiiicooooooiiioii", "c----c------------"),
    "programmation_retours": ("ciiiicooooooiiioii", "ciiiicooooooiiioii"),
    "programmation_retour": ("ciiiiconnnnniiinii", "ciiiiconnnnniiinii"),
    "programmation_retour_autre": ("ciiiicooooooiiioii", "ciiiicooooooiiioii"),
    "programmation_retour_colonnes": ("ciiiiconnnnniiinii", "ciiiiconnnnniiinii"),
    "programmation_fiches": ("ciiiicooooooiiioii", "c----c------------"),
    "programmation_sonde": ("ciiiicooooooiiioii", "c----c------------"),
    "programmation_cases": ("c----c------------", "ciiiicooooooiiioii"),
    "enveloppes": ("ciiiicooooooiiioii", "ciiiicnnnnnniiinii"),
    "quartiers": ("oooooooooooooooooo", "------------------"),
    "quartiers_adresse": ("oooooooooooooooooo", "oooooooooooooooooo"),
    "quartiers_commune": ("oooooooooooooooooo", "------------------"),
    "quartier": ("oooooooooooooooooo", "------------------"),
}
