"""Une pièce se glisse sur sa ligne, le réseau tombe, revient ; `dossiers/test_pieces` compte les lignes."""

import base64
import io
import re
import time

from django.conf import settings
from PIL import Image
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


def photo(nom):
    """Une photo de douze millions de points : le téléphone la réduit avant de l'envoyer."""
    tampon = io.BytesIO()
    Image.effect_noise((400, 300), 60).convert("RGB").resize((4000, 3000)).save(tampon, "JPEG", quality=95)
    return {"name": nom, "mimeType": "image/jpeg", "buffer": tampon.getvalue()}


def test_des_photos_prises_au_doigt_se_rangent_et_survivent_a_la_session_perdue(personne):
    """Un écran tactile : « Prendre une photo », la page suivante, l'ordre, puis une session expirée."""
    amina = personne("amina", largeur=375, has_touch=True, is_mobile=True)
    numero = brouillon(amina)
    amina.va(f"/dossiers/{numero}/pieces/")
    page = amina.page
    ligne = page.locator(".piece").filter(has=page.get_by_text("Statuts", exact=True))
    prendre = ligne.get_by_role("button", name=re.compile("Prendre une photo"))
    expect(prendre).to_be_visible()
    expect(ligne.get_by_text("Ou glissez")).to_be_hidden()
    for geste, nom in ((prendre, "un.jpg"), (None, "deux.jpg")):
        suivante = geste or ligne.get_by_role("button", name="Photographier la page suivante")
        with page.expect_file_chooser() as choix:
            suivante.tap()
        assert choix.value.element.get_attribute("capture") == "environment"
        choix.value.set_files([photo(nom)])
        expect(ligne.locator("li", has=page.get_by_role("img", name=re.compile(nom)))).to_be_visible()
    amina.vues.clear()
    amina.regarde()
    ligne.get_by_role("button", name="Après : page 1").tap()
    expect(ligne.get_by_role("img").first).to_have_attribute("aria-label", "Page 1, deux.jpg")

    envois = []
    page.on("request", lambda r: envois.append(r) if r.method == "POST" and "/joindre/" in r.url else None)
    temoins = [t for t in amina.contexte.cookies() if t["name"] == settings.SESSION_COOKIE_NAME]
    amina.contexte.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    ligne.get_by_role("button", name="Envoyer les 2 pages en un PDF").tap()
    expect(ligne).to_contain_text("Votre session a expiré.")
    expect(ligne.get_by_role("link", name=re.compile("Se reconnecter"))).to_be_visible()
    amina.contexte.add_cookies(temoins)
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator("#annonce")).to_contain_text("Statuts : pièce reçue")
    expect(ligne).to_contain_text("PDF")
    expect(ligne.get_by_role("link", name=re.compile("Ouvrir"))).to_be_visible()
    poids = max(int(r.headers.get("content-length") or len(r.post_data_buffer or b"")) for r in envois)
    assert poids < 4_000_000, "deux photos de douze millions de points ont été réduites avant de partir"
    amina.oublie("status of 401")


def test_ajouter_ouvre_le_choix_sur_place_et_un_melange_se_refuse(personne, tmp_path):
    amina = personne("amina")
    numero = brouillon(amina)
    amina.va(f"/dossiers/{numero}/pieces/")
    page = amina.page
    ligne = page.locator(".piece").filter(has=page.get_by_text("Statuts", exact=True))
    ajouter = ligne.get_by_role("link", name=re.compile("Ajouter|Remplacer"))
    pdf = gestes.feuille(tmp_path, "statuts")
    with page.expect_file_chooser() as choix:
        ajouter.click()
    assert choix.value.is_multiple()
    choix.value.set_files([pdf, gestes.feuille(tmp_path, "autre")])
    expect(ligne).to_contain_text("seulement des photos : elles deviennent un PDF")
    with page.expect_file_chooser() as choix:
        ajouter.click()
    choix.value.set_files(pdf)
    expect(page.locator("#annonce")).to_contain_text("Statuts : pièce reçue")
    ajouter = ligne.get_by_role("link", name=re.compile("Remplacer"))
    ajouter.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/joindre/statuts/"))


def test_la_ligne_relue_ne_reprend_pas_le_point_a_qui_est_deja_ailleurs(personne, tmp_path):
    """L'annonce attend la ligne neuve ; entre-temps, la personne a gagné une autre ligne, elle y reste."""
    amina = personne("amina")
    numero = brouillon(amina)
    amina.va(f"/dossiers/{numero}/pieces/")
    page = amina.page
    ligne = page.locator(".piece").filter(has=page.get_by_text("Statuts", exact=True))
    ailleurs = page.get_by_role("link", name=re.compile("(Ajouter|Remplacer) : RIB"))
    retenues = []
    page.route(f"**/dossiers/{numero}/pieces/", lambda route: retenues.append(route))
    with page.expect_file_chooser() as choix:
        ligne.get_by_role("link", name=re.compile("Ajouter|Remplacer")).click()
    choix.value.set_files(gestes.feuille(tmp_path, "statuts"))
    expect(ligne).to_contain_text("Statuts : pièce reçue.")
    expect(page.locator("#annonce")).not_to_contain_text("pièce reçue")
    ailleurs.focus()
    retenues.pop().continue_()
    expect(page.locator("#annonce")).to_contain_text("Statuts : pièce reçue")
    expect(ailleurs).to_be_focused()
