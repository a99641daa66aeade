"""All settings, from the environment (12-factor). Every variable is listed in docs/operators.md.
What needs nothing of it stands beside: ``config.rest``; how logs are written: ``config.logs``; the
database: ``config.database``; what beat starts when: ``config.schedule``.

DEBUG has three states. Not set: a working local system, with SQLite and files under ``var/``, an
embedded Valkey started by ``manage.py up``, and error pages as people get them. ``DEBUG=1``: the
same with Django's debug pages, for whoever works on the code. ``DEBUG=0``: production; the values
that protect people must be given, or nothing starts. DEBUG forgotten, but a host named that is not
this machine, is production too.
"""

import contextlib
import logging
import re
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _
from whitenoise.compress import Compressor

from config.broker import broker_url
from config.database import databases
from config.files import evidence_storage
from config.logs import log_settings, security_log
from config.rest import REST_FRAMEWORK, SPECTACULAR_SETTINGS  # noqa: F401 - settings too
from config.retention import kept_days
from config.schedule import schedule
from config.variables import Env, mail_server

BASE_DIR = Path(__file__).resolve().parent.parent
env = Env()

VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var")))
BASE_URL = env.str("BASE_URL", default="http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
_LOOPBACK = ["127.0.0.1", "localhost", "[::1]"]
# A name by which others can come makes it production, whether or not somebody thought of DEBUG.
_FOREIGN = [
    host
    for host in [*ALLOWED_HOSTS, urlsplit(BASE_URL).netloc.rpartition("@")[2]]
    if host and re.sub(r":\d+$", "", host) not in _LOOPBACK
]
LOCAL = env.bool("DEBUG", default=not _FOREIGN)
DEBUG = env.bool("DEBUG", default=False)
if LOCAL:
    ALLOWED_HOSTS = ALLOWED_HOSTS or _LOOPBACK

DEFAULT_SECRET_KEY = "insecure-local-development-key-never-for-production"  # noqa: S105
SECRET_KEY = env.str("SECRET_KEY", default=DEFAULT_SECRET_KEY)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

if not LOCAL or _FOREIGN:
    _missing = [
        name
        for name, bad in (
            ("SECRET_KEY", SECRET_KEY in ("", DEFAULT_SECRET_KEY) or len(SECRET_KEY) < 50),
            ("ALLOWED_HOSTS", not LOCAL and (not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS)),
            ("BASE_URL", not LOCAL and not BASE_URL.startswith("https://")),
        )
        if bad
    ]
    if _missing:
        _why = "DEBUG=0" if "DEBUG" in env.ENVIRON else f"A host that others reach ({_FOREIGN[0]})"
        raise ImproperlyConfigured(
            f"{_why} needs these set to real values: "
            + ", ".join(_missing)
            + ". SECRET_KEY: 50 random characters or more; ALLOWED_HOSTS: host names without *; "
            "BASE_URL: the https:// address people use."
        )

INSTALLED_APPS = [
    # Before Django's own: createsuperuser and changepassword go through the services.
    "riskreg.accounts",
    "riskreg.accounts.apps.AccountsAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "axes",
    "csp",
    "django_htmx",
    "heroicons",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_structlog",
    "django_prometheus",
    "riskreg.kernel",
    "riskreg.events",
    "riskreg.jobs",
    "riskreg.notify",
    "riskreg.endpoints",
    "riskreg.requests",
    "riskreg.register",
    "riskreg.risks",
    "riskreg.reviews",
    "riskreg.indicators",
    "riskreg.analysis",
    "riskreg.decisions",
    "riskreg.comments",
    "riskreg.evidence",
    "riskreg.handover",
    "riskreg.exchange",
    "riskreg.reminders",
    "riskreg.demo",
    "riskreg.operations",
    "riskreg.up",
    "riskreg.api",
    "riskreg.web",
]

MIDDLEWARE = [
    "riskreg.kernel.middleware.RequestIdMiddleware",
    "riskreg.kernel.middleware.HeadMiddleware",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "riskreg.api.core.errors.ProblemMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Below WhiteNoise, which has its own compressed files. BREACH guesses a secret from the length
    # of pages that repeat what a caller sent: this middleware adds up to 100 random bytes to each,
    # and the only secret in a page, the CSRF token, is masked anew every time.
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "riskreg.web.middleware.SafetyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "riskreg.kernel.security_middleware.SecurityLogMiddleware",
    "riskreg.accounts.middleware.PreferencesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "riskreg.web.forms.middleware.FormsMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "riskreg.kernel.request_log.RequestLogMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "riskreg.web.errors.ErrorPagesMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            # {% csrf_token %} writes the key of the form as well.
            "builtins": ["riskreg.web.templatetags.form_key"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "riskreg.web.context.shell_context",
            ],
        },
    }
]

# Data ------------------------------------------------------------------------------------------
DATABASES, DATABASE_ROUTERS, DATABASE_REPLICA_WAIT_SECONDS = databases(env, VAR_DIR)
# Where backups go; how many hours apart they are made and verified (0: not), how many are kept.
BACKUP_DIR = Path(env.str("BACKUP_DIR", default=str(VAR_DIR / "backups")))
BACKUP_HOURS = env.float("BACKUP_HOURS", default=0.0 if LOCAL else 24.0)
BACKUP_VERIFY_HOURS = env.float("BACKUP_VERIFY_HOURS", default=0.0 if LOCAL else 168.0)
BACKUP_KEEP = env.int("BACKUP_KEEP", default=14)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = broker_url(env)
# Whether there has to be one: it was named, or others use this system.
BROKER_EXPECTED = bool(env.str("REDIS_URL", default="")) or not LOCAL
CACHES = {
    "default": {
        "BACKEND": "riskreg.kernel.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "riskreg",
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A worker waits for the broker as long as it takes, where Celery would give up after 100 tries.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A task lost with its worker comes back after this many seconds; every task may run twice.
# Waking a task is a courtesy, sweeps find what was not woken: a broker that is away costs a request
# milliseconds and not the six seconds that kombu would try for.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "socket_timeout": 10,
    "socket_connect_timeout": 2,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.05,
    "interval_max": 0.1,
}
# Long work has a queue of its own. A worker takes from both unless it is told otherwise (-Q jobs).
CELERY_TASK_QUEUES: dict[str, dict[str, str]] = {"celery": {}, "jobs": {}}
CELERY_TASK_ROUTES = {"jobs.run_step": {"queue": "jobs"}}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = schedule(env)
CELERY_BEAT_SCHEDULER = "config.beat.Scheduler"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / "beat-schedule")

# Mail ------------------------------------------------------------------------------------------
MAIL_DIR = VAR_DIR / "mail"
_email_url = env.str("EMAIL_URL", default="")
# Said at start and by check --deploy; "files:" is for whoever means it.
MAIL_FORGOTTEN = not LOCAL and not _email_url
if _email_url not in ("", "files:"):
    vars().update(mail_server(env))
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = str(MAIL_DIR)
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="riskreg <riskreg@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Who hears, from the web process, that worker, beat or the sweep has stood still for so long.
OPERATOR_MAIL = env.list("OPERATOR_MAIL", default=[])
ENGINE_DEAD_SECONDS = env.int("ENGINE_DEAD_SECONDS", default=900)
# How long a claimed delivery is one worker's own before another may take it over.
DELIVERY_LEASE_SECONDS = env.int("DELIVERY_LEASE_SECONDS", default=120)
DELIVERY_MAX_ATTEMPTS = env.int("DELIVERY_MAX_ATTEMPTS", default=20)
# Messages per minute and channel, over all workers; 0 is no limit.
DELIVERY_PER_MINUTE = {
    "mail": env.int("DELIVERY_MAIL_PER_MINUTE", default=0),
    "webhook": env.int("DELIVERY_WEBHOOK_PER_MINUTE", default=0),
    "chat": env.int("DELIVERY_CHAT_PER_MINUTE", default=0),
}
# So many failures of a server in a row, and it is left alone for so long at first.
DELIVERY_CIRCUIT_FAILURES = env.int("DELIVERY_CIRCUIT_FAILURES", default=5)
DELIVERY_CIRCUIT_SECONDS = env.int("DELIVERY_CIRCUIT_SECONDS", default=60)
# Webhooks go to public https addresses only, and to these hosts: "erp.example" or "10.1.2.3:8080".
WEBHOOK_ALLOWED_HOSTS = env.list("WEBHOOK_ALLOWED_HOSTS", default=[])

# People ----------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "riskreg.accounts.adapter.ClosedSignupAdapter"
# Whoever asks for a new password of an address without an account is told the same on the page,
# and nobody is written to: the address may be a stranger's.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
# accounts/attempts.py limits attempts, with a page that says so; these are the coarse net above,
# for a client that asks without end.
ACCOUNT_RATE_LIMITS = {"login": "120/m/ip", "login_failed": "100/5m/ip"}
# The sign-in page lists the demo's accounts, whose password is public, to callers on the machine
# itself, on a local system only.
SHOW_DEMO_ACCOUNTS = LOCAL
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "web:home"
LOGOUT_REDIRECT_URL = "account_login"
# axes asks and hears of every attempt; what is counted, and for how long, is ours (attempts.py).
AXES_HANDLER = "riskreg.accounts.lockout.SignInHandler"
AXES_CLIENT_IP_CALLABLE = "riskreg.kernel.client.client_ip_or_empty"
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_CALLABLE = "riskreg.accounts.lockout.wait_page"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

KEEP_SIGN_INS_DAYS, KEEP_MESSAGES_DAYS = kept_days(env)

# Who may make a register: "administrators", or "everybody" who has an account.
REGISTER_MAKERS = env.str("REGISTER_MAKERS", default="administrators")
if REGISTER_MAKERS not in ("administrators", "everybody"):
    raise ImproperlyConfigured(
        f"REGISTER_MAKERS is administrators or everybody, not {REGISTER_MAKERS!r}"
    )

# Language and time -----------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [BASE_DIR / "riskreg" / "locale"]
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "riskreg.formats"
USE_TZ = True
USE_I18N = True

# Static files ----------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(VAR_DIR / "static")))
if LOCAL:
    # Nothing is collected locally; the folder keeps WhiteNoise from warning at every start.
    with contextlib.suppress(OSError):
        STATIC_ROOT.mkdir(parents=True, exist_ok=True)
# Files that hang on things: never below a folder that is served. Sizes in MB, 0: no limit.
EVIDENCE_DIR = Path(env.str("EVIDENCE_DIR", default=str(VAR_DIR / "evidence")))
EVIDENCE_FILE_MB = env.int("EVIDENCE_FILE_MB", default=25)
EVIDENCE_REGISTER_MB = env.int("EVIDENCE_REGISTER_MB", default=2000)
STORAGES = {
    "evidence": evidence_storage(env, EVIDENCE_DIR),
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if LOCAL
        else "riskreg.web.ui.sheets.OneSheetStorage"
    },
}
WHITENOISE_USE_FINDERS = LOCAL
# Pages link to files by names with their hash alone, and maps of scripts are for who debugs the
# libraries: to compress the others too takes three times as long.
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("map", *Compressor.SKIP_COMPRESS_EXTENSIONS)

# /readyz says no when less than this is left where the database or mails are written.
READY_FREE_MB = env.int("READY_FREE_MB", default=100)

# Safety ----------------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = not LOCAL and env.bool("SECURE_SSL_REDIRECT", default=True)
TRUST_PROXY_HEADERS = env.bool("TRUST_PROXY_HEADERS", default=False)
# How many proxies of the operator's a request passes, each of which adds to X-Forwarded-For.
PROXY_HOPS = max(1, env.int("PROXY_HOPS", default=1))
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY_HEADERS else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 0 if LOCAL else env.int("SECURE_HSTS_SECONDS", default=31_536_000)
# Other hosts of the same domain may not be ours: promising for them is the operator's to decide.
SECURE_HSTS_INCLUDE_SUBDOMAINS = env.bool("SECURE_HSTS_INCLUDE_SUBDOMAINS", default=False)
SECURE_HSTS_PRELOAD = env.bool("SECURE_HSTS_PRELOAD", default=False)
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not LOCAL
# The cache answers first, the database keeps them: signing in survives a cache that is emptied.
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"
SESSION_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [BASE_URL]
CSRF_FAILURE_VIEW = "riskreg.web.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
# First looks at how much comes: what is beyond every limit is not kept anywhere.
FILE_UPLOAD_HANDLERS = [
    "riskreg.kernel.uploads.LimitedUploadHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# Logs ------------------------------------------------------------------------------------------
# Who may read /metrics: the bearer of this; when empty, nobody.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
# RequestIdMiddleware has looked at it: it is a proper name, or one of our own.
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = logging.INFO
# What failed has its own line, with the reason, and a request one at its end.
DJANGO_STRUCTLOG_STATUS_5XX_LOG_LEVEL = logging.INFO
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = logging.DEBUG
# It would believe whatever X-Forwarded-For says; accounts/services logs a hash of the client.
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
LOG_LEVEL = env.str("LOG_LEVEL", default="") or "INFO"
REQUEST_LOG = env.bool("REQUEST_LOG", default=False)
SECURITY_LOG, SECURITY_LOG_ADDRESSES = security_log(env, VAR_DIR, LOCAL)
LOGGING = log_settings(
    LOG_LEVEL, lines_for_people=LOCAL, requests=REQUEST_LOG, security=SECURITY_LOG
)
