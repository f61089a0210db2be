"""Une pièce se glisse sur sa ligne, le réseau tombe, revient ; `dossiers/test_pieces` compte les lignes."""

import base64
import re
import time

from playwright.sync_api import expect

from tests.parcours import gestes
from tests.parcours.test_saisie import brouillon

GLISSER = """(ligne, [nom, octets]) => {
  const lus = Uint8Array.from(atob(octets), (c) => c.charCodeAt(0));
  const charge = new DataTransfer();
  charge.items.add(new File([lus], nom, { type: "application/pdf" }));
  for (const geste of ["dragover", "drop"])
    ligne.dispatchEvent(new DragEvent(geste, { dataTransfer: charge, bubbles: true, cancelable: true }));
}"""


def glisser(ligne, nom, octets):
    ligne.evaluate(GLISSER, [nom, base64.b64encode(octets).decode()])


def test_une_piece_glissee_survit_a_la_coupure_et_a_la_reponse_perdue(personne, tmp_path):
    amina = personne("amina", largeur=375)
    numero = brouillon(amina)
    adresse = f"/dossiers/{numero}/pieces/"
    amina.va(adresse)
    page = amina.page
    retirer = page.get_by_role("button", name=re.compile("Retirer : Statuts"))
    if retirer.count():
        amina.clique(re.compile("Retirer : Statuts"))
    ligne = page.locator(".piece").filter(has=page.get_by_text("Statuts", exact=True))
    glisser(ligne, "trop.pdf", b"")
    expect(ligne).to_contain_text("Ce fichier est vide")
    octets = gestes.feuille(tmp_path, "statuts").read_bytes()
    amina.contexte.set_offline(True)
    glisser(ligne, "statuts.pdf", octets)
    expect(ligne).to_contain_text("Envoi interrompu")
    expect(ligne.get_by_role("button", name="Réessayer")).to_be_visible()
    amina.vues.clear()
    amina.regarde()
    amina.contexte.set_offline(False)
    expect(ligne).to_contain_text("Reçue, à vérifier")
    page.reload()
    expect(ligne).to_contain_text("Reçue, à vérifier")
    amina.oublie("ERR_INTERNET_DISCONNECTED|net::ERR_FAILED")

    perdues = []

    def perdre_la_reponse(route):
        """Le serveur a reçu et gardé ; la réponse ne revient pas."""
        perdues.append(route.fetch())
        route.abort() if len(perdues) == 1 else route.fulfill(response=perdues[-1])

    page.route("**/joindre/statuts/", perdre_la_reponse)
    debut = time.monotonic()
    glisser(ligne, "statuts.pdf", octets + b"\n% version corrigee")
    expect(ligne).to_contain_text("Envoi interrompu, nouvel essai")
    expect(page.locator("#annonce")).to_contain_text("Statuts : pièce reçue", timeout=60_000)
    assert time.monotonic() - debut >= 2
    page.unroute_all()
    assert [r.json() for r in perdues] == [{"phrase": "Statuts : pièce reçue."}] * 2
    amina.oublie("ERR_FAILED")
