"""Settings by environment. `moderato doctor` lists each with its value and meaning."""

from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from core.secret_files import SECRET, SecretFiles

ROOT = Path(__file__).resolve().parent.parent
"""The repository's root: where app.py, .streamlit and models/ are."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Settings(BaseSettings):
    """Every field is read from MODERATO_<FIELD>; those that hold secrets also from the file MODERATO_<FIELD>_FILE."""

    model_config = SettingsConfigDict(
        env_prefix="MODERATO_", env_ignore_empty=True, frozen=True, hide_input_in_errors=True
    )

    host: str = Field("127.0.0.1", description="Address that the dashboard listens on; only loopback in local mode.")
    port: int = Field(8501, ge=1, le=65535, description="Port that the dashboard listens on.")
    data_dir: Path = Field(ROOT / "data", description="Folder for the database, trained models, reports and exports.")
    database_url: str = Field(
        "", description="SQLAlchemy URL; empty means SQLite in the data folder.", repr=False, json_schema_extra=SECRET
    )
    base_data: Path | None = Field(None, description="Labelled file that retraining mixes with the corrections.")
    embedded_worker: bool = Field(True, description="Score waiting comments inside the dashboard's process.")
    shadow_scoring: bool = Field(True, description="Let this process's worker score for a challenger in the shadow.")
    worker_batch: int = Field(512, ge=1, le=8192, description="Comments that a worker leases and scores at a time.")
    worker_threads: int = Field(2, ge=1, le=64, description="Threads that the model of a worker may use.")
    scoring_lease_seconds: float = Field(60, gt=0, description="After this a dead worker's batch is scored by another.")
    claim_seconds: float = Field(120, gt=0, description="How long a comment stays with a silent moderator.")
    hold_hours: float = Field(24, gt=0, description="How long a held comment stays with its moderator.")
    undo_hours: float = Field(24, gt=0, description="How long people may take their own decisions back.")
    nearest_texts: int = Field(
        200_000, ge=0, le=2_000_000, description="Decided texts kept in memory to find similar ones; 0 switches it off."
    )
    poll_seconds: float = Field(2, gt=0, le=10, description="How often a worker looks for work or a new model.")
    max_upload_mb: int = Field(200, ge=1, le=4096, description="Largest upload; the command takes any file.")
    max_text_bytes: int = Field(65536, ge=1024, description="Longest comment, in bytes of UTF-8.")
    max_sessions: int = Field(200, ge=1, description="Pages that may be open at a time, by all people together.")
    max_sessions_per_address: int = Field(50, ge=1, description="Pages that may be open at a time from one address.")
    allowed_hosts: str = Field("", description="Names that this server goes by, by commas, as in https://NAME.")
    api_origins: str = Field("", description="Origins whose pages may call the API, by commas; * for any.")
    api_store: bool = Field(False, description="Keep comments that programs have scored, unless they say doNotStore.")
    api_scale: Literal["probability", "quantile"] = Field(
        "probability", description="What the API's scores say: probabilities, or shares of comments that have less."
    )
    api_languages: str = Field("en", description="Languages that the live model reads, by commas, for the API.")
    webhook_delivery: bool = Field(True, description="Deliver webhooks from this process.")
    webhook_private: str = Field(
        "", description="Networks that webhooks may reach though they are not public, by commas, as 10.0.0.0/8."
    )
    public_url: str = Field("", description="Address that people type, such as https://moderato.example.org.")
    trusted_proxies: str = Field(
        "127.0.0.1", description="Proxies, by commas, whose word on the visitor's address counts."
    )
    tls_certificate: Path | None = Field(None, description="PEM file with the certificate, to serve https itself.")
    tls_key: Path | None = Field(None, description="PEM file with the certificate's private key.")
    session_idle_minutes: float = Field(60, gt=0, description="Signed out after this without keyboard or mouse.")
    session_hours: float = Field(12, gt=0, le=720, description="Signed out after this, whatever is done.")
    link_days: float = Field(3, gt=0, le=30, description="How long a link to set a password works.")
    oidc_url: str = Field("", description="The company sign-in's OpenID configuration; empty for none.")
    oidc_name: str = Field("your company", description="What people call the company's sign-in.")
    oidc_client_id: str = Field("", description="What the company's sign-in calls Moderato.")
    oidc_client_secret: str = Field("", repr=False, json_schema_extra=SECRET, description="The secret between the two.")
    oidc_scopes: str = Field("openid profile email", description="What is asked of the company's sign-in.")
    oidc_roles_claim: str = Field("groups", description="The claim that says what somebody is.")
    oidc_roles: str = Field("", description="group=role by commas, such as mods=moderator,trust-leads=lead.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR. Logs never hold comment text."
    )
    log_format: Literal["text", "json"] = Field("text", description="What a line of the log is: text or json.")

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: str) -> str:
        from db.health import problem_of_url  # SQLAlchemy, for whoever has set one

        if value and (problem := problem_of_url(value)):
            raise ValueError(problem)
        return value

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _any_case(cls, value: object, info: ValidationInfo) -> object:
        fold = str.upper if info.field_name == "log_level" else str.lower
        return fold(value) if isinstance(value, str) else value

    @classmethod
    def settings_customise_sources(  # pydantic-settings' own signature
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then files that hold secrets."""
        return init_settings, env_settings, SecretFiles(settings_cls)

    @cached_property
    def url(self) -> str:
        """The database's SQLAlchemy URL."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'moderato.db'}"

    @property
    def own_names(self) -> str:
        """Names that the server goes by, by commas: the allowed ones and that of the public address."""
        return ",".join(filter(None, (self.allowed_hosts, urlsplit(self.public_url).hostname)))

    @property
    def models_dir(self) -> Path:
        """Where trained model versions are kept."""
        return self.data_dir / "models"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the dashboard."""
        return self.host in LOOPBACK

    @property
    def base_url(self) -> str:
        """The address that people type, without a slash at the end."""
        scheme = "https" if self.tls_certificate else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url.rstrip("/") or f"{scheme}://{host}:{self.port}"

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the dashboard over TLS, its own or a proxy's."""
        return self.base_url.startswith("https://")

    @property
    def is_shared(self) -> bool:
        """Whether others than this machine are meant to reach the dashboard."""
        return not self.is_loopback or bool(self.public_url)


def in_one_line(error: ValidationError) -> str:
    """What is wrong with settings, by variable, for whoever set them. Quotes no value: it may be a secret."""
    said = [
        (str(one["loc"][0]) if one["loc"] else "", one["msg"].removeprefix("Value error, ")) for one in error.errors()
    ]
    return "; ".join(f"MODERATO_{name.upper()}: {words}" if name else words for name, words in said)
