"""What may differ between deployments: one frozen object, checked before anything is declared.

It is the value of `commerce:deployment` in the stack's file. Secrets are apart: each is a secret of Pulumi's own, under
`commerce:<variable>`.
"""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Environment = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]{1,5}$")]
ProjectId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")]
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]+-[a-z]+[0-9]+$")]
Domain = Annotated[str, StringConstraints(pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$")]
Https = Annotated[str, StringConstraints(pattern=r"^https://[^\s]+$")]
Range = Annotated[str, StringConstraints(pattern=r"^[0-9a-f.:]+/[0-9]{1,3}$")]
WafRule = Annotated[str, StringConstraints(pattern=r"^owasp-crs-v042200-id[0-9]{6}-[a-z]+$")]
CustomerId = Annotated[str, StringConstraints(pattern=r"^C[0-9a-z]{6,12}$")]
BillingAccount = Annotated[str, StringConstraints(pattern=r"^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Mail = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]


class Settings(BaseModel):
    """Frozen; what it does not know is an error, not a setting without effect."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Users(Settings):
    """Who signs the tokens of people and tills."""

    issuer: Https = Field(description="`iss` of the tokens, such as https://securetoken.google.com/<project>.")
    audience: str = Field(min_length=1, description="`aud` of the tokens, such as the project's id.")
    jwks_url: Https = Field(description="Where the issuer's public keys are.")


class Data(Settings):
    """How long what can be lost is kept."""

    daily_backups_days: int = Field(default=7, ge=1, le=98, description="Daily backups of the log are kept so long.")
    weekly_backups_weeks: int = Field(default=0, ge=0, le=14, description="And weekly ones; 0: none.")
    vault_backups_days: int = Field(
        default=3, ge=1, le=7, description="Backups of the key vault: until then an erased key could come back."
    )
    protected: bool = Field(
        default=True,
        description="Whether databases, tables, keys, topics, subscriptions and queues refuse to be deleted.",
    )
    own_encryption_key: bool = Field(
        default=False,
        description="Whether databases are encrypted with a key of the project's own. Google has to allow that to the"
        " project first, `firestore_location` has to be `region`, and a database cannot be changed over later.",
    )


class Scaling(Settings):
    """Instances that are kept warm, and how many there may be."""

    min_instances: dict[str, Annotated[int, Field(ge=0)]] = Field(
        default_factory=dict, description="By function, such as `checkout-commands: 1`; all others scale to zero."
    )
    max_instances: int = Field(default=20, ge=1, le=1000, description="Of any one function; no manifest gets more.")


class Armor(Settings):
    """What Cloud Armor lets through. Tills behind one address of a shop share its limit."""

    requests_per_minute: int = Field(
        default=6000,
        ge=60,
        le=1_000_000,
        description="From one address; more is answered with 429. 6000: fifty tills of a shop that sell twice a minute "
        "with fifteen requests a sale, four times over. The workflows' own calls come from few addresses of Google's, "
        "about ten a checkout: an address is good for some 600 checkouts a minute, and what is over that waits.",
    )
    unlimited_ranges: tuple[Range, ...] = Field(
        default=(), max_length=10, description="Addresses without that limit, such as a large shop's or a proxy's."
    )
    waf_preview: bool = Field(
        default=True, description="Whether what looks like an attack is only logged, until somebody has read the log."
    )
    waf_opt_out: tuple[WafRule, ...] = Field(
        default=(), description="Ids of signatures that are not used, such as owasp-crs-v042200-id942100-sqli."
    )
    adaptive_protection: bool = Field(
        default=False, description="Alerts on unusual traffic; what to do about it is in the Enterprise tier only."
    )


class Edge(Settings):
    """The load balancer in front of the public functions."""

    log_sample_rate: float = Field(
        default=0.1, ge=0, le=1, description="Of requests that the load balancer logs; functions log their own errors."
    )
    http3: bool = Field(default=True, description="Whether clients may come by HTTP/3 (QUIC).")
    armor: Armor = Armor()


class Builds(Settings):
    """The functions' images."""

    kept_images: int = Field(default=5, ge=2, le=100, description="The newest of each function; 2 let one go back.")
    scan: bool = Field(default=False, description="Whether each new image is scanned for weaknesses; each one costs.")


class Organization(Settings):
    """Rules for the whole project: set them in one environment of it, and only if nobody else sets them."""

    no_default_grants: bool = Field(default=False, description="Google's default accounts become no editors.")
    no_account_keys: bool = Field(default=False, description="Nobody makes or uploads keys of service accounts.")
    uniform_buckets: bool = Field(default=False, description="All buckets are uniform and never public.")
    ingress_through_edge: bool = Field(
        default=False, description="Functions and services are called from inside or through a load balancer only."
    )
    member_customers: tuple[CustomerId, ...] = Field(
        default=(),
        description="Directory customers whose members alone get roles. It also refuses `allUsers`: an edge that is "
        "not yet public cannot become so.",
    )
    locations: tuple[str, ...] = Field(
        default=(), description="Where things may be, such as in:eu-locations; what is global is not affected."
    )
    audit_key_vault: bool = Field(
        default=False,
        description="Log who read or wrote the key vault. Firestore logs all databases or none: what is about others "
        "is dropped unpaid, what is left is 1 KB or so a request.",
    )
    log_retention_days: int | None = Field(
        default=None, ge=1, le=3650, description="Of the project's `_Default` logs; none: as it is. Over 30 costs."
    )


class Budget(Settings):
    """An amount of money a month; nothing is stopped when it is spent."""

    billing_account: BillingAccount = Field(description="Such as 012345-6789AB-CDEF01.")
    amount: int = Field(ge=1, description="A month, in whole units of the currency.")
    currency: Currency = Field(description="That of the billing account.")
    labelled_only: bool = Field(
        default=False,
        description="Count only what carries this environment's label, where several share a project. Firestore's "
        "databases carry none, and are not counted then.",
    )


class Alerts(Settings):
    """From when on somebody is told. The targets of the founding document are no settings: they are promises."""

    error_ratio: float = Field(default=0.05, gt=0, lt=1, description="Answers with 5xx among all of a function.")
    outbox_seconds: int = Field(default=300, ge=120, description="Age of the oldest message that was never published.")
    workflow_seconds: int = Field(default=3600, ge=60, description="Age of a workflow that is not over.")
    projector_backlog_seconds: int = Field(default=120, ge=60, description="Oldest commit that a projector owes.")
    push_backlog_seconds: int = Field(default=300, ge=60, description="Oldest event that another service owes.")
    pull_backlog_seconds: int = Field(default=900, ge=300, description="Oldest message that a relay owes a receipt.")
    dead_letter_seconds: int = Field(
        default=1800, ge=600, description="A drain should have taken a dead letter by then."
    )
    silence_seconds: int = Field(default=900, ge=300, le=84600, description="A relay runs every minute.")
    burn_requests: int = Field(
        default=300,
        ge=1,
        description="Requests within a window below which no objective counts as missed: one failure of few is chance.",
    )
    stored_gib: float = Field(default=50, gt=0, description="Of one Firestore database, indexes included.")
    growth_gib_a_day: float = Field(default=1, gt=0, description="Of one Firestore database, against the day before.")


class StackConfig(Settings):
    """One environment: a name, a place, an address, and limits."""

    environment: Environment = Field(
        description="2 to 6 small letters or digits; every name in the cloud begins with it."
    )
    project: ProjectId = Field(description="The Google Cloud project's id.")
    project_number: Annotated[str, StringConstraints(pattern=r"^[0-9]{6,15}$")] = Field(
        description="And its number: it is part of the functions' URLs and of Google's own accounts."
    )
    region: Region = Field(default="europe-west1", description="Of functions, queues, schedules and keys.")
    firestore_location: str = Field(
        default="europe-west1", description="A region, or `eur3`, `nam5` (twice the price)."
    )
    bigquery_location: str = Field(default="EU", description="A region, `EU` or `US`.")
    domain: Domain = Field(description="Where the public API is; its A record is the operator's to set.")
    users: Users
    data: Data = Data()
    scaling: Scaling = Scaling()
    edge: Edge = Edge()
    builds: Builds = Builds()
    organization: Organization = Organization()
    budget: Budget | None = Field(default=None, description="None: nobody is told what is spent.")
    variables: dict[str, str] = Field(
        default_factory=dict, description="What manifests declare as `environment`, by the name of the variable."
    )
    alert_mail: Mail = Field(description="Who hears of alerts and of the budget.")
    alerts: Alerts = Alerts()

    @property
    def origin(self) -> str:
        """Of the public API."""
        return f"https://{self.domain}"

    @model_validator(mode="after")
    def _names_are_free(self) -> Self:
        if self.environment.startswith("goog"):
            raise ValueError("environment: Google keeps names that begin with goog for itself")
        return self

    @model_validator(mode="after")
    def _key_is_where_the_data_is(self) -> Self:
        if self.data.own_encryption_key and self.firestore_location != self.region:
            raise ValueError(f"data.own_encryption_key: it is in {self.region}, Firestore in {self.firestore_location}")
        return self
