"""A site's TOML file as frozen structs; unknown keys are refused, never ignored.

The structs are the shape of the file: a field is a key. Reading, overriding and
checking them is the work of `config_file`. docs/options.md says what each key does.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Count = Annotated[int, Meta(ge=1)]
Share = Annotated[float, Meta(gt=0, le=1)]

SourceKind = Literal[
    "list", "csv", "sitemap", "access-log", "popularity", "discover", "robots",
    "gor", "har", "vegeta", "siege", "wget",
]  # fmt: skip
"""Kinds a source can be forced to; `SOURCE` on the command line takes `kind:value`."""


class SourceConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One `[[source]]`: where URLs come from."""

    path: str | None = None
    url: str | None = None
    kind: SourceKind | None = None
    weight: Positive = 1.0
    format: str | None = None
    key: str | None = None
    depth: Annotated[int, Meta(ge=0, le=20)] = 2
    limit: Count = 50_000
    alternates: bool = True
    vary: tuple[str, ...] = ()
    keep_credentials: bool = False


class PlanConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[plan]`: which candidates become targets."""

    top: Count | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    drop_params: tuple[str, ...] = (
        "utm_*",
        "gclid",
        "dclid",
        "gbraid",
        "wbraid",
        "fbclid",
        "msclkid",
        "mc_cid",
        "mc_eid",
        "_ga",
        "_gl",
        "yclid",
        "igshid",
        "twclid",
    )
    aliases: tuple[str, ...] = ()


class VariantConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One `[[variant]]`: a named set of request headers."""

    name: str
    headers: dict[str, str] = field(default_factory=dict)
    profile: Literal["desktop", "mobile", "none"] = "desktop"
    include: tuple[str, ...] = ()
    login: str | None = None
    ajax: bool = False


class LoginConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[login]`, or one `[[login]]` a role: the form, and who fills it in."""

    url: str
    username_env: str
    password_env: str
    name: str = "default"
    username_field: str = "username"
    password_field: str = "password"  # noqa: S105 -- the name of a field
    csrf_field: str = "csrfmiddlewaretoken"
    csrf_cookie: str = "csrftoken"
    fields: dict[str, str] = field(default_factory=dict)
    proof_url: str | None = None
    proof_text: str | None = None
    logged_out: str | None = None


class WriteConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One `[[write]]`: a form that a replay saves now and then, as an editor would."""

    name: str
    url: str
    rate: Positive
    login: str = "default"
    fields: dict[str, str] = field(default_factory=dict)
    pages: tuple[str, ...] = ()


class KeysConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`keys = {…}` of a cache: pins what would be learnt."""

    prefix: str = ""
    version: int = 1
    page_prefix: str = ""
    language: str | None = None
    time_zone: str | None = None
    hash: Literal["legacy", "marker", "netstring", "netstring-marker"] | None = None
    template: str | None = None


class PatternConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A minimum count of keys that match a glob, for fragments and queries."""

    match: str
    min: Count


class CacheConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One `[[cache]]`: a cache server to ask for keys and counters."""

    url: str
    keys: KeysConfig | None = None
    pattern: tuple[PatternConfig, ...] = ()
    scan_limit: Count = 200_000
    server: str | None = None


class CrawlConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[crawl]`: how targets are fetched."""

    concurrency: Literal["auto"] | Count = "auto"
    max_concurrency: Count = 16
    ramp_up_s: NotNegative = 0.0
    rate: Positive | None = None
    burst: Count = 1
    timeout_s: Positive = 30.0
    connect_timeout_s: Positive = 10.0
    distribute: Literal["spread", "clone"] = "spread"
    passes: Count | None = None
    until_stable: bool = False
    retries: Annotated[int, Meta(ge=0, le=20)] = 2
    backoff_s: Positive = 0.5
    max_retry_after_s: NotNegative = 60.0
    max_redirects: Annotated[int, Meta(ge=0, le=20)] = 5
    max_body_bytes: Count = 50_000_000
    abort_ratio: Share = 0.5
    abort_window: Count = 50
    robots: bool = False
    user_agent: str | None = None
    http: Literal["auto", "1.1", "2"] = "auto"
    proxy: str | None = None
    unix_socket: str | None = None
    private_addresses: bool | None = None
    basic_auth: str | None = None
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    refresh_secret: str | None = None

    @property
    def ceiling(self) -> int:
        """How many requests may be in flight at most, whoever chooses how many are."""
        return self.max_concurrency if self.concurrency == "auto" else self.concurrency


class GuardConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[guard]`: what `concurrency = "auto"` looks after besides the origin's own answers."""

    enabled: bool = True
    url: str | None = None
    guard_ratio: Annotated[float, Meta(gt=1)] = 2.0
    guard_ms: NotNegative = 10.0
    max_ms: Positive = 2000.0
    every_s: Positive = 1.0
    max_pause_s: Positive = 600.0
    evictions_per_s: NotNegative | None = None
    memory_ratio: Share | None = None
    cpu_ratio: Positive | None = None
    command: str | None = None
    command_url: str | None = None
    max_value: float | None = None


class VerifyConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[verify]`: what counts as proof."""

    probe: Literal["auto", "always", "never"] = "auto"
    probe_sample: Annotated[int, Meta(ge=0)] = 1000
    timing_ratio: Annotated[float, Meta(gt=1)] = 3.0
    min_ttl_s: NotNegative = 0.0


class ThresholdsConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[thresholds]`: the gate."""

    all: tuple[str, ...] = ()


class ScheduleConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One `[[schedule]]`: when the daemon warms again."""

    cron: str | None = None
    every: str | None = None
    time_zone: str | None = None
    jitter_s: NotNegative = 0.0


class InvalidationConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[invalidation]`: where the daemon learns of admin saves."""

    stream: str | None = None
    key: str = "warmer:triggers"
    debounce_s: NotNegative = 0.5
    max_wait_s: Positive = 30.0


class ExpiryConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[expiry]`: whether the daemon warms pages again before their entries expire."""

    enabled: bool = False
    margin_ratio: Annotated[float, Meta(ge=0, le=0.5)] = 0.1
    margin_s: NotNegative = 5.0
    spread_ratio: Annotated[float, Meta(ge=0, le=0.5)] = 0.2


class DaemonConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[daemon]`: where the daemon listens, and how it ends."""

    listen: str = "127.0.0.1:8089"
    token_env: str | None = None
    secret_env: str | None = None
    flush_poll_s: NotNegative = 0.0
    drain_s: NotNegative = 30.0
    keep_days: Positive = 30.0


class PreflightConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[preflight]`: which checks are made before a launch, and how strict they are."""

    off: dict[str, str] = field(default_factory=dict)
    http_connect_to: str | None = None
    admin_path: str = "/admin/"
    certificate_warn_days: NotNegative = 30.0
    certificate_fail_days: NotNegative = 7.0
    hsts_s: Annotated[int, Meta(ge=0)] = 15_552_000
    dns_ttl_s: Count = 300
    sitemap_urls: Annotated[int, Meta(ge=0)] = 50


class StoreConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[store]`: where runs are kept; relative to the TOML file."""

    path: str = "warmer.db"


class SiteConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A warmed web site and its caches: one TOML file."""

    name: str = ""
    base_url: str = ""
    connect_to: str | tuple[str, ...] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    source: tuple[SourceConfig, ...] = ()
    plan: PlanConfig = field(default_factory=PlanConfig)
    variant: tuple[VariantConfig, ...] = ()
    login: LoginConfig | tuple[LoginConfig, ...] = ()
    write: tuple[WriteConfig, ...] = ()
    cache: tuple[CacheConfig, ...] = ()
    crawl: CrawlConfig = field(default_factory=CrawlConfig)
    guard: GuardConfig = field(default_factory=GuardConfig)
    verify: VerifyConfig = field(default_factory=VerifyConfig)
    thresholds: ThresholdsConfig = field(default_factory=ThresholdsConfig)
    schedule: tuple[ScheduleConfig, ...] = ()
    invalidation: InvalidationConfig | None = None
    tags: dict[str, tuple[str, ...]] = field(default_factory=dict)
    expiry: ExpiryConfig = field(default_factory=ExpiryConfig)
    daemon: DaemonConfig = field(default_factory=DaemonConfig)
    preflight: PreflightConfig = field(default_factory=PreflightConfig)
    store: StoreConfig = field(default_factory=StoreConfig)

    @property
    def servers(self) -> tuple[str, ...]:
        """The places that `connect_to` names, one or several alike."""
        if isinstance(self.connect_to, tuple):
            return self.connect_to
        return () if self.connect_to is None else (self.connect_to,)

    @property
    def first_server(self) -> str | None:
        """Where a request goes that any server will do for."""
        return self.servers[0] if self.servers else None

    @property
    def is_cloned(self) -> bool:
        """Whether each of several servers gets every page."""
        return len(self.servers) > 1 and self.crawl.distribute == "clone"

    @property
    def logins(self) -> tuple[LoginConfig, ...]:
        """All roles, one or several tables alike."""
        return (self.login,) if isinstance(self.login, LoginConfig) else self.login
