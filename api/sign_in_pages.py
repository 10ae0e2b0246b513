"""The pages around signing in: plain HTML, no script, light and dark."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from starlette.responses import HTMLResponse

from api.words import _, reader

_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "referrer-policy": "same-origin",  # under no-referrer a form is sent without its origin, which is checked
    "cache-control": "no-store",
}
_STYLE = """
:root{color-scheme:light dark;--back:#f6f7f9;--card:#fff;--text:#1f2430;--dim:#5b6372;--line:#c9ced8;--go:#1d4ed8;
--bad:#b42318;--badback:#fef1f0;--good:#05603a;--goodback:#edfcf2}
@media(prefers-color-scheme:dark){:root{--back:#0e1117;--card:#181c25;--text:#f2f4f8;--dim:#a5adbb;--line:#465064;
--go:#2563eb;--bad:#fda29b;--badback:#3a1714;--good:#75e0a7;--goodback:#0c2e1f}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--back);
color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{width:100%;max-width:26rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem;
padding:2rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .5rem}
p{margin:.5rem 0 1rem;color:var(--dim);overflow-wrap:anywhere}
label{display:block;font-weight:600;margin-top:1rem}
input{width:100%;margin-top:.3rem;padding:.6rem .7rem;font:inherit;color:inherit;background:var(--back);
border:1px solid var(--line);border-radius:.5rem}
small{display:block;color:var(--dim);margin-top:.3rem}
button,a.go{display:block;width:100%;margin-top:1.5rem;padding:.7rem;font:inherit;font-weight:600;text-align:center;
color:#fff;background:var(--go);border:0;border-radius:.5rem;cursor:pointer;text-decoration:none}
a{color:inherit}
a.second{color:inherit;background:none;border:1px solid var(--line)}
:focus-visible{outline:3px solid var(--go);outline-offset:2px}
.bad,.good{padding:.6rem .8rem;border-radius:.5rem;margin:1rem 0 0}
.bad{color:var(--bad);background:var(--badback)}
.good{color:var(--good);background:var(--goodback)}
.or{text-align:center;margin:1.25rem 0 -.5rem}
"""


@dataclass(frozen=True, slots=True)
class Field:
    """One line to fill in."""

    name: str
    label: str
    kind: Literal["text", "password"] = "password"
    complete: str = "current-password"
    """What a password manager puts there."""
    help: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Form:
    """A form with what it sends besides."""

    action: str
    fields: Sequence[Field]
    button: str
    hidden: tuple[tuple[str, str], ...] = ()


def page(
    title: str,
    words: str,
    form: Form | None = None,
    *,
    wrong: str = "",
    right: str = "",
    link: tuple[str, str] | None = None,
    status: int = 200,
) -> HTMLResponse:
    """A page with a title, a sentence, a form, a link as a second way, and what went wrong or right."""
    parts = [f"<h1>{escape(title)}</h1>", f"<p>{escape(words)}</p>"]
    parts += [f'<div class="bad" role="alert">{escape(wrong)}</div>'] if wrong else []
    parts += [f'<div class="good" role="status">{escape(right)}</div>'] if right else []
    parts += [_form(form)] if form else []
    if link:
        parts += [f'<p class="or">{escape(_("or"))}</p>'] if form else []
        second = " second" if form else ""
        parts += [f'<a class="go{second}" href="{escape(link[0])}">{escape(link[1])}</a>']
    body = (
        '<!doctype html><html lang="' + reader().code + '"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<link rel="icon" href="/favicon.png">'
        f"<title>{escape(title)} · Moderato</title><style>{_STYLE}</style><main>{''.join(parts)}</main></html>"
    )
    return HTMLResponse(body, status, headers=_HEADERS)


def _form(form: Form) -> str:
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in form.hidden
    )
    begin = next((field for field in form.fields if not field.value), next(iter(form.fields), None))
    fields = "".join(_field(field, first=field is begin) for field in form.fields)
    return (
        f'<form method="post" action="{escape(form.action)}">{hidden}{fields}'
        f'<button type="submit">{escape(form.button)}</button></form>'
    )


def _field(field: Field, *, first: bool) -> str:
    note = f"<small>{escape(field.help)}</small>" if field.help else ""
    focus = " autofocus" if first else ""
    most = 60 if field.kind == "text" else 1024
    return (
        f'<label>{escape(field.label)}<input type="{field.kind}" name="{escape(field.name)}" required '
        f'autocomplete="{field.complete}" maxlength="{most}" value="{escape(field.value)}"{focus}></label>{note}'
    )
