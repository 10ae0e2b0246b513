"""Routes of signing in and out, the first administrator, and passwords. They work without JavaScript."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from api.guard import is_same_origin
from api.programs import is_from_here
from api.sign_in_pages import Field, Form, page
from api.who import is_local, note_use, signed_in, tell_away
from api.words import _, later, said
from core.errors import BadInput, DatabaseTrouble, ModeratoError, NotFound
from core.passwords import MIN_LENGTH
from core.services import Services
from core.sign_ins import Visitor, cookie_name, token_of
from core.throttle import Throttled

_MOST_BYTES = 16_384
_MOST_WAITING = 32
_RULE = later("At least {many} characters. Four or five words do well.")


class Busy(ModeratoError):
    """More people sign in at this moment than there is room for."""


class SignInRoutes:
    """The routes, on the services of this process."""

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services
        self._slow = CapacityLimiter(2)
        self.routes = [
            Route("/sign-in", self.sign_in, methods=["GET", "POST"]),
            Route("/sign-out", self.sign_out, methods=["GET", "POST"]),
            Route("/setup", self.setup, methods=["GET", "POST"]),
            Route("/welcome", self.welcome, methods=["GET", "POST"]),
            Route("/password", self.password, methods=["GET", "POST"]),
            Route("/session", self.session),
        ]

    async def sign_in(self, request: Request) -> Response:
        """The form; posted, the cookie and the way back."""
        wired = self._services()
        if await is_local(wired.sign_ins):
            return RedirectResponse("/", 303)
        if request.method == "GET":
            if await signed_in(wired.sign_ins, request, wired.settings):
                return RedirectResponse(local_path(request.query_params.get("next", "")), 303)
            return await self._sign_in_page(request.query_params.get("next", ""), told=request.query_params.get("told"))
        form = await _read(request)
        back = form.get("next", "")
        try:
            visitor = visitor_of(request)
            token = await self._slowly(wired.sign_ins.sign_in, form.get("name", ""), form.get("password", ""), visitor)
        except DatabaseTrouble:
            raise
        except ModeratoError as error:
            return await self._sign_in_page(back, wrong=error, name=form.get("name", ""))
        return await enter(wired, request, token, back)

    async def sign_out(self, request: Request) -> Response:
        """Asked for by GET, a button; posted, out."""
        if request.method == "GET":
            form = Form("/sign-out", (), _("Sign out"))
            return page(_("Sign out"), _("Every tab of this browser is signed out within seconds."), form)
        _check_origin(request)
        wired = self._services()
        await to_thread.run_sync(wired.sign_ins.sign_out, token_of(request.cookies, wired.settings))
        answer = RedirectResponse("/sign-in?told=out", 303)
        answer.delete_cookie(cookie_name(wired.settings), secure=wired.settings.is_https, httponly=True)
        return answer

    async def setup(self, request: Request) -> Response:
        """The first administrator: on this machine, while nobody has an account."""
        wired = self._services()
        if not await is_local(wired.sign_ins) or not is_from_here(request):
            words = _("There are accounts already, or you are not on the machine that Moderato runs on.")
            return page(_("Not here"), words, link=("/sign-in", _("Sign in")), status=404)
        if request.method == "GET":
            return _setup_page()
        form = await _read(request)
        name, password = form.get("name", ""), form.get("password", "")
        try:
            _check_twice(form)
            await self._slowly(wired.people.create_first, name, password)
            token = await self._slowly(wired.sign_ins.sign_in, name, password, visitor_of(request))
        except DatabaseTrouble:
            raise
        except ModeratoError as error:
            return _setup_page(said(error), name)
        return await enter(wired, request, token, "/")

    async def welcome(self, request: Request) -> Response:
        """Somebody sets their password by a link that an administrator gave them."""
        wired = self._services()
        form = await _read(request) if request.method == "POST" else dict(request.query_params)
        secret = form.get("link", "")
        try:
            account = await to_thread.run_sync(wired.people.account_of_link, secret)
        except NotFound as error:
            return page(_("This link does not work"), said(error), link=("/sign-in", _("Sign in")), status=404)
        wrong = ""
        if request.method == "POST":
            try:
                _check_twice(form)
                await self._slowly(wired.people.set_password_by_link, secret, form.get("password", ""))
            except DatabaseTrouble:
                raise
            except ModeratoError as error:
                wrong = said(error)
            else:
                return RedirectResponse("/sign-in?told=password", 303)
        fields = _new_password()
        words = _("You sign in as {name}. Choose a password.").format(name=account.name)
        asked = Form("/welcome", fields, _("Set the password"), (("link", secret), ("username", account.name)))
        return page(_("Welcome to Moderato"), words, asked, wrong=wrong, status=400 if wrong else 200)

    async def password(self, request: Request) -> Response:
        """Change one's own password."""
        wired = self._services()
        found = await signed_in(wired.sign_ins, request, wired.settings)
        account = await to_thread.run_sync(wired.sign_ins.account, found) if found else None
        if account is None:
            return RedirectResponse("/sign-in?" + urlencode({"next": "/password"}), 303)
        if account.is_company:
            words = _("You sign in at your company's sign-in: change your password there.")
            return page(_("Change your password"), words, link=("/", _("Back to Moderato")))
        wrong, status = "", 200
        if request.method == "POST":
            form = await _read(request)
            try:
                _check_twice(form)
                await self._slowly(wired.people.change_password, account, form.get("old", ""), form.get("password", ""))
            except DatabaseTrouble:
                raise
            except ModeratoError as error:
                wrong, status = said(error), 429 if isinstance(error, Throttled) else 400
            else:
                return RedirectResponse("/sign-in?told=password", 303)
        fields = (Field("old", _("Password of now")), *_new_password())
        words = _("{name}, every browser that you are signed in with is signed out.").format(name=account.name)
        asked = Form("/password", fields, _("Change it"))
        return page(_("Change your password"), words, asked, wrong=wrong, status=status)

    async def session(self, request: Request) -> Response:
        """For open tabs, every few seconds: whose this browser is. 401 for nobody's."""
        wired = self._services()
        if await is_local(wired.sign_ins):
            return JSONResponse({"id": 0}, headers={"cache-control": "no-store"})
        found = await signed_in(wired.sign_ins, request, wired.settings)
        if found is None:
            return JSONResponse({"id": None}, 401, headers={"cache-control": "no-store"})
        if request.query_params.get("used") == "1":
            await note_use(wired.sign_ins, token_of(request.cookies, wired.settings))
        return JSONResponse({"id": found.id}, headers={"cache-control": "no-store"})

    async def _sign_in_page(
        self, back: str, *, wrong: ModeratoError | None = None, told: str | None = None, name: str = ""
    ) -> Response:
        wired = self._services()
        back, company = local_path(back), bool(wired.settings.oidc_url)
        link = (
            f"/sign-in/company?{urlencode({'next': back})}",
            _("Sign in with {company}").format(company=wired.settings.oidc_name),
        )
        asked = None
        if not company or await to_thread.run_sync(wired.sign_ins.has_passwords):
            hidden = (("next", back),)
            name_field = Field("name", _("Name"), "text", "username", value=name[:60])
            asked = Form("/sign-in", (name_field, Field("password", _("Password"))), _("Sign in"), hidden)
        status = 200 if wrong is None else 429 if isinstance(wrong, Throttled) else 403
        answer = page(
            _("Sign in"), _("Moderato shows people's comments to those who look after them."), asked,
            wrong=said(wrong) if wrong else "", right=_(_TOLD.get(told or "", "")),
            link=link if company else None, status=status,
        )  # fmt: skip
        if isinstance(wrong, Throttled):
            answer.headers["retry-after"] = str(wrong.seconds)
        return answer

    async def _slowly(self, act: Callable[..., Any], *arguments: Any) -> Any:
        """Something that hashes a password: two at a time, and only so many wait."""
        if self._slow.statistics().tasks_waiting >= _MOST_WAITING:
            raise Busy("Too many people sign in at this moment. Try again in a few seconds.")
        return await to_thread.run_sync(act, *arguments, limiter=self._slow)


async def enter(wired: Services, request: Request, token: str, back: str) -> Response:
    """Go on, signed in: the browser's former sign-in ends."""
    if former := token_of(request.cookies, wired.settings):
        await to_thread.run_sync(wired.sign_ins.sign_out, former)
    answer = RedirectResponse(local_path(back), 303, headers={"cache-control": "no-store"})
    answer.set_cookie(
        cookie_name(wired.settings),
        token,
        max_age=int(wired.settings.session_hours * 3600),
        secure=wired.settings.is_https,
        httponly=True,
        samesite="lax",
    )
    return answer


def visitor_of(request: Request) -> Visitor:
    """Where the request comes from. uvicorn has put a trusted proxy's word in place of the proxy's own address."""
    agent = request.headers.get("user-agent", "")
    browser = next((said for mark, said in _BROWSERS if mark in agent), "a browser")
    system = next((said for mark, said in _SYSTEMS if mark in agent), "")
    return Visitor(request.client.host[:80] if request.client else "", f"{browser}, {system}" if system else browser)


def local_path(path: str) -> str:
    """The path if it leads to a page of this server, else "/"."""
    is_ours = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() and "\\" not in path
    return path if is_ours and not path.startswith(("/sign-", "/setup", "/welcome")) else "/"


def _setup_page(wrong: str = "", name: str = "") -> Response:
    words = _(
        "The first administrator has every role, and invites everybody else. From then on nobody comes in without "
        "signing in, and programs need a key."
    )
    carries = _("Your decisions carry it, earlier ones of this name too.")
    named = Field("name", _("Your name"), "text", "username", carries, name)
    form = Form("/setup", (named, *_new_password()), _("Create the administrator"))
    link = ("/", _("Stay without accounts, on this machine alone"))
    return page(_("Set up accounts"), words, form, wrong=wrong, link=link, status=400 if wrong else 200)


def _new_password() -> tuple[Field, Field]:
    rule = _(_RULE).format(many=MIN_LENGTH)
    return (
        Field("password", _("New password"), complete="new-password", help=rule),
        Field("again", _("The same again"), complete="new-password"),
    )


def _check_origin(request: Request) -> None:
    if not is_same_origin(request.headers):
        raise _ForeignPage


class _ForeignPage(Exception):
    """A page of somewhere else sent a form here."""


async def refuse_foreign(_request: Request, _error: Exception) -> Response:
    """For the application's exception handlers."""
    return PlainTextResponse("This may only be asked by Moderato's own page. Behind a proxy: docs/people.md.", 403)


HANDLERS = {_ForeignPage: refuse_foreign, DatabaseTrouble: tell_away}


async def _read(request: Request) -> dict[str, str]:
    """The fields of a form that this server's own page sent."""
    _check_origin(request)
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BYTES:
            return {}
    found = parse_qs(body.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=20)
    return {name: values[0] for name, values in found.items()}


def _check_twice(form: dict[str, str]) -> None:
    if form.get("password") != form.get("again"):
        raise BadInput("The two passwords differ. Type the same one twice.")


_TOLD = {"out": later("You are signed out."), "password": later("Your password is set. Sign in with it.")}  # nosec B105 # words for people
_BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iOS"), ("Windows", "Windows"), ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)  # fmt: skip
