"""La table des accès : une ligne par adresse, une lettre par personne, dans l'ordre de `tests.monde.ACTEURS`.

o : admis · i : refusé avec la raison (403) · n : introuvable (404) · c : connexion · - : sans objet (405)
"""

PARAMETRES = {}
TABLE = {}
