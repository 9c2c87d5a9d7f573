"""Django settings. Everything that differs between two centres comes from the environment."""

import json
import os
from datetime import time
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from ggzy.kernel import bucket

BASE = Path(__file__).resolve().parents[2]
VAR = Path(os.environ.get("GGZY_VAR", BASE / "var"))

#: "training" marks every page, may shift its clock; "production" refuses both.
MODE = os.environ.get("GGZY_MODE", "training")
if MODE not in {"training", "production"}:
    raise SystemExit(f"GGZY_MODE 只能是 training 或 production, 现在是 {MODE!r}")

CENTRE_ID = os.environ.get("GGZY_CENTRE", "xunlian")
CENTRE_NAME = os.environ.get("GGZY_CENTRE_NAME", "训练市公共资源交易中心")
CENTRE_REGION = os.environ.get("GGZY_REGION", "370100")
#: what regions are called, as `370100=训练市,370102=东区`; a code without a name is shown as it is
REGION_NAMES = dict(
    pair.strip().split("=", 1)
    for pair in os.environ.get(
        "GGZY_REGION_NAMES", f"{CENTRE_REGION}=训练市" if MODE == "training" else ""
    ).split(",")
    if "=" in pair
)
#: USCC of the centre, the middle part of every 统一交易标识码
CENTRE_USCC = os.environ.get("GGZY_CENTRE_USCC", "12370100MB2000001C")
LOG_ORIGIN = os.environ.get("GGZY_LOG_ORIGIN", f"openggzy.example/{CENTRE_ID}")

KEYS = Path(os.environ.get("GGZY_KEYS", VAR / "keys"))
FILES = Path(os.environ.get("GGZY_FILES", VAR / "files"))
#: a bucket beside FILES for everything that is kept (GGZY_S3_*); None: this disk alone
try:
    S3 = bucket.options(os.environ, KEYS)
except ValueError as _half:
    raise SystemExit(str(_half)) from None

DEBUG = False
SECRET_KEY = os.environ.get("GGZY_SECRET_KEY", "")
if not SECRET_KEY:
    _secret = KEYS / "django.secret"
    if not _secret.exists():
        _secret.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _fd = os.open(_secret.with_suffix(f".{os.getpid()}"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.write(_fd, os.urandom(48).hex().encode())
        os.close(_fd)
        try:
            os.link(_secret.with_suffix(f".{os.getpid()}"), _secret)
        except FileExistsError:  # another process of the same start was first: use its secret
            SECRET_KEY = ""
        os.unlink(_secret.with_suffix(f".{os.getpid()}"))
    SECRET_KEY = _secret.read_text()

ALLOWED_HOSTS = os.environ.get("GGZY_HOSTS", "127.0.0.1,localhost,testserver").split(",")

INSTALLED_APPS = [
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pgtrigger",
    "ggzy.kernel",
    "ggzy.evidence",
    "ggzy.deadlines",
    "ggzy.parties",
    "ggzy.identity",
    "ggzy.registry",
    "ggzy.projects",
    "ggzy.pilots",
    "ggzy.statutes",
    "ggzy.drafting",
    "ggzy.quantities",
    "ggzy.tendering",
    "ggzy.messages",
    "ggzy.notices",
    "ggzy.seals",
    "ggzy.publishing",
    "ggzy.venues",
    "ggzy.bidding",
    "ggzy.inquiries",
    "ggzy.changes",
    "ggzy.complaints",
    "ggzy.opening",
    "ggzy.experts",
    "ggzy.committees",
    "ggzy.evaluation",
    "ggzy.pool",
    "ggzy.objections",
    "ggzy.fronts",
    "ggzy.awarding",
    "ggzy.contracting",
    "ggzy.single_source",
    "ggzy.frameworks",
    "ggzy.innovation",
    "ggzy.deposits",
    "ggzy.papers",
    "ggzy.witnessing",
    "ggzy.archives",
    "ggzy.services",
    "ggzy.search",
    "ggzy.subscriptions",
    "ggzy.ui",
    "ggzy.portals",
]

MIDDLEWARE = [
    "ggzy.portals.middleware.RealAddress",
    "ggzy.portals.middleware.SecurityHeaders",
    "ggzy.portals.middleware.Squeeze",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "ggzy.portals.middleware.WhoIsThere",
]

ROOT_URLCONF = "ggzy.urls"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["ggzy.portals.middleware.page_frame"]},
    }
]


def _database(url: str) -> dict:
    """Return Django's settings for one postgresql:// URL (unix sockets by ?host=/path)."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "postgres",
        "USER": unquote(parts.username or "postgres"),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host") or parts.hostname or "",
        "PORT": query.get("port") or parts.port or "",
        "OPTIONS": {
            "options": "-c lock_timeout=8s -c statement_timeout=30s -c TimeZone=UTC",
            "pool": _pool(),
        },
        "CONN_MAX_AGE": 0,
        # a restarted server must not fail the first request on each pooled connection
        "CONN_HEALTH_CHECKS": True,
    }


def _pool() -> bool | dict:
    size = int(os.environ.get("GGZY_POOL", "12"))
    return {"min_size": 1, "max_size": size, "timeout": 20} if size else False


DATABASES = {
    "default": _database(os.environ.get("DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/ggzy"))
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = None  # whitenoise serves the sources of each app; there is no collecting step
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 300

PASSWORD_HASHERS = ["ggzy.identity.hashers.Argon2id"]
SESSION_HOURS = 12
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = os.environ.get("GGZY_HTTPS", "") == "1"
CSRF_FAILURE_VIEW = "ggzy.portals.middleware.csrf_refused"
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024
#: a sheet of 60 bids and 60 items with reasons is posted as one form
DATA_UPLOAD_MAX_NUMBER_FIELDS = 8000
FILE_UPLOAD_TEMP_DIR = None

#: seconds between escrow batches and checkpoints; the promise an acknowledgement makes
ESCROW_SECONDS = float(os.environ.get("GGZY_ESCROW_SECONDS", "60"))
CHECKPOINT_SECONDS = float(os.environ.get("GGZY_CHECKPOINT_SECONDS", "1"))
#: a deadline or decryption window that ends while nobody could reach the platform for this long is not let pass; 0 = never
#: when the counter is open on a working day, and what this centre promises and charges beside the house's own:
#: {"admission": {"minutes": 30, "fee": "0", "fee_basis": ""}}
SERVICE_HOURS = tuple(
    time.fromisoformat(at) for at in os.environ.get("GGZY_SERVICE_HOURS", "09:00-17:00").split("-")
)
#: 公开招标数额标准 of this centre's region in 元: from here on buying from one supplier needs an approval (政府采购法27)
OPEN_TENDER_THRESHOLD = Decimal(os.environ.get("GGZY_OPEN_TENDER_THRESHOLD", "2000000"))
SERVICES = json.loads(os.environ.get("GGZY_SERVICES", "{}"))
OUTAGE_GAP_SECONDS = float(os.environ.get("GGZY_OUTAGE_GAP_SECONDS", "120"))
MERGE_DELAY_SECONDS = int(os.environ.get("GGZY_MERGE_DELAY_SECONDS", "180"))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # "django.request" warns with the path of each refused request: a refusal at a sealed round must leave no line
    "loggers": {
        "django.request": {"level": "ERROR"},
        "httpx": {"level": "WARNING"},
        "fontTools": {"level": "WARNING"},
        "pyhanko": {"level": "WARNING"},
    },
}

#: minutes kept free after each booking of a room or a person
BOOKING_BUFFER_MINUTES = int(os.environ.get("GGZY_BOOKING_BUFFER_MINUTES", "15"))
#: what an expert is told of the place: the city, never the venue
CENTRE_CITY = os.environ.get("GGZY_CITY", "训练市" if MODE == "training" else CENTRE_NAME)
#: years of an expert's term of appointment; points of a year, and the points left at which the draw pauses
POOL_TERM_YEARS = int(os.environ.get("GGZY_POOL_TERM_YEARS", "3"))
POOL_POINTS = int(os.environ.get("GGZY_POOL_POINTS", "12"))
POOL_PAUSE_AT = int(os.environ.get("GGZY_POOL_PAUSE_AT", "0"))
POOL_PAUSE_DAYS = int(os.environ.get("GGZY_POOL_PAUSE_DAYS", "90"))
#: hours of training a year, and those that a paused expert needs before being drawn again
POOL_YEAR_HOURS = int(os.environ.get("GGZY_POOL_YEAR_HOURS", "8"))
POOL_RETURN_HOURS = int(os.environ.get("GGZY_POOL_RETURN_HOURS", "4"))
#: the exam: questions for everybody, questions of the own specialties, points of 100 to pass, attempts, minutes
EXAM_COMMON = int(os.environ.get("GGZY_EXAM_COMMON", "8"))
EXAM_SPECIAL = int(os.environ.get("GGZY_EXAM_SPECIAL", "4"))
EXAM_PASS = int(os.environ.get("GGZY_EXAM_PASS", "80"))
EXAM_ATTEMPTS = int(os.environ.get("GGZY_EXAM_ATTEMPTS", "3"))
EXAM_MINUTES = int(os.environ.get("GGZY_EXAM_MINUTES", "60"))
#: what experts are paid (pool/fees.toml is training data)
POOL_FEES = Path(os.environ.get("GGZY_FEES", BASE / "src" / "ggzy" / "pool" / "fees.toml"))
#: minutes in which all parties of a draw must reveal their seeds once all have committed
SEED_MINUTES = int(os.environ.get("GGZY_SEED_MINUTES", "30"))
#: minutes after the beginning of a session from which who has not checked in may be noted as absent
LATE_MINUTES = int(os.environ.get("GGZY_LATE_MINUTES", "30"))
#: experts a draw must find for each place, so that its conditions name nobody
DRAW_LEAST_POOL = int(os.environ.get("GGZY_DRAW_LEAST_POOL", "3"))
#: what this centre leaves out of every draw where the owner side says nothing (experts.rules.Conditions)
DRAW_CONDITIONS = json.loads(os.environ.get("GGZY_DRAW_CONDITIONS", "{}"))
#: scope (GC, GP) → the pool this centre is a draw terminal of: {"name", "adapter", …} as JSON; a scope that is not named
#: draws from the centre's own pool
EXPERT_SOURCES = json.loads(os.environ.get("GGZY_EXPERT_SOURCES", "{}"))
if any(not {"name", "adapter"} <= set(_one) for _one in EXPERT_SOURCES.values()):
    raise SystemExit("GGZY_EXPERT_SOURCES 的每一项都要有 name(专家库名称)和 adapter(接入方式)")
#: the adapter of partners' pools under an agreement; seconds between two questions to another pool
PARTNER_POOL = os.environ.get("GGZY_PARTNER_POOL", "ggzy.adapters.pools.http.PartnerPool")
SOURCE_SECONDS = float(os.environ.get("GGZY_SOURCE_SECONDS", "10"))
#: days after the check-in for which the name and employer of another pool's expert are kept whole
GUEST_DAYS = int(os.environ.get("GGZY_GUEST_DAYS", "180"))
#: the adapter of SMS and voice calls to experts (ggzy.adapters.calls); "" where a centre has none
CALLS = os.environ.get(
    "GGZY_CALLS",
    "ggzy.adapters.calls.http.HttpCalls"
    if os.environ.get("GGZY_CALLS_URL")
    else ("ggzy.adapters.calls.twin.TwinCalls" if MODE == "training" else ""),
)
#: the adapters of mail and SMS to people (ggzy.adapters.mail, ggzy.adapters.sms); "" where a centre has none: messages
#: then stand in the inbox alone. GGZY_SMTP_URL: smtp://user:password@host:587?starttls=1 or smtps://…
MAILER = os.environ.get(
    "GGZY_MAILER",
    "ggzy.adapters.mail.smtp.SmtpMailer"
    if os.environ.get("GGZY_SMTP_URL")
    else ("ggzy.adapters.mail.twin.TwinMailer" if MODE == "training" else ""),
)
SMTP_URL = os.environ.get("GGZY_SMTP_URL", "")
MAIL_FROM = os.environ.get("GGZY_MAIL_FROM", "")
if SMTP_URL and not MAIL_FROM:
    raise SystemExit("设置了GGZY_SMTP_URL, 还要用GGZY_MAIL_FROM写明发件人地址, 例如 notice@example.gov.cn")
SMS = os.environ.get(
    "GGZY_SMS",
    "ggzy.adapters.sms.http.HttpSms"
    if os.environ.get("GGZY_SMS_URL")
    else ("ggzy.adapters.sms.twin.TwinSms" if MODE == "training" else ""),
)
SMS_URL = os.environ.get("GGZY_SMS_URL", "").rstrip("/")
SMS_TOKEN = os.environ.get("GGZY_SMS_TOKEN", "")
if SMS_URL and not SMS_TOKEN:
    raise SystemExit("设置了GGZY_SMS_URL, 还要用GGZY_SMS_TOKEN写明与短信平台约定的密钥")
#: the adapter of the bank that holds bid deposits in sub-accounts (ggzy.adapters.bank); "" where a centre has none:
#: then bidders choose from the other forms. BANK_USCC: whose accounts see the bank's side of the finance bench
BANK = os.environ.get(
    "GGZY_BANK",
    "ggzy.adapters.bank.http.HttpBank"
    if os.environ.get("GGZY_BANK_URL")
    else ("ggzy.adapters.bank.twin.TwinBank" if MODE == "training" else ""),
)
BANK_URL = os.environ.get("GGZY_BANK_URL", "").rstrip("/")
BANK_TOKEN = os.environ.get("GGZY_BANK_TOKEN", "演示银行" if MODE == "training" and not BANK_URL else "")
if BANK and not BANK_TOKEN:
    raise SystemExit("设置了GGZY_BANK_URL, 还要用GGZY_BANK_TOKEN写明与银行约定的密钥")
BANK_USCC = os.environ.get("GGZY_BANK_USCC", "91370100M9000010XA" if MODE == "training" else "")
#: where the training centre's stand-in keeps its own book: a bank's memory is not our database
TWIN_BANK_BOOK = VAR / "twin-bank.jsonl"
#: demand rate by the day from which it holds, as the bank has published it; and the benchmark of 87号令38
DEMAND_RATES = json.loads(os.environ.get("GGZY_DEMAND_RATES", '{"2012-07-06": "0.0035"}'))
BENCHMARK_RATE = os.environ.get("GGZY_BENCHMARK_RATE", "0.015")
#: seconds between two questions for what became of a payment
BANK_SECONDS = float(os.environ.get("GGZY_BANK_SECONDS", "5"))
#: per cent of the handling clock of a complaint at which it warns: blue, yellow, orange, red
COMPLAINT_WARNINGS = tuple(
    int(share) for share in os.environ.get("GGZY_COMPLAINT_WARNINGS", "50,75,90,100").split(",")
)
if len(COMPLAINT_WARNINGS) != 4 or list(COMPLAINT_WARNINGS) != sorted(COMPLAINT_WARNINGS):
    raise SystemExit("GGZY_COMPLAINT_WARNINGS应为四个从小到大的百分数, 例如50,75,90,100")
#: days that a complaint may make a procurement stand still, all its orders together; the law's ceiling is 30
COMPLAINT_ORDER_DAYS = min(30, int(os.environ.get("GGZY_COMPLAINT_ORDER_DAYS", "30")))
#: working days to mend a complaint that lacks something
COMPLAINT_CORRECTION_DAYS = int(os.environ.get("GGZY_COMPLAINT_CORRECTION_DAYS", "5"))
#: seconds before a provider that does not answer is given up for this try
SENDING_SECONDS = float(os.environ.get("GGZY_SENDING_SECONDS", "5"))
#: minutes in which a called expert must answer; longer in training, where one visitor plays every part, and where no
#: phone rings and experts look at their page
CALL_MINUTES = int(
    os.environ.get("GGZY_CALL_MINUTES") or (30 if MODE == "training" else 3 if CALLS else 24 * 60)
)
#: where anyone finds this platform: the address that stands in what is sent to the media
_HERE = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"
PUBLIC_ADDRESS = os.environ.get("GGZY_PUBLIC_ADDRESS", _HERE).rstrip("/")
#: 交易系统标识码 in the envelope of the exchange specification
TRADE_SYSTEM_NO = os.environ.get("GGZY_TRADE_SYSTEM_NO", f"{CENTRE_REGION}000001")
#: whether this platform is itself a designated medium for construction notices (10号令)
PLATFORM_IS_MEDIUM = os.environ.get("GGZY_PLATFORM_IS_MEDIUM", "") == "1"
#: medium → {"adapter", "url", "form", "token", "secret"} as JSON; twins in training, nothing in production
_TWIN = {"adapter": "ggzy.adapters.outlets.twin.TwinOutlet"}
OUTLETS = (
    json.loads(os.environ["GGZY_OUTLETS"])
    if os.environ.get("GGZY_OUTLETS")
    else dict.fromkeys(("ceb", "province", "ccgp"), _TWIN)
    if MODE == "training"
    else {}
)
#: the adapter of the registers that verify records (ggzy.adapters.registers); "" where a centre has none
REGISTERS = os.environ.get(
    "GGZY_REGISTERS",
    "ggzy.adapters.registers.http.HttpRegisters"
    if os.environ.get("GGZY_REGISTERS_URL")
    else ("ggzy.adapters.registers.twin.TwinRegisters" if MODE == "training" else ""),
)
#: the adapter of the face gate at the evaluation area (ggzy.adapters.faces); "" where a centre has none: the log says so
FACES = os.environ.get(
    "GGZY_FACES",
    "ggzy.adapters.faces.http.HttpFaceGate"
    if os.environ.get("GGZY_FACES_URL")
    else ("ggzy.adapters.faces.twin.TwinFaceGate" if MODE == "training" else ""),
)
#: minutes a site may be cut off before the whole meeting is paused; hours another centre has to answer a request
SITE_CUT_MINUTES = int(os.environ.get("GGZY_SITE_CUT_MINUTES", "15"))
SITE_ANSWER_HOURS = int(os.environ.get("GGZY_SITE_ANSWER_HOURS", "24"))
#: what follows when a CA's revocation list is out of date or not there: "warn" lets acts go on and says so, "refuse" stops them
STALE_CRL = os.environ.get("GGZY_STALE_CRL", "warn" if MODE == "training" else "refuse")
if STALE_CRL not in {"warn", "refuse"}:
    raise SystemExit(f"GGZY_STALE_CRL 只能是 warn 或 refuse, 现在是 {STALE_CRL!r}")
#: hours between two questions for a revocation list
CRL_HOURS = float(os.environ.get("GGZY_CRL_HOURS", "6"))
#: helpers of USB keys on the visitor's own machine: [{"name", "kind": "sof", "address": loopback}]; pages may ask no other
UKEY_HELPERS = json.loads(os.environ.get("GGZY_UKEY_HELPERS", "null"))
if UKEY_HELPERS is None:
    _EMULATOR = {"name": "USB Key 模拟器(演示)", "kind": "sof", "address": "http://127.0.0.1:8780"}
    UKEY_HELPERS = [_EMULATOR] if MODE == "training" else []
for _one in UKEY_HELPERS:
    if urlsplit(_one["address"]).hostname not in {"127.0.0.1", "localhost", "::1"} or _one["kind"] != "sof":
        raise SystemExit(f"GGZY_UKEY_HELPERS 只能是本机地址和已有的接口(sof), 现在是 {_one!r}")
#: CA of the trust list → its adapter (ggzy.adapters.authorities); "*" for every other one
AUTHORITIES = {
    "*": "ggzy.adapters.authorities.http.HttpAuthority",
    **(
        dict.fromkeys(("training", "training-sm2"), "ggzy.adapters.authorities.training.TrainingAuthority")
        if MODE == "training"
        else {}
    ),
    **json.loads(os.environ.get("GGZY_AUTHORITIES", "{}")),
}
#: the adapter of the timestamp authority (ggzy.adapters.timestamps); "" where a centre has none: seals are then B-B
TIMESTAMPS = os.environ.get(
    "GGZY_TIMESTAMPS",
    "ggzy.adapters.timestamps.http.HttpTimestamps"
    if os.environ.get("GGZY_TSA_URL")
    else ("ggzy.adapters.timestamps.training.TrainingTimestamps" if MODE == "training" else ""),
)
#: the longest wait for one timestamp, in seconds; after that the seal stands without and the worker asks again
TSA_SECONDS = float(os.environ.get("GGZY_TSA_SECONDS", "3"))
#: purposes (tender, file, letter, paper, contract, …, or "*") whose seals need an SM2 signature beside, comma-separated
SM2_BESIDE = frozenset(filter(None, os.environ.get("GGZY_SM2_BESIDE", "").split(",")))
#: minutes after which an act that binds, and carries no signed document, wants the certificate proved again
STEP_UP_MINUTES = int(os.environ.get("GGZY_STEP_UP_MINUTES", "30"))
#: whether centre, supervisor and administrators may work with a password alone ("offered") or not ("required")
STAFF_SECOND_FACTOR = os.environ.get(
    "GGZY_STAFF_SECOND_FACTOR", "offered" if MODE == "training" else "required"
)
if STAFF_SECOND_FACTOR not in {"required", "offered"}:
    raise SystemExit(f"GGZY_STAFF_SECOND_FACTOR 只能是 required 或 offered, 现在是 {STAFF_SECOND_FACTOR!r}")
#: wrong passwords from one block of addresses (/24, /64) in 15 minutes, whatever the names; an office shares one address
LOGIN_ADDRESS_FAILURES = int(os.environ.get("GGZY_LOGIN_ADDRESS_FAILURES", "60"))
#: a reverse proxy on this machine stands in front and adds the caller's address to X-Forwarded-For
BEHIND_PROXY = os.environ.get("GGZY_BEHIND_PROXY", "") == "1"
