//! Sessions: signing in and out, and the cookie.

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, ResponseError, web};
use askama::Template;
use hexdesk_domain::limits::{MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS};
use hexdesk_domain::{AcceptInvitationError, RequestId, SessionLife, SignInError, SignedIn};

use crate::assets::{SCRIPT, STYLE};
use crate::form::Form;
use crate::inbox::see_other;
use crate::{Agent, Console, Failure, labels, shell};

/// Holds the token over TLS. Browsers take it from this server only.
const SECURE_COOKIE: &str = "__Host-hexdesk";

/// Holds the token without TLS.
const PLAIN_COOKIE: &str = "hexdesk";

/// Holds the domain of the shop, so that nobody types it twice. It is no secret.
const SHOP_COOKIE: &str = "hexdesk-shop";

/// How long browsers remember the shop.
const YEAR_SECONDS: i64 = 365 * 24 * 60 * 60;

/// Whether the browser has sent a request over TLS. The caller puts it into the extensions.
#[derive(Debug, Clone, Copy)]
pub struct OverTls(pub bool);

pub(crate) fn is_over_tls(request: &HttpRequest) -> bool {
    request.extensions().get::<OverTls>().is_some_and(|OverTls(is_secure)| *is_secure)
}

fn cookie_name(request: &HttpRequest) -> &'static str {
    if is_over_tls(request) { SECURE_COOKIE } else { PLAIN_COOKIE }
}

/// The value of a cookie of the request.
fn cookie<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let headers = request.headers().get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
    let mut pairs =
        headers.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(cookie, _)| *cookie == name).map(|(_, value)| value)
}

/// Sets a cookie. Its value is a token or a domain, which need no encoding.
fn set_cookie(
    request: &HttpRequest,
    response: &mut HttpResponse,
    (name, value): (&str, &str),
    max_age_seconds: i64,
) {
    let secure = if is_over_tls(request) { "; Secure" } else { "" };
    let cookie =
        format!("{name}={value}; HttpOnly; SameSite=Strict{secure}; Path=/; Max-Age={max_age_seconds}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// The token of the session that a request names.
pub fn session_token(request: &HttpRequest) -> Option<&str> {
    cookie(request, cookie_name(request))
}

/// Returns the signed-in user of a request.
///
/// # Errors
/// If the store fails.
pub async fn find_agent(console: &Console, request: &HttpRequest) -> Result<Option<Agent>, Failure> {
    let Some(token) = session_token(request) else { return Ok(None) };
    let session = console.sessions.find(token).await?;
    let request_id = request.extensions().get::<RequestId>().copied();
    Ok(session.map(|session| Agent { principal: session.principal(request_id), user: session.user }))
}

/// Returns the response to a request without a session: the sign-in page, which leads back.
pub fn ask_to_sign_in(request: &HttpRequest) -> HttpResponse {
    let is_read = [actix_web::http::Method::GET, actix_web::http::Method::HEAD].contains(request.method());
    if is_read && request.path() != "/live" {
        let wanted = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let wanted: String = form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
        return see_other(&if request.path() == "/" {
            "/sign-in".to_owned()
        } else {
            format!("/sign-in?next={wanted}")
        });
    }
    let failure = Failure::new(
        StatusCode::UNAUTHORIZED,
        "You are signed out",
        "Your session has ended, so nothing was changed. Sign in and send the form again.",
    );
    let text = request.extensions().get::<crate::FormBody>().map(|crate::FormBody(body)| Form::parse(body));
    failure.with_unsent(text.as_ref().map_or("", |form| form.text("text"))).error_response()
}

#[derive(Template)]
#[template(path = "sign-in.html")]
struct SignInPage<'a> {
    style: &'a str,
    script: &'a str,
    shop: &'a str,
    email: &'a str,
    next: &'a str,
    refusal: &'a str,
}

impl<'a> SignInPage<'a> {
    fn new(form: &'a Form, shop: &'a str, refusal: &'a str) -> Self {
        let (style, script) = (STYLE.path.as_str(), SCRIPT.path.as_str());
        Self { style, script, shop, email: form.text("email"), next: form.text("next"), refusal }
    }
}

/// `GET /sign-in`: the form.
///
/// # Errors
/// None.
pub(crate) async fn form(request: HttpRequest) -> Result<HttpResponse, Failure> {
    let shop = cookie(&request, SHOP_COOKIE).unwrap_or_default();
    shell::page(HttpResponse::Ok(), &SignInPage::new(&Form::of_query(&request), shop, ""))
}

/// `POST /sign-in`: begins a session. The page does not tell which part was wrong.
///
/// # Errors
/// The errors of the store.
pub(crate) async fn sign_in(
    console: Console,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, Failure> {
    let shop = form.text("shop").trim();
    let signed_in = console.sign_in.execute(shop, form.text("email"), form.text("password")).await;
    let (status, refusal) = match signed_in {
        Ok(signed_in) => return Ok(begin(&request, &signed_in, next(&form))),
        Err(SignInError::Refused) => {
            (StatusCode::FORBIDDEN, "The shop, the e-mail address or the password is wrong.".to_owned())
        }
        Err(SignInError::TooManyFailures(failures)) => {
            let left = failures.retry_at.unix_millis() - console.clock.now().unix_millis();
            let minutes = left.max(0) / 60_000 + 1;
            let sentence = format!("Too many attempts. Try again in {minutes} minutes.");
            (StatusCode::TOO_MANY_REQUESTS, sentence)
        }
        Err(SignInError::Unusable(error)) => {
            tracing::error!(%error, "nobody can sign in");
            return Err(Failure::internal());
        }
        Err(SignInError::Storage(error)) => return Err(error.into()),
    };
    shell::page(HttpResponse::build(status), &SignInPage::new(&form, shop, &refusal))
}

/// The path to go to after signing in: a page of this server.
fn next(form: &Form) -> &str {
    let next = form.text("next");
    let is_page = ["/views/", "/tickets/", "/search?", "/people", "/keys", "/webhooks"]
        .iter()
        .any(|page| next.starts_with(page));
    if is_page && !next.contains(['\\', '\r', '\n']) { next } else { "/" }
}

/// Sends the browser to a page, with the cookies of a session.
pub(crate) fn begin(
    request: &HttpRequest,
    SignedIn { token, session }: &SignedIn,
    path: &str,
) -> HttpResponse {
    let mut response = see_other(path);
    let session_cookie = (cookie_name(request), &*token.text());
    set_cookie(request, &mut response, session_cookie, SessionLife::MAX_MILLIS / 1_000);
    set_cookie(request, &mut response, (SHOP_COOKIE, session.shop.domain.as_str()), YEAR_SECONDS);
    response
}

/// `POST /sign-out`: ends the session.
///
/// # Errors
/// The errors of the store.
pub(crate) async fn sign_out(console: Console, request: HttpRequest) -> Result<HttpResponse, Failure> {
    let name = cookie_name(&request);
    if let Some(token) = cookie(&request, name) {
        console.sessions.sign_out(token).await?;
    }
    let mut response = see_other("/sign-in");
    set_cookie(&request, &mut response, (name, ""), 0);
    Ok(response)
}

#[derive(Template)]
#[template(path = "welcome.html")]
struct WelcomePage<'a> {
    style: &'a str,
    script: &'a str,
    user: String,
    email: &'a str,
    shop: &'a str,
    min_chars: u64,
    max_chars: u64,
    refusal: &'a str,
}

async fn welcome_page(
    console: &Console,
    token: &str,
    status: StatusCode,
    refusal: &str,
) -> Result<HttpResponse, Failure> {
    let holder = console.accept_invitation.holder(token).await?.ok_or_else(old_link)?;
    let page = WelcomePage {
        style: &STYLE.path,
        script: &SCRIPT.path,
        user: labels::user(&holder.user),
        email: &holder.user.email,
        shop: holder.shop.domain.as_str(),
        min_chars: MIN_PASSWORD_CHARS,
        max_chars: MAX_PASSWORD_CHARS,
        refusal,
    };
    let mut response = shell::page(HttpResponse::build(status), &page)?;
    // The path is a secret until it is used.
    response.headers_mut().insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    Ok(response)
}

fn old_link() -> Failure {
    Failure::new(
        StatusCode::NOT_FOUND,
        "This link does not work",
        "It was used, replaced by a newer one, or is older than 24 hours. Ask an admin of your shop for another.",
    )
}

/// `GET /welcome/{token}`: asks for a password. Looking at the page does not use up the link.
///
/// # Errors
/// 404 for a link that does not work.
pub(crate) async fn welcome(console: Console, token: web::Path<String>) -> Result<HttpResponse, Failure> {
    welcome_page(&console, &token, StatusCode::OK, "").await
}

/// `POST /welcome/{token}`: sets the password, and signs in.
///
/// # Errors
/// 404 for a link that does not work.
pub(crate) async fn accept(
    console: Console,
    token: web::Path<String>,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, Failure> {
    let password = form.text("password");
    if password != form.text("again") {
        let refusal = "The two passwords are different.";
        return welcome_page(&console, &token, StatusCode::BAD_REQUEST, refusal).await;
    }
    let request_id = request.extensions().get::<RequestId>().copied();
    match console.accept_invitation.execute(&token, password, request_id).await {
        Ok(signed_in) => Ok(begin(&request, &signed_in, "/")),
        Err(AcceptInvitationError::Invalid(_)) => {
            let refusal = format!("A password has {MIN_PASSWORD_CHARS} to {MAX_PASSWORD_CHARS} characters.");
            welcome_page(&console, &token, StatusCode::BAD_REQUEST, &refusal).await
        }
        Err(AcceptInvitationError::LinkNotFound) => Err(old_link()),
        Err(AcceptInvitationError::Unusable(error)) => {
            tracing::error!(%error, "nobody can set a password");
            Err(Failure::internal())
        }
        Err(AcceptInvitationError::Storage(error)) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signing_in_leads_to_pages_of_this_server_only() {
        for (wanted, path) in [
            ("", "/"),
            ("/tickets/5?view=mine", "/tickets/5?view=mine"),
            ("/views/all", "/views/all"),
            ("/search?q=a", "/search?q=a"),
            ("//evil.example", "/"),
            ("https://evil.example/views/", "/"),
            ("/views/\\evil.example", "/"),
            ("/sign-out", "/"),
        ] {
            let query: String = form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
            assert_eq!(next(&Form::parse(format!("next={query}").as_bytes())), path, "{wanted}");
        }
    }
}
