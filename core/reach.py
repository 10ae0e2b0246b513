"""Who may reach the dashboard: this machine alone until there are accounts; then anybody, best over TLS."""

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.errors import ModeratoError
from core.settings import Settings

if TYPE_CHECKING:
    from core.services import Services


def check_reach(wired: "Services", address: str) -> None:
    """Raises ModeratoError where others could reach a dashboard that lets anybody in. "" is this machine alone."""
    settings = wired.settings
    if not address and not settings.public_url:
        return
    if wired.sign_ins.is_local():
        where = address or settings.public_url
        raise ModeratoError(
            f"Without accounts Moderato serves this machine alone, not {where}. Create an administrator "
            "(`moderato users create NAME --role admin`), or set MODERATO_HOST=127.0.0.1 and no MODERATO_PUBLIC_URL."
        )
    if not settings.public_url:
        raise ModeratoError(
            "Set MODERATO_PUBLIC_URL to the address that people type, such as https://moderato.example.org: links, "
            "cookies and the check of where a request comes from follow it."
        )


def check_before_run(settings: Settings) -> list[str]:
    """What to warn of before the server starts; raises ModeratoError where it would not, or must not."""
    if problems := problems_of(settings):
        raise ModeratoError(problems[0])
    if not settings.is_shared:
        return []
    from core.services import build_services  # a second of imports, which a server for one alone does without

    wired = build_services(settings)
    try:
        check_reach(wired, "" if settings.is_loopback else settings.host)
    finally:
        wired.close()
    if settings.is_https:
        return []
    return [
        "Without TLS everybody on the way can read passwords and comments. Set MODERATO_TLS_CERTIFICATE and "
        "MODERATO_TLS_KEY, or put a proxy with TLS in front and an https:// MODERATO_PUBLIC_URL (docs/people.md)."
    ]


def problems_of(settings: Settings) -> list[str]:
    """What is wrong with the settings of reaching and signing in, each with what to do."""
    found = []
    parts = urlsplit(settings.public_url)
    if settings.public_url and (parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/")):
        found.append("MODERATO_PUBLIC_URL is http(s)://HOST or http(s)://HOST:PORT, without a path.")
    if bool(settings.tls_certificate) != bool(settings.tls_key):
        found.append("Set both MODERATO_TLS_CERTIFICATE and MODERATO_TLS_KEY, or neither.")
    for file in (settings.tls_certificate, settings.tls_key):
        if file and not file.is_file():
            found.append(f"{file} is not there: correct MODERATO_TLS_CERTIFICATE or MODERATO_TLS_KEY.")
    return found + _problems_of_company(settings)


def server_options(settings: Settings) -> dict[str, object]:
    """Streamlit's options that follow the settings."""
    options: dict[str, object] = {
        "server.address": settings.host,
        "server.port": settings.port,
        "server.maxUploadSize": settings.max_upload_mb,
    }
    if settings.public_url:  # else Streamlit would ask outside servers what its own address is
        options["browser.serverAddress"] = urlsplit(settings.public_url).hostname
    if settings.tls_certificate:
        options |= {"server.sslCertFile": settings.tls_certificate, "server.sslKeyFile": settings.tls_key}
    return options


def _problems_of_company(settings: Settings) -> list[str]:
    if not settings.oidc_url:
        return []
    found = []
    if not settings.oidc_client_id or not settings.oidc_client_secret:
        found.append("MODERATO_OIDC_URL needs MODERATO_OIDC_CLIENT_ID and MODERATO_OIDC_CLIENT_SECRET (or _FILE) too.")
    from core.sign_ins import role_of_group

    try:
        roles = role_of_group(settings)
    except ValueError as error:
        found.append(f"MODERATO_OIDC_ROLES: {error}. Write group=role by commas, such as mods=moderator,leads=lead.")
    else:
        if not roles:
            found.append("Set MODERATO_OIDC_ROLES, such as mods=moderator: without it nobody has a role.")
    return found
