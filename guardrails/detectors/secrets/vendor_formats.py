"""Vendors' formats: tokens that show by their own form whose they are, as the vendors document or publish them."""

from typing import NamedTuple


class Format(NamedTuple):
    """``prefix`` and ``body`` are RE2; the body is what must look random. ``tail`` is of what else may follow: up
    to 300 characters, or ``endless``: then the finding is known before its end is, and all is looked for again there.
    """

    label: str
    prefix: str
    body: str
    score: float = 0.9
    tail: str = r"[\w-]"
    endless: bool = False


_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_WORD = r"[A-Za-z0-9]"
_URL = r"[\w-]"  # the alphabet of base 64 in URLs
_BASE64 = r"[A-Za-z0-9+/]"
_BASE64_TAIL = r"[A-Za-z0-9+/=]"

CLOUD = (
    Format("AWS_ACCESS_KEY", r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])", r"[A-Z0-9]{16}\b", tail=""),
    Format("AWS_SECRET_KEY", r"ABSK", _BASE64 + r"{100}", tail=_BASE64_TAIL),
    Format("AWS_SECRET_KEY", r"bedrock-api-key-", _BASE64 + r"{28}", tail=_BASE64_TAIL, endless=True),
    Format("AWS_SECRET_KEY", r"amzn\.mws\.", _UUID),
    Format("GOOGLE_API_KEY", r"AIza", _URL + r"{35}"),
    Format("GOOGLE_API_KEY", r"AQ\.Ab8", r"[\w-]{40}"),
    Format("GOOGLE_OAUTH", r"GOCSPX-", _URL + r"{24}"),
    Format("GOOGLE_OAUTH", r"ya29\.", r"[\w-]{30}", tail=r"[\w.-]", endless=True),
    Format("GOOGLE_OAUTH", r"1//0", r"[\w-]{40}"),
    Format("AZURE_KEY", r"[A-Za-z0-9_~.]{3}\dQ~", r"[\w~.-]{31}", tail=r"[\w~.-]"),
    Format("ALIBABA_KEY", r"LTAI", _WORD + r"{12,20}\b", tail=""),
    Format("TENCENT_KEY", r"AKID", _WORD + r"{32}\b", tail=""),
    Format("YANDEX_KEY", r"t1\.[\w-]{1,100}={0,2}\.", r"[\w-]{86}={0,2}"),
    Format("YANDEX_KEY", r"AQVN", r"[\w-]{35}"),
    Format("YANDEX_KEY", r"YC", r"[\w-]{38}\b", 0.6, tail=""),
    Format("DIGITALOCEAN_TOKEN", r"do[opr]_v1_", r"[a-f0-9]{64}"),
    Format("HEROKU_KEY", r"HRKU-", r"[\w-]{36}"),
    Format("CLOUDFLARE_KEY", r"v1\.0-[a-f0-9]{24}-", r"[a-f0-9]{140}"),
    Format("FLYIO_TOKEN", r"fo1_", r"[\w-]{43}"),
    Format("FLYIO_TOKEN", r"fm(?:1[ar]|2)_", r"[A-Za-z0-9+/]{60}", tail=r"[A-Za-z0-9+/=,_]", endless=True),
    Format("SUPABASE_KEY", r"(?:sbp_|sb_secret_)(?:oauth_|v0_)?", r"[\w-]{28}"),
    Format("VERCEL_TOKEN", r"vc[pkiar]_|vercel_blob_rw_", r"\w{24}"),
    Format("NETLIFY_TOKEN", r"nf[pcoub]_", _WORD + r"{36}"),
    Format("PLANETSCALE_TOKEN", r"pscale_(?:tkn|oauth|pw|api)_", r"[\w=.-]{32}", tail=r"[\w=.-]"),
    Format("API_KEY", r"(?:rnd|napi|neon_api)_", _WORD + r"{28}", 0.8),
    Format("API_KEY", r"SCW", r"[A-Z0-9]{17}\b", 0.55, tail=""),
    Format("API_KEY", r"K00\d", r"[A-Za-z0-9+/]{27}\b", 0.7, tail=""),
    Format("API_KEY", r"tk-us-", r"[\w-]{48}"),
    Format("API_KEY", r"4b1d", _WORD + r"{38}\b", 0.8, tail=""),
)

CODE = (
    Format("GITHUB_TOKEN", r"gh[pousr]_", _WORD + r"{36}", 0.85),
    Format("GITHUB_TOKEN", r"github_pat_", r"[A-Za-z0-9_]{50}"),
    Format("GITLAB_TOKEN", r"(?:glpat|gldt|glptt|glrt|glrtr|glft|glimt|glagent|gloas|glcbt|glsoat|glffct|glwt)-",
           r"[\w.-]{20}", tail=r"[\w.-]"),
    Format("GITLAB_TOKEN", r"GR1348941", r"[\w-]{20}"),
    Format("GITLAB_TOKEN", r"_gitlab_session=", r"[0-9a-z]{32}"),
    Format("ATLASSIAN_TOKEN", r"AT[AC]TT3", r"[\w=-]{60}", tail=r"[\w=-]", endless=True),
    Format("ATLASSIAN_TOKEN", r"ATBB", _WORD + r"{28}\b", tail=""),
    Format("ATLASSIAN_TOKEN", r"BBDC-", r"[A-Za-z0-9+/@-]{40}", tail=_BASE64_TAIL),
    Format("ATLASSIAN_TOKEN", r"ATTA", r"[a-f0-9]{64}"),
    Format("NPM_TOKEN", r"npm_", _WORD + r"{36}", 0.85),
    Format("PYPI_TOKEN", r"pypi-AgE", r"[\w-]{40}", endless=True),
    Format("RUBYGEMS_TOKEN", r"rubygems_", r"[a-f0-9]{48}"),
    Format("CARGO_TOKEN", r"cio", _WORD + r"{32}\b", 0.8, tail=""),
    Format("DOCKER_TOKEN", r"dckr_[op]at_", r"[\w-]{27}"),
    Format("JFROG_TOKEN", r"AKCp", _WORD + r"{69}"),
    Format("JFROG_TOKEN", r"cmVmd", _WORD + r"{59}"),
    Format("JFROG_TOKEN", r"AKC[a-zA-Z0-9]", _WORD + r"{60}"),
    Format("TERRAFORM_TOKEN", _WORD + r"{14}\.atlasv1\.", r"[\w=-]{60}", tail=r"[\w=-]"),
    Format("VAULT_TOKEN", r"hv[sbr]\.", r"[\w-]{24}"),
    Format("VAULT_TOKEN", r"[sbr]\.", _WORD + r"{24}\b", 0.7, tail=""),
    Format("PULUMI_TOKEN", r"pul-", r"[a-f0-9]{40}"),
    Format("DOPPLER_TOKEN", r"dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[\w-]{1,40}\.)?", _WORD + r"{40}"),
    Format("SONAR_TOKEN", r"sq[uapbt]_", r"[a-f0-9]{40}"),
    Format("SOURCEGRAPH_TOKEN", r"sgp_(?:[a-fA-F0-9]{16}_|local_)?", r"[a-fA-F0-9]{40}"),
    Format("SOURCEGRAPH_TOKEN", r"slk_", r"[a-f0-9]{64}"),
    Format("API_KEY", r"CCIP(?:AT|RJ)_", r"[\w]{30}"),
    Format("API_KEY", r"bk(?:ua|pt|ct|at)_", _WORD + r"{36}"),
    Format("API_KEY", r"CLOJARS_", r"(?i:[a-z0-9]{60})"),
    Format("API_KEY", r"oy2", r"[a-z0-9]{43}\b", tail=""),
    Format("API_KEY", r"API-", r"[A-Z0-9]{25}[A-Z0-9]{0,8}\b", tail=""),
    Format("API_KEY", r"(?:pat|sat)\.[\w-]{22}\.", _WORD + r"{24}\." + _WORD + r"{20}"),
    Format("API_KEY", r"ico-", _WORD + r"{32}"),
    Format("API_KEY", r"pn[ub]_", _WORD + r"{36}"),
    Format("API_KEY", r"dbt[cu]_", r"[\w+=/-]{30}"),
    Format("API_KEY", r"endr\+", r"[\w-]{16}"),
    Format("API_KEY", r"sm_(?:aat|pat|sat)_", _WORD + r"{16}"),
    Format("API_KEY", r"s-s4t2(?:ud|af)-", r"[a-f0-9]{64}"),
    Format("API_KEY", r"(?:exp|ent)_[a-z]{2,6}_", r"[\w-]{40}", 0.7),
    Format("API_KEY", r"sha256~", r"[\w-]{43}\b", tail=""),
    Format("API_KEY", r"snyk_(?:uat|sat)\.[a-z0-9]{8}\.", r"[\w-]{20}", tail=r"[\w.-]"),
    Format("API_KEY", r"figd_", r"[\w-]{38}"),
    Format("API_KEY", r"lin_(?:api|oauth)_", _WORD + r"{40}"),
    Format("API_KEY", r"ntn_", _WORD + r"{40}"),
    Format("API_KEY", r"secret_", _WORD + r"{43}"),
    Format("API_KEY", r"(?:key|app|tbl)" + _WORD + r"{3}", _WORD + r"{11}\b", 0.3, tail=""),
    Format("API_KEY", r"pat" + _WORD + r"{14}\.", r"[a-f0-9]{64}"),
    Format("API_KEY", r"PMAK-[a-fA-F0-9]{24}-", r"[a-fA-F0-9]{34}"),
    Format("API_KEY", r"PMAT-", r"[0-9A-Z]{26}"),
    Format("API_KEY", r"rdme_", r"[a-z0-9]{70}"),
    Format("API_KEY", r"(?:fio-u|dnkey)-", r"[\w=-]{50}", tail=r"[\w=-]"),
    Format("API_KEY", r"CFPAT-", r"[\w-]{40}"),
    Format("API_KEY", r"(?:sc|ext|scauth|authress)_[A-Za-z0-9]{5,30}\.[A-Za-z0-9]{4,6}\.(?i:acc)[_-]",
           r"[A-Za-z0-9-]{10,32}\.[\w+/=-]{30}", tail=r"[\w+/=-]"),
    Format("API_KEY", r"tskey-(?:auth|api|client|scim|webhook)-(?:\w{8,24}-)?", _WORD + r"{16}"),
    Format("API_KEY", r"A3-", r"[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-"
           r"[A-Z0-9]{5}"),
    Format("API_KEY", r"ops_eyJ", r"[\w-]{100}", tail=r"[\w=-]", endless=True),
    Format("API_KEY", r"p8e-", r"(?i:[a-z0-9]{32})"),
    Format("PRIVATE_KEY", r"(?i:AGE-SECRET-KEY-1)", r"(?i:[QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L]{58})"),
)

MODELS = (
    Format("ANTHROPIC_KEY", r"sk-ant-(?:api|admin|oat|sid|ort)?\d{0,2}-?", r"[\w-]{60}"),
    Format("OPENAI_KEY", r"sk-(?:proj|svcacct|admin|service|None)-", r"[\w-]{40}"),
    Format("OPENAI_KEY", r"sk-", _WORD + r"{20}T3BlbkFJ" + _WORD + r"{20}"),
    Format("OPENAI_KEY", r"sk-", _WORD + r"{32}", 0.8),
    Format("OPENAI_KEY", r"sess-", _WORD + r"{40}"),
    Format("API_KEY", r"sk-or-v1-", r"[a-f0-9]{64}"),
    Format("API_KEY", r"sk-(?:lf|litellm|mcp|ws|cp|kimi)-", r"[\w-]{20}", 0.8),
    Format("HUGGINGFACE_TOKEN", r"(?:hf_|api_org_)", _WORD + r"{34}"),
    Format("API_KEY", r"(?:gsk|xai|pplx|nvapi|r8|fw|csk|pcsk|jina|tgp_v1|voyage|pa|esecret|wandb_v1|pk-lf)[_-]",
           r"[\w-]{36}"),
    Format("API_KEY", r"lsv2_(?:pt|sk)_", r"[a-f0-9]{32}_[a-f0-9]{10}"),
    Format("API_KEY", r"(?:tvly|fc)-(?:dev-|prod-)?", _WORD + r"{32}"),
    Format("API_KEY", r"sk_", r"[a-f0-9]{48}\b", 0.9, tail=""),
)

MESSAGING = (
    Format("SLACK_TOKEN", r"xox[abposre]-(?:\d{1,14}-){0,4}", r"[A-Za-z0-9-]{10,64}", 0.9, tail=r"[\w-]"),
    Format("SLACK_TOKEN", r"xoxe(?:\.xox[bp])?-\d-", r"[A-Za-z0-9-]{40}"),
    Format("SLACK_TOKEN", r"xoxd-", r"[A-Za-z0-9%+/=_-]{40}", tail=r"[A-Za-z0-9%+/=_-]"),
    Format("SLACK_TOKEN", r"(?i:xapp)-\d-[A-Za-z0-9]{5,20}-\d{1,16}-", r"(?i:[a-z0-9]{24})"),
    Format("TELEGRAM_TOKEN", r"\d{5,16}:A", r"[\w-]{34}\b", tail=""),
    Format("DISCORD_TOKEN", r"(?:mfa\.|[MNO][A-Za-z\d_-]{22,27}\.[\w-]{6}\.)", r"[\w-]{27}"),
    Format("TWILIO_KEY", r"SK", r"[0-9a-fA-F]{32}\b", tail=""),
    Format("TWILIO_KEY", r"AC", r"[0-9a-f]{32}\b", 0.4, tail=""),
    Format("SENDGRID_KEY", r"SG\.", r"[\w-]{20,24}\.[\w-]{39,50}", tail=r"[\w.-]"),
    Format("SENDGRID_KEY", r"SG\.", r"[A-Za-z0-9=_.-]{66}", tail=r"[\w.-]"),
    Format("MAILGUN_KEY", r"key-", r"[a-f0-9]{32}\b", tail=""),
    Format("MAILGUN_KEY", r"pubkey-", r"[a-f0-9]{32}\b", 0.55, tail=""),
    Format("MAILGUN_KEY", r"", r"[a-f0-9]{32}-[a-f0-9]{8}-[a-f0-9]{8}\b", tail=""),
    Format("MAILCHIMP_KEY", r"", r"[0-9a-f]{32}-us\d{1,2}\b", tail=""),
    Format("SENDINBLUE_KEY", r"xkeysib-", r"[a-f0-9]{64}-(?i:[a-z0-9]{16})"),
    Format("SENDINBLUE_KEY", r"xsmtpsib-", r"[a-f0-9]{64}-(?i:[a-z0-9]{16})"),
    Format("API_KEY", r"mlsn\.", r"[a-f0-9]{64}"),
    Format("API_KEY", r"re_", r"[A-Za-z0-9]{6,10}_[A-Za-z0-9]{22,26}\b", tail=""),
    Format("API_KEY", r"AAAA[\w-]{7}:", r"[\w-]{134}"),
    Format("API_KEY", r"b_", r"[a-z0-9=_-]{44}\b", 0.7, tail=""),
    Format("API_KEY", r"(?:sub|pub|sec)-c-", r"[A-Za-z0-9+/=-]{36}", 0.8, tail=_BASE64_TAIL),
    Format("API_KEY", r"tfp_", r"[\w=.-]{44}", tail=r"[\w=.-]"),
    Format("API_KEY", r"pat-(?:na|eu|ap)\d-", _UUID),
    Format("API_KEY", r"00[A-Za-z]", r"[\w=-]{39}\b", 0.8, tail=""),
    Format("API_KEY", r"00D[A-Za-z0-9]{12,15}!", r"[\w.]{60}"),
    Format("API_KEY", r"dG9rO[jA-Za-z]", _BASE64 + r"{52}", tail=_BASE64_TAIL),
    Format("FACEBOOK_TOKEN", r"EAA[A-Z]", _WORD + r"{26}", endless=True),
    Format("FACEBOOK_TOKEN", r"\d{15,16}(?:\||%7C)", r"[\w-]{27}"),
    Format("FACEBOOK_TOKEN", r"IG[QA][A-Z]", r"[\w-]{60}"),
    Format("TWITTER_TOKEN", r"A{20,24}", r"[A-Za-z0-9%]{60}", tail=r"[A-Za-z0-9%]"),
    Format("TWITTER_TOKEN", r"\d{15,20}-", _WORD + r"{38,45}\b", 0.8, tail=""),
    Format("API_KEY", r"pina_", r"[\w-]{32}"),
    Format("DROPBOX_TOKEN", r"sl\.(?:u\.)?", r"[\w-]{60}", endless=True),
)

COMMERCE = (
    Format("STRIPE_KEY", r"(?:sk|rk)_(?:test|live|prod)_", r"[A-Za-z0-9]{10,99}"),
    Format("STRIPE_KEY", r"whsec_", r"[A-Za-z0-9+/]{24}", tail=_BASE64_TAIL),
    Format("STRIPE_KEY", r"pk_(?:test|live)_", _WORD + r"{10,99}", 0.4),
    Format("SQUARE_TOKEN", r"(?:EAAA|sq0[a-z]{3}-)", r"[\w-]{22,60}"),
    Format("SHOPIFY_TOKEN", r"shp(?:at|ca|pa|ss|tka|ua|pp)_", r"[a-fA-F0-9]{32}"),
    Format("API_KEY", r"access_token\$(?:production|sandbox)\$[a-z0-9]{16}\$", r"[a-f0-9]{32}"),
    Format("API_KEY", r"access-(?:sandbox|development|production)-", _UUID),
    Format("API_KEY", r"EZ[AT]K", r"[A-Za-z0-9]{54}"),
    Format("API_KEY", r"FLW(?:PUB|SEC)K_TEST-", r"[a-hA-H0-9]{12,32}"),
    Format("API_KEY", r"FLW(?:PUB|SEC)K-", r"[a-zA-Z0-9]{30,34}"),
    Format("API_KEY", r"shippo_(?:live|test)_", r"[a-f0-9]{40}"),
    Format("API_KEY", r"duffel_(?:test|live)_", r"[\w=-]{43}", tail=r"[\w=-]"),
    Format("API_KEY", r"(?:live|test)_(?:pub_)?", r"[a-f0-9]{31,35}\b", 0.8, tail=""),
    Format("API_KEY", r"(?:live|test)_", r"[A-Za-z0-9_=-]{28,44}\b", 0.7, tail=""),
    Format("API_KEY", r"rzp_(?:live|test)_", _WORD + r"{14}"),
    Format("API_KEY", r"c[ks]_", r"[a-f0-9]{40}\b", 0.8, tail=""),
    Format("API_KEY", r"AQE", r"[A-Za-z0-9+/=-]{60}", 0.7, tail=_BASE64_TAIL),
    Format("API_KEY", r"sk_(?:sbox_)?", _UUID),
    Format("API_KEY", r"whsk_|shpss_|gocardless_", r"[\w-]{32}"),
)

WATCHING = (
    Format("DATABRICKS_TOKEN", r"dapi", r"[a-f0-9]{32}(?:-\d)?\b", tail=""),
    Format("DATABRICKS_TOKEN", r"dose", r"[a-f0-9]{32}\b", tail=""),
    Format("DATADOG_KEY", r"dd(?:pat|app|api)_", _WORD + r"{30}"),
    Format("NEWRELIC_KEY", r"NR(?:AK|II|JS|RA|AL|IQ)-", r"[A-Za-z0-9-]{19}"),
    Format("NEWRELIC_KEY", r"", r"[a-f0-9]{36}NRAL\b", tail=""),
    Format("GRAFANA_TOKEN", r"gl(?:c|sa)_", r"[A-Za-z0-9+/]{32}", tail=r"[A-Za-z0-9+/=_]", endless=True),
    Format("GRAFANA_TOKEN", r"eyJrIjoi", r"[A-Za-z0-9]{60}", tail=_BASE64_TAIL),
    Format("DYNATRACE_TOKEN", r"(?i:dt0[a-z]\d\d)\.[A-Za-z0-9]{8,24}\.", r"[A-Za-z0-9]{64}"),
    Format("SENTRY_TOKEN", r"sntrys_eyJ", r"[\w+/=-]{60}", tail=r"[\w+/=-]", endless=True),
    Format("SENTRY_TOKEN", r"sntry[uia]_", r"[a-f0-9]{64}"),
    Format("API_KEY", r"(?:hcaik|hcbik|hcalk|hcamk|hc[abc]{1,2}[il]?[mck])_", _WORD + r"{30}"),
    Format("API_KEY", r"phx_", r"[\w]{36}"),
    Format("API_KEY", r"(?:sdk|api|mob)-", _UUID),
    Format("API_KEY", r"dop_v1_|secret-", r"[A-Za-z0-9]{43}", 0.8),
    Format("API_KEY", r"\d\.[a-z0-9]{10,30}\.", r"[A-Za-z0-9_-]{60}", 0.55),
    Format("API_KEY", r"sk\.eyJ1", r"[\w-]{40}", tail=r"[\w.-]"),
    Format("API_KEY", r"pk\.[a-z0-9]{60}\.", r"[a-z0-9]{22}", 0.6),
    Format("API_KEY", r"[A-Za-z0-9]{6}_", r"[A-Za-z0-9]{29}_mmk\b", tail=""),
    Format("API_KEY", r"[a-f0-9]{10}msh", r"[a-f0-9]{15}p[a-f0-9]{6}jsn[a-f0-9]{12}", tail=""),
    Format("API_KEY", r"aio_", r"[A-Za-z0-9]{4}\d{2}[A-Za-z0-9]{22}\b", tail=""),
    Format("API_KEY", r"(?:eyJ[\w-]{20,80}\.)?v\d\.(?:local|public)\.", r"[\w-]{60}"),
    Format("API_KEY", r"[0-9a-f]{8}:", r"[0-9a-f]{8}(?:@(?:gems|enterprise)\.contribsys)", 0.9, tail=""),
    Format("API_KEY", r"\d/\d{16}:", r"[a-f0-9]{32}"),
    Format("API_KEY", r"S=s\d{1,3}:U=[a-f0-9]{2,8}:E=", r"[a-f0-9]{8,14}:C=[a-f0-9]{8,14}", tail=r"[\w:=]"),
    Format("API_KEY", r"pk_\d{5,10}_", r"[A-Z0-9]{32}"),
    Format("API_KEY", r"su", r"[a-zA-Z0-9]{12}\b", 0.2, tail=""),
)

FORMATS = CLOUD + CODE + MODELS + MESSAGING + COMMERCE + WATCHING
