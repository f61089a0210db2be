"""Les quartiers se choisissent sur la carte ou dans la liste ; les villes à contacter suivent (R17, R40)."""

import re

from playwright.sync_api import expect

from tests.parcours.test_saisie import etat


def etape_publics(qui):
    """Un brouillon neuf de l'AAP, à l'étape des publics."""
    qui.va("/dossiers/nouveau/aap-du-jour/")
    if qui.page.get_by_label("Une action nouvelle").count():
        qui.page.get_by_label("Une action nouvelle").check()
    qui.page.get_by_role("button", name=re.compile("Commencer")).click()
    numero = re.search(r"/dossiers/([\w-]+)/", qui.page.url).group(1)
    qui.va(f"/dossiers/{numero}/publics/")


def toucher(page, code, x=0.0, y=0.0):
    """Touche le milieu de la boîte d'une zone, décalé de pixels ; rend si ce point est dans la zone."""
    return page.evaluate(
        """([code, dx, dy]) => {
          const zone = document.querySelector(`[data-zone="${code}"]`), svg = zone.ownerSVGElement;
          svg.scrollIntoView({block: "center"});
          const b = zone.getBoundingClientRect();
          const ou = {clientX: b.left + b.width / 2 + dx, clientY: b.top + b.height / 2 + dy};
          const ici = new DOMPoint(ou.clientX, ou.clientY).matrixTransform(svg.getScreenCTM().inverse());
          svg.dispatchEvent(new MouseEvent("click", {bubbles: true, ...ou}));
          return zone.isPointInFill(ici);
        }""",
        [code, x, y],
    )


def test_un_quartier_touche_sur_la_carte_est_choisi_enregistre_et_sa_ville_a_contacter(personne):
    amina = personne("amina", largeur=375)
    etape_publics(amina)
    page = amina.page
    page.get_by_role("button", name="Choisir sur la carte").click()
    expect(page.locator("[data-zone]").first).to_be_attached()
    amina.vues.clear()
    amina.regarde()
    premiere = page.locator("input[name=couples]").first
    code, nom, ville = (premiere.get_attribute(f"data-{quoi}") for quoi in ("quartier", "nom", "ville"))
    toucher(page, code, x=3)
    expect(page.locator("[data-choisis] strong")).to_have_text(nom)
    expect(page.locator(f"[data-zone='{code}']")).to_have_class(re.compile("choisie"))
    etat(amina, re.compile(r"Enregistré à \d"))
    expect(page.locator("#contacts h2")).to_contain_text(ville)
    page.get_by_label("Service joint").fill("Pôle cohésion")
    page.get_by_label("Contact pris le").fill("02/11/2026")
    page.get_by_label("Contact pris le").blur()
    etat(amina, re.compile(r"Enregistré à \d"))
    page.reload()
    expect(page.locator("[data-choisis] strong")).to_have_text(nom)
    expect(page.get_by_label("Service joint")).to_have_value("Pôle cohésion")
    page.get_by_role("button", name="Choisir sur la carte").click()
    expect(page.locator("[data-zone]").first).to_be_attached()
    toucher(page, code)
    expect(page.locator("[data-choisis] strong")).to_have_text("aucun")
    expect(page.locator("#contacts .contact-ville")).to_have_count(0)


def test_un_doigt_a_cote_prend_le_quartier_le_plus_proche_et_loin_de_tous_rien(personne):
    amina = personne("amina", largeur=375)
    etape_publics(amina)
    page = amina.page
    page.get_by_role("button", name="Choisir sur la carte").click()
    isolee = page.evaluate(
        """async () => {
          while (!document.querySelector("[data-zone]")) await new Promise((r) => setTimeout(r, 50));
          const zones = [...document.querySelectorAll("[data-zone]")].map((zone) => {
            const b = zone.getBoundingClientRect();
            return {code: zone.dataset.zone, x: b.x + b.width / 2, y: b.y + b.height / 2};
          });
          const isolement = (z) => Math.min(
            ...zones.filter((a) => a !== z).map((a) => Math.hypot(a.x - z.x, a.y - z.y))
          );
          return zones.sort((a, b) => isolement(b) - isolement(a))[0].code;
        }"""
    )
    hauteur = page.locator(f"[data-zone='{isolee}']").bounding_box()["height"]
    assert not toucher(page, isolee, y=-hauteur / 2 - 60)
    expect(page.locator("[data-choisis] strong")).to_have_text("aucun")
    assert not toucher(page, isolee, y=-hauteur / 2 - 8)
    expect(page.locator(f"[data-zone='{isolee}']")).to_have_class(re.compile("choisie"))


def test_au_clavier_la_liste_montre_la_zone_et_sans_reseau_la_liste_suffit(personne):
    amina = personne("amina")
    etape_publics(amina)
    page = amina.page
    page.route("**/quartiers/", lambda route: route.abort())
    bouton = page.get_by_role("button", name="Choisir sur la carte")
    bouton.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-choisis] [role=status]")).to_contain_text("Choisissez dans la liste")
    page.unroute("**/quartiers/")
    page.keyboard.press("Space")
    expect(page.locator("[data-zone]").first).to_be_attached()
    page.locator(".communes details").first.evaluate("d => d.open = true")
    boite = page.locator("input[name=couples]").first
    boite.focus()
    zone = page.locator(f"[data-zone='{boite.get_attribute('data-quartier')}']")
    expect(zone).to_have_class(re.compile("montree"))
    page.keyboard.press("Space")
    expect(zone).to_have_class(re.compile("choisie"))
    expect(page.locator(".communes__compte").first).to_have_text("1\u00a0choisi")
    amina.oublie("Failed to load resource")
