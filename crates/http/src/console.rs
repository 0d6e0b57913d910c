//! The console's pages: their admission, their sessions and their forms.

mod secrets;
mod settings;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, HttpMessage, HttpRequest, HttpResponse, ResponseError, Route, guard, web};
use hexdesk_console::{
    Access, Agent, Failure, FailurePage, FormBody, OverTls, PAGES, Page, ask_to_sign_in, check_same_site,
    find_agent,
};
use hexdesk_domain::{Principal, Scope};
use tokio::time::{Instant, timeout_at};

pub(crate) use secrets::KEY_TEXTS;
#[cfg(feature = "webhooks")]
pub(crate) use secrets::webhooks;
pub(crate) use settings::ConsoleSettings;

use crate::admission;
use crate::events;
use crate::problem::Problem;
use crate::request_body::{self, MAX_FORM_BYTES};
use crate::request_trace::log_principal;
use crate::response_body::Held;
use crate::services::{Services, Started};

/// The most bytes of a form that needs no session.
const MAX_OPEN_FORM_BYTES: usize = 16 * 1024;

/// The event stream of the pages. It is the stream of the API, for a session.
const LIVE: Page = Page {
    method: Method::GET,
    path: "/live",
    access: Access::Session(&[Scope::EventsRead]),
    handler: || web::to(events::stream::serve),
};

/// Returns all pages.
fn pages() -> impl Iterator<Item = &'static Page> + Clone {
    PAGES.iter().chain([&LIVE])
}

/// Registers every page, with 405 for other methods on their paths.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    for (position, page) in pages().enumerate() {
        if pages().take(position).any(|earlier| earlier.path == page.path) {
            continue;
        }
        let of_path = pages().filter(|other| other.path == page.path);
        let resource = of_path.fold(web::resource(page.path), |resource, page| resource.route(route(page)));
        config.service(resource.default_service(web::to(
            |request: HttpRequest, payload: web::Payload| async move {
                request_body::discard(&request, payload.into_inner()).await;
                Err::<&str, _>(Failure::method_not_allowed())
            },
        )));
    }
}

fn route(page: &'static Page) -> Route {
    let method = guard::Any(guard::Method(page.method.clone()));
    let is_read = page.method == Method::GET;
    let route = (page.handler)().guard(if is_read { method.or(guard::Method(Method::HEAD)) } else { method });
    route.wrap(from_fn(move |services, request, next| serve(page, services, request, next)))
}

/// Why a page is not served.
enum Refusal {
    Page(Failure),
    SignIn,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Page(failure)
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Page(page_of(&problem))
    }
}

/// Returns a problem as a page.
fn page_of(problem: &Problem) -> Failure {
    Failure::new(problem.status_code(), problem.title(), problem.sentence().to_owned())
}

/// Serves a page only to a session whose role has its scopes, and a form only from this server.
async fn serve(
    page: &'static Page,
    services: Option<Started>,
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let deadline = admission::deadline(request.request());
    let response = match admit(page, services, &mut request, deadline).await {
        Ok(()) => admission::in_time(deadline, request, next).await?,
        Err(refusal) => {
            let payload = request.take_payload();
            if matches!(refusal, Refusal::SignIn) && page.method == Method::POST {
                // The text of an answer is shown again, so that it is not lost.
                let body = request_body::read_form(request.request(), payload, MAX_OPEN_FORM_BYTES).await;
                if let Ok(body) = body {
                    request.extensions_mut().insert(FormBody(body));
                }
            } else {
                request_body::discard(request.request(), payload).await;
            }
            let response = match refusal {
                Refusal::Page(failure) => failure.error_response(),
                Refusal::SignIn => ask_to_sign_in(request.request()),
            };
            request.into_response(response)
        }
    };
    let problem = response.response().extensions().get::<Problem>().map(page_of);
    Ok(match problem {
        Some(failure) => {
            let (request, _) = response.into_parts();
            ServiceResponse::new(request, failure.error_response())
        }
        None => response,
    })
}

async fn admit(
    page: &'static Page,
    services: Option<Started>,
    request: &mut ServiceRequest,
    deadline: Instant,
) -> Result<(), Refusal> {
    let is_form = page.method == Method::POST;
    if is_form {
        check_same_site(request.request())?;
    }
    let services = services.ok_or_else(Failure::overloaded)?;
    let is_over_tls = services.console_settings.is_over_tls(request.request());
    request.extensions_mut().insert(OverTls(is_over_tls));
    let mut max_form_bytes = MAX_OPEN_FORM_BYTES;
    if is_form && page.access == Access::Open {
        // Everybody can send a password, which is slow to check: so many at a time as lookups of keys.
        let lookup = admission::look_up(request.request())?;
        request.extensions_mut().insert(lookup);
    }
    if let Access::Session(scopes) = page.access {
        // Nothing was done yet: a timeout is safe to retry.
        let agent = timeout_at(deadline, agent(&services, request.request())).await;
        let agent = agent.map_err(|_| Failure::overloaded())??;
        log_principal(&agent.principal);
        if !scopes.iter().all(|scope| agent.principal.scopes.contains(scope)) {
            return Err(Failure::forbidden().into());
        }
        let is_list = !is_form;
        let held = admission::admit(request.request(), agent.principal.shop.id, is_list, deadline).await?;
        let mut extensions = request.extensions_mut();
        extensions.insert::<Held>(held);
        extensions.insert::<Principal>(agent.principal.clone());
        extensions.insert::<Agent>(agent);
        max_form_bytes = MAX_FORM_BYTES;
    }
    request.extensions_mut().insert(services.console.clone());
    if is_form {
        let payload = request.take_payload();
        let body = request_body::read_form(request.request(), payload, max_form_bytes).await?;
        request.extensions_mut().insert(FormBody(body));
    }
    Ok(())
}

/// Returns the signed-in user of a request.
async fn agent(services: &Services, request: &HttpRequest) -> Result<Agent, Refusal> {
    // Everybody can send a token, so this counts as the lookup of a key.
    let _lookup = admission::look_up(request)?;
    find_agent(&services.console, request).await?.ok_or(Refusal::SignIn)
}

/// Whether the body of this response is already a page.
pub(crate) fn is_page(response: &HttpResponse) -> bool {
    response.extensions().contains::<FailurePage>()
}
