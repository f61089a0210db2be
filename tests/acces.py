"""La table des accès : une ligne par adresse, une lettre par personne, dans l'ordre de `tests.monde.ACTEURS`.

o : admis · i : refusé avec la raison (403) · n : introuvable (404) · c : connexion · - : sans objet (405)
"""

from ensemblier.comptes.courriels import adresse_de_desabonnement
from ensemblier.comptes.models import Genre

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
    "organisme_mandat", "mandat_fichier", "mandat_retirer",
):  # fmt: skip
    PARAMETRES[_nom] = {"cle": lambda m: m.decide.organisme.cle}
for _nom in ("rib_fichier", "rib_montrer", "rib_verifier"):
    PARAMETRES[_nom]["pk"] = lambda m: m.decide.organisme.ribs.get().pk
for _nom in ("mandat_fichier", "mandat_retirer"):
    PARAMETRES[_nom]["pk"] = lambda m: m.decide.organisme.mandats.get().pk
PARAMETRES["invitation_accepter"] = {"pk": 0}
PARAMETRES["invitation_retirer"]["pk"] = 0
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
    "joindre_piece",
    "retirer_piece",
):
    PARAMETRES.setdefault(_nom, {})["numero"] = lambda m: m.brouillon.numero
for _nom in (
    "seance", "seance_ouvrir", "seance_clore", "seance_pointer", "seance_deport", "seance_noter",
    "seance_decider", "seance_taux", "seance_critere", "proces_verbal",
):  # fmt: skip
    PARAMETRES.setdefault(_nom, {})["pk"] = lambda m: m.parametres["seance"]
for _nom in ("deliberation", "deliberation_joindre", "deliberation_annexer", "deliberation_fichier"):
    PARAMETRES.setdefault(_nom, {})["pk"] = lambda m: m.parametres["deliberation"]

PARAMETRES["desabonnement"] = {
    "jeton": lambda m: adresse_de_desabonnement(m.personnes["amina"], Genre.MESSAGE).rsplit("/", 2)[1]
}
PARAMETRES["lien"] = {"jeton": lambda m: m.parametres["lien"]}
PARAMETRES["message_fichier"] = {"cle": lambda m: m.decide.messages.first().fichier.cle}
for _nom in ("simulation", "simulation_dossier"):
    PARAMETRES[_nom] = {"jeton": lambda m: m.parametres["simulation"]}

TABLE = {
    "sante": ("ooooooooooooooooo", "ooooooooooooooooo"),
    "appels": ("ooooooooooooooooo", "-----------------"),
    "appels_agenda": ("ooooooooooooooooo", "-----------------"),
    "appels_flux": ("ooooooooooooooooo", "-----------------"),
    "appel_agenda": ("ooooooooooooooooo", "-----------------"),
    "appel": ("ooooooooooooooooo", "-----------------"),
    "appel_regles": ("ooooooooooooooooo", "-----------------"),
    "suite_bilan": ("coonncooonininooi", "coonncooonininooi"),
    "suite_bilan_calcul": ("c----c-----------", "coonncooonininooi"),
    "suite_bilan_lecture": ("coonncooonininooi", "coonncooonininooi"),
    "suite_payer": ("ciinnciiinininoii", "ciinnciiinininoii"),
    "suite_constater": ("ciinnciiinininoii", "ciinnciiinininoii"),
    "suite_reclamer": ("ciinncooinininiii", "ciinncooinininiii"),
    "suite_reversement": ("cnnnncnnnnnnnnnnn", "cnnnncnnnnnnnnnnn"),
    "account_login": ("ooooooooooooooooo", "ooooooooooooooooo"),
    "account_logout": ("ooooooooooooooooo", "ooooooooooooooooo"),
    "account_signup": ("ooooooooooooooooo", "ooooooooooooooooo"),
    "account_email_verification_sent": ("ooooooooooooooooo", "-----------------"),
    "account_confirm_email": ("ooooooooooooooooo", "nnnnnnnnnnnnnnnnn"),
    "account_inactive": ("ooooooooooooooooo", "-----------------"),
    "account_reset_password": ("ooooooooooooooooo", "ooooooooooooooooo"),
    "account_reset_password_done": ("ooooooooooooooooo", "-----------------"),
    "account_reset_password_from_key": ("ooooooooooooooooo", "ooooooooooooooooo"),
    "account_reset_password_from_key_done": ("ooooooooooooooooo", "-----------------"),
    "account_change_password": ("coooocooooooooooo", "coooocooooooooooo"),
    "mon_espace": ("coooocooooooooooo", "c----c-----------"),
    "mon_compte": ("coooocooooooooooo", "coooocooooooooooo"),
    "mes_courriels": ("coooocooooooooooo", "coooocooooooooooo"),
    "desabonnement": ("ooooooooooooooooo", "ooooooooooooooooo"),
    "mon_organisme": ("coooocooooooooooo", "c----c-----------"),
    "organisme_creer": ("coooocooooooooooo", "coooocooooooooooo"),
    "organisme": ("coonncoonnnnnnoon", "c----c-----------"),
    "organisme_identite": ("coonncoinnnnnniin", "coonncoinnnnnniin"),
    "organisme_rib": ("coinnciinnnnnniin", "coinnciinnnnnniin"),
    "rib_fichier": ("cnnnncnnnnnnnnnnn", "c----c-----------"),
    "rib_montrer": ("c----c-----------", "ciinnciinnnnnnoin"),
    "rib_verifier": ("c----c-----------", "ciinnciinnnnnnoin"),
    "organisme_engagement": ("coinnciinnnnnniin", "coinnciinnnnnniin"),
    "organisme_mandat": ("coinnciinnnnnniin", "coinnciinnnnnniin"),
    "mandat_fichier": ("coonncoonnnnnnoon", "c----c-----------"),
    "mandat_retirer": ("c----c-----------", "coinnciinnnnnniin"),
    "organisme_personnes": ("coinncionnnnnniin", "coinncionnnnnniin"),
    "invitation_accepter": ("c----c-----------", "cnnnncnnnnnnnnnnn"),
    "invitation_retirer": ("c----c-----------", "cninncinnnnnnniin"),
    "organisme_retirer_personne": ("c----c-----------", "coinncionnnnnniin"),
    "suites_lot": ("ciiiicooooiiiiiii", "ciiiicooooiiiiiii"),
    "suite_notifier": ("ciinncooinininiii", "ciinnciiinininiii"),
    "suite_apercu": ("ciinncooinininiii", "c----c-----------"),
    "suite_lettre": ("coonncooonininooi", "c----c-----------"),
    "suite_convention": ("coonncooonininooi", "c----c-----------"),
    "suite_signer": ("coonncooonininooi", "coonncooonininooi"),
    "suite_preparer": ("c----c-----------", "ciinnciiinininoii"),
    "suite_certifier": ("c----c-----------", "ciinnciiinininoii"),
    "suite_annuler": ("ciinnciiinininoii", "ciinnciiinininoii"),
    "lien": ("ooooooooooooooooo", "ooooooooooooooooo"),
    "corrections": ("coonncooonononooo", "ciinnciiinininiii"),
    "instruction_completude": ("ciinncooonononooi", "c----c-----------"),
    "demander_complements": ("c----c-----------", "ciinncooinininiii"),
    "declarer_complet": ("c----c-----------", "ciinncooinininiii"),
    "declarer_recevable": ("c----c-----------", "ciinncooinininiii"),
    "declarer_irrecevable": ("c----c-----------", "ciinncooinininiii"),
    "juger_piece": ("c----c-----------", "ciinncooinininiii"),
    "instruction_criteres": ("ciinncooonononooi", "ciinncooinininiii"),
    "instruction_depots": ("ciinncooonononooi", "ciinncooonononooi"),
    "instruction_historique": ("ciinncooonononooi", "c----c-----------"),
    "instruction_piece": ("ciinncooonononooi", "c----c-----------"),
    "simulateur": ("ooooooooooooooooo", "ooooooooooooooooo"),
    "simulation": ("ooooooooooooooooo", "-----------------"),
    "simulation_dossier": ("coooocooooooooooo", "coooocooooooooooo"),
    "nouveau_dossier": ("coooocooooooooooo", "coooocooooooooooo"),
    "dossier": ("coonnciiinininiio", "c----c-----------"),
    "dossier_constats": ("c----c-----------", "cnnnncnnnnnnnnnnn"),
    "relecture": ("coonncnnnnnnnnnno", "coonncnnnnnnnnnno"),
    "accuse": ("cnnnnciiinininiii", "c----c-----------"),
    "accuse_pdf": ("cnnnncnnnnnnnnnnn", "c----c-----------"),
    "lettre": ("coonnciiinininiio", "c----c-----------"),
    "retrait": ("coonnciiinininiii", "coonnciiinininiii"),
    "aide_accepter": ("c----c-----------", "cnnnncnnnnnnnnnnn"),
    "dossier_cerfa": ("coonnciiinininiio", "c----c-----------"),
    "dossier_recopie": ("coonnciiinininiio", "c----c-----------"),
    "dossier_personnes": ("coonnciiinininiio", "c----c-----------"),
    "dossier_aide": ("coinnciiinininiii", "coinnciiinininiii"),
    "dossier_aide_retirer": ("c----c-----------", "cninnciiinininiii"),
    "dossier_co_porteur": ("ciinnciiinininiii", "ciinnciiinininiii"),
    "dossier_co_porteur_retirer": ("c----c-----------", "cnnnnciiinininiii"),
    "dossier_co_porteur_demande": ("coonnciiinininiii", "coonnciiinininiii"),
    "co_porteur_repondre": ("cnnnncnnnnnnnnnnn", "cnnnncnnnnnnnnnnn"),
    "lien_co_porteur": ("ooooooooooooooooo", "ooooooooooooooooo"),
    "dossier_historique": ("coonnciiinininiii", "c----c-----------"),
    "messages": ("coooocooooooooooo", "c----c-----------"),
    "dossier_messages": ("coonnciiinininiii", "coonnciiinininiii"),
    "message_fichier": ("coonncoonnnnnnnon", "c----c-----------"),
    "instruction_messages": ("ciinncooinininioi", "ciinncooinininiii"),
    "dossier_dauphin": ("coonnciiinininiii", "coonnciiinininiii"),
    "dossier_depot": ("coonnciiinininiii", "coonnciiinininiii"),
    "demander_confirmation": ("c----c-----------", "coonnciiinininiii"),
    "joindre_piece": ("coonncnnnnnnnnnni", "coonncnnnnnnnnnni"),
    "reprendre_pieces": ("c----c-----------", "coonnciiinininiio"),
    "retirer_piece": ("c----c-----------", "coonncnnnnnnnnnni"),
    "piece": ("coonncooonononooo", "c----c-----------"),
    "dossier_saisie": ("c----c-----------", "cnnnncnnnnnnnnnnn"),
    "budget_tableur": ("coonncnnnnnnnnnno", "coonncnnnnnnnnnno"),
    "dossier_etape": ("coonncnnnnnnnnnno", "coonncnnnnnnnnnno"),
    "mes_dossiers": ("coooocooooooooooo", "c----c-----------"),
    "instruction": ("ciiiicooooooooooi", "c----c-----------"),
    "instruction_csv": ("ciiiicooooooooooi", "c----c-----------"),
    "instruction_xlsx": ("ciiiicooooooooooi", "c----c-----------"),
    "instruction_avis": ("ciinnciionininiii", "ciinnciionininiii"),
    "confirmer_contact": ("c----c-----------", "ciinncnnnnnnnnnni"),
    "instruction_volet": ("c----c-----------", "ciinncnnnnnnnnnni"),
    "instruction_dossier": ("ciinncooonononooi", "c----c-----------"),
    "suites": ("ciiiicooooiiiiooi", "c----c-----------"),
    "suites_a_signer": ("ciiiicooooiiiiooi", "c----c-----------"),
    "suites_a_payer": ("ciiiicooooiiiiooi", "c----c-----------"),
    "suites_a_reclamer": ("ciiiicooooiiiiooi", "c----c-----------"),
    "suite": ("coonncooonininooi", "c----c-----------"),
    "galerie_courriels": ("ooooooooooooooooo", "-----------------"),
    "galerie_courriel": ("ooooooooooooooooo", "-----------------"),
    "galerie_texte": ("ooooooooooooooooo", "-----------------"),
    "galerie": ("ooooooooooooooooo", "-----------------"),
    "galerie_dense": ("ooooooooooooooooo", "-----------------"),
    "accessibilite": ("ooooooooooooooooo", "-----------------"),
    "contact": ("ooooooooooooooooo", "-----------------"),
    "donnees_personnelles": ("ooooooooooooooooo", "-----------------"),
    "accueil": ("ooooooooooooooooo", "-----------------"),
    "observatoire": ("ooooooooooooooooo", "-----------------"),
    "observatoire_actions": ("ooooooooooooooooo", "-----------------"),
    "programmation": ("ciiiicooooooiiioi", "c----c-----------"),
    "seances": ("ciiiicooooooooioi", "c----c-----------"),
    "seance_nouvelle": ("ciiiicooiiiiiiiii", "ciiiicooiiiiiiiii"),
    "seance": ("ciiiicoonnnnooioi", "c----c-----------"),
    "seance_ouvrir": ("c----c-----------", "cnnnncoonnnniinin"),
    "seance_clore": ("c----c-----------", "cnnnncoonnnniinin"),
    "seance_pointer": ("c----c-----------", "cnnnncoonnnniinin"),
    "proces_verbal": ("cnnnncnnnnnniinnn", "c----c-----------"),
    "seance_deport": ("cnnnncoonnnnonnon", "cnnnncoonnnnonnon"),
    "seance_noter": ("cnnnncnnnnnnonnnn", "cnnnncnnnnnnnnnnn"),
    "seance_decider": ("ciiiicooiiiiiiiii", "ciiiicooiiiiiiiii"),
    "seance_taux": ("c----c-----------", "ciiiicooiiiiiiiii"),
    "seance_critere": ("c----c-----------", "cnnnncnnnnnnnnnnn"),
    "deliberation_nouvelle": ("ciiiiciioiiiiiiii", "ciiiiciioiiiiiiii"),
    "deliberation": ("cnnnncoonnnnnnoon", "c----c-----------"),
    "deliberation_joindre": ("c----c-----------", "cnnnncoonnnnnnoon"),
    "deliberation_annexer": ("c----c-----------", "cnnnncoonnnnnniin"),
    "deliberation_fichier": ("cnnnncnnnnnnnnnnn", "c----c-----------"),
    "deliberations": ("ciiiicooooooiiooi", "c----c-----------"),
    "programmation_appel": ("ciiiicooooooiiioi", "ciiiicooooooiiioi"),
    "enveloppes": ("ciiiicooooooiiioi", "ciiiicnnnnnniiini"),
    "quartiers": ("ooooooooooooooooo", "-----------------"),
    "quartiers_adresse": ("ooooooooooooooooo", "ooooooooooooooooo"),
    "quartiers_commune": ("ooooooooooooooooo", "-----------------"),
    "quartier": ("ooooooooooooooooo", "-----------------"),
}
