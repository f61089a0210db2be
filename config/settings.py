"""Réglages : tout se lit dans l'environnement, avec un défaut sûr pour la démonstration et les essais."""

from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

RACINE = Path(__file__).resolve().parent.parent
env = environ.Env()

PRODUCTION = env.bool("ENSEMBLIER_PRODUCTION", default=False)
DEMONSTRATION = env.bool("ENSEMBLIER_DEMONSTRATION", default=False)
DEBUG = env.bool("ENSEMBLIER_DEBUG", default=False)

CLE_D_ESSAI = "cle-d-essai-publique-refusee-en-production"
SECRET_KEY = env.str("ENSEMBLIER_CLE_SECRETE", default=CLE_D_ESSAI)
CLE_COFFRE = env.str("ENSEMBLIER_CLE_COFFRE", default=CLE_D_ESSAI)
ALLOWED_HOSTS = env.list("ENSEMBLIER_HOTES", default=["localhost", "127.0.0.1", "[::1]"])
ADRESSE_PUBLIQUE = env.str("ENSEMBLIER_ADRESSE", default="http://localhost:8000")

VAR = Path(env.str("ENSEMBLIER_VAR", default=str(RACINE / "var")))
VAR.mkdir(parents=True, exist_ok=True)
PACKS = Path(env.str("ENSEMBLIER_PACKS", default=str(RACINE / "packs")))

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "csp",
    "django_htmx",
    "ensemblier.interface",
    "ensemblier.registre",
    "ensemblier.territoires",
    "ensemblier.comptes",
    "ensemblier.appels",
    "ensemblier.dossiers",
    "ensemblier.instruction",
    "ensemblier.programmation",
    "ensemblier.conventions",
    "ensemblier.bilans",
    "ensemblier.espaces",
    "ensemblier.observatoire",
    "ensemblier.echanges",
    "ensemblier.demonstration",
    "config.apps.ConfigConfig",
    # Après nos pièces : leurs gabarits `account/…` remplacent ceux d'allauth.
    "allauth",
    "allauth.account",
]

MIDDLEWARE = [
    # D'abord, pour que toute réponse ait ses en-têtes : un fichier statique, une redirection, une erreur.
    "ensemblier.interface.middleware.EntetesMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "ensemblier.interface.middleware.CompressionMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "ensemblier.interface.middleware.SaisieLisibleMiddleware",
    "ensemblier.interface.middleware.TypographieMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "ensemblier.comptes.middleware.ConnexionMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "ensemblier.comptes.middleware.ActeurMiddleware",
    "ensemblier.registre.middleware.RefusMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

_CHARGEURS = [
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "OPTIONS": {
            "loaders": _CHARGEURS if DEBUG else [("django.template.loaders.cached.Loader", _CHARGEURS)],
            "builtins": ["ensemblier.interface.templatetags.ensemblier"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.contexte.maison",
            ],
        },
    }
]

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR / 'ensemblier.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# Le dossier de pg_dump et pg_restore, s'ils ne sont pas dans PATH.
OUTILS_POSTGRESQL = env.str("ENSEMBLIER_PG_BIN", default="")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Le compte des essais de connexion y vit : un fichier, partagé par tous les processus de la machine.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": VAR / "cache",
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}

AUTH_USER_MODEL = "comptes.Utilisateur"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 14},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "mon_espace"
ACCOUNT_ADAPTER = "ensemblier.comptes.adaptateur.AdaptateurDeCompte"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_USER_MODEL_EMAIL_FIELD = "courriel"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGOUT_REDIRECT_URL = "accueil"
ACCOUNT_FORMS = {
    "login": "ensemblier.comptes.forms.ConnexionForm",
    "signup": "ensemblier.comptes.forms.InscriptionForm",
    "reset_password": "ensemblier.comptes.forms.MotDePasseOublieForm",
    "reset_password_from_key": "ensemblier.comptes.forms.NouveauMotDePasseForm",
    "change_password": "ensemblier.comptes.forms.ChangerMotDePasseForm",
}
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
# Les autres limites d'allauth restent. Cent essais par heure sur un compte, d'où qu'ils viennent (T26).
ACCOUNT_RATE_LIMITS = {"login_failed_compte": "20/12m/key"}
TEMOIN_APPAREIL = "__Host-appareil" if PRODUCTION else "appareil"

LANGUAGE_CODE = "fr"
USE_I18N = True
TIME_ZONE = "Europe/Paris"
USE_TZ = True

STATIC_URL = "/statique/"
STATIC_ROOT = VAR / "statique"
STATIC_ROOT.mkdir(exist_ok=True)
NODE = RACINE / "node_modules"
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "ensemblier.interface.feuille.FeuilleUnique",
]
STATICFILES_DIRS = [
    ("hanken", NODE / "@fontsource-variable/hanken-grotesk/files"),
    ("bricolage", NODE / "@fontsource/bricolage-grotesque/files"),
]
STORAGES = {
    "default": {"BACKEND": "ensemblier.registre.stockage.StockageDurable"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_MAX_AGE = 60 if not PRODUCTION else 31536000
MEDIA_ROOT = VAR / "fichiers"
FILE_UPLOAD_PERMISSIONS = 0o600
TAILLE_MAXIMALE_PIECE = 20 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

ANNUAIRE = env.str("ENSEMBLIER_ANNUAIRE", default="https://recherche-entreprises.api.gouv.fr")
GEOCODEUR = env.str("ENSEMBLIER_GEOCODEUR", default="https://data.geopf.fr/geocodage")

COURRIELS = VAR / "courriels"
EMAIL_BACKEND = env.str("ENSEMBLIER_COURRIEL", default="django.core.mail.backends.filebased.EmailBackend")
EMAIL_FILE_PATH = str(COURRIELS)
EMAIL_HOST = env.str("ENSEMBLIER_SMTP", default="localhost")
EMAIL_PORT = env.int("ENSEMBLIER_SMTP_PORT", default=25)
EMAIL_HOST_USER = env.str("ENSEMBLIER_SMTP_COMPTE", default="")
EMAIL_HOST_PASSWORD = env.str("ENSEMBLIER_SMTP_SECRET", default="")
EMAIL_USE_TLS = env.bool("ENSEMBLIER_SMTP_TLS", default=False)
DEFAULT_FROM_EMAIL = env.str("ENSEMBLIER_EXPEDITEUR", default="ensemblier@call.example")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "config.vues.jeton_perdu"
MANDATAIRE = env.bool("ENSEMBLIER_PROXY", default=False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if MANDATAIRE else None
# Derrière un mandataire, l'adresse d'une personne est la dernière qu'il écrit ; sans lui, nul n'est cru.
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if MANDATAIRE else 0
if PRODUCTION:
    # Un réglage qui ouvrirait la maison l'empêche de démarrer (T45).
    _FAUTES = {
        "ENSEMBLIER_CLE_SECRETE : 32 caractères au moins, tirés au hasard": len(SECRET_KEY) < 32
        or SECRET_KEY == CLE_D_ESSAI,
        "ENSEMBLIER_CLE_COFFRE : 32 caractères au moins, tirés au hasard": len(CLE_COFFRE) < 32
        or CLE_COFFRE == CLE_D_ESSAI,
        "ENSEMBLIER_CLE_COFFRE et ENSEMBLIER_CLE_SECRETE : deux clés différentes": SECRET_KEY == CLE_COFFRE,
        "ENSEMBLIER_DEBUG : jamais en production": DEBUG,
        "ENSEMBLIER_DEMONSTRATION : jamais en production": DEMONSTRATION,
        "ENSEMBLIER_HOTES : les noms d'hôte servis, sans « * »": "*" in ALLOWED_HOSTS,
        "ENSEMBLIER_ADRESSE : l'adresse publique, en https://": not ADRESSE_PUBLIQUE.startswith("https://"),
    }
    if any(_FAUTES.values()):
        raise ImproperlyConfigured(
            "Réglages de production à corriger :\n" + "\n".join(f"- {f}" for f, oui in _FAUTES.items() if oui)
        )
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31536000
    SESSION_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_SECURE = True
    CSRF_COOKIE_NAME = "__Host-csrf"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"ligne": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"sortie": {"class": "logging.StreamHandler", "formatter": "ligne"}},
    "root": {"handlers": ["sortie"], "level": env.str("ENSEMBLIER_JOURNAL", default="WARNING")},
}
