"""Settings by environment. `moderato doctor` lists each with its value and meaning."""

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
"""The repository's root: where app.py, .streamlit and models/ are."""

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Settings(BaseSettings):
    """Every field is read from MODERATO_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="MODERATO_", env_ignore_empty=True, frozen=True)

    host: str = Field("127.0.0.1", description="Address that the dashboard listens on; only loopback in local mode.")
    port: int = Field(8501, ge=1, le=65535, description="Port that the dashboard listens on.")
    data_dir: Path = Field(ROOT / "data", description="Folder for the database, trained models, reports and exports.")
    database_url: str = Field("", description="SQLAlchemy URL; empty means SQLite in the data folder.")
    base_data: Path | None = Field(None, description="Labelled file that retraining mixes with the corrections.")
    embedded_worker: bool = Field(True, description="Score waiting comments inside the dashboard's process.")
    shadow_scoring: bool = Field(True, description="Let this process's worker score for a challenger in the shadow.")
    worker_batch: int = Field(512, ge=1, le=8192, description="Comments that a worker leases and scores at a time.")
    worker_threads: int = Field(2, ge=1, le=64, description="Threads that the model of a worker may use.")
    scoring_lease_seconds: float = Field(60, gt=0, description="After this a dead worker's batch is scored by another.")
    claim_seconds: float = Field(120, gt=0, description="How long a comment stays with a silent moderator.")
    hold_hours: float = Field(24, gt=0, description="How long a held comment stays with its moderator.")
    poll_seconds: float = Field(2, gt=0, le=10, description="How often a worker looks for work or a new model.")
    max_upload_mb: int = Field(200, ge=1, le=4096, description="Largest upload; the command takes any file.")
    max_text_bytes: int = Field(65536, ge=1024, description="Longest comment, in bytes of UTF-8.")
    api_origins: str = Field("", description="Origins whose pages may call the API, by commas; * for any.")
    api_store: bool = Field(False, description="Keep comments that programs have scored, unless they say doNotStore.")
    api_scale: Literal["probability", "quantile"] = Field(
        "probability", description="What the API's scores say: probabilities, or shares of comments that have less."
    )
    api_languages: str = Field("en", description="Languages that the live model reads, by commas, for the API.")
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
    oidc_client_secret: SecretStr = Field(SecretStr(""), description="The secret between the two.")
    oidc_client_secret_file: Path | None = Field(None, description="The file with that secret, instead.")
    oidc_scopes: str = Field("openid profile email", description="What is asked of the company's sign-in.")
    oidc_roles_claim: str = Field("groups", description="The claim that says what somebody is.")
    oidc_roles: str = Field("", description="group=role by commas, such as mods=moderator,trust-leads=lead.")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR. Logs never hold comment text.")

    @cached_property
    def url(self) -> str:
        """The database's SQLAlchemy URL."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'moderato.db'}"

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
