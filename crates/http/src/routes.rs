//! Every route, as data: its method, its path, and its access.

#[cfg(test)]
mod document;
#[cfg(test)]
mod route_table;

use actix_web::http::Method;
use actix_web::http::header::HeaderValue;
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, Resource, Route, guard, web};
use hexdesk_domain::Scope;

use crate::authorization::authorize;
use crate::problem::Problem;
#[cfg(feature = "webhooks")]
use crate::webhooks;
use crate::{
    api_keys, comments, customers, docs_page, events, health, openapi_json, request_body, tickets, users,
};

/// The clients that may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Every client.
    Open,
    /// Clients with a key that holds these scopes.
    Key(&'static [Scope]),
}

/// One method on one path.
pub struct Endpoint {
    /// The method. `HEAD` is served wherever `GET` is.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// The clients that may call it.
    pub access: Access,
    handler: fn() -> Route,
}

impl Endpoint {
    /// Whether its response is a list: the path does not name one entry, or a stream.
    fn is_list(&self) -> bool {
        self.method == Method::GET && !self.path.ends_with('}') && !self.path.ends_with("/stream")
    }
}

macro_rules! endpoints {
    ($($(#[$condition:meta])? $method:ident $path:literal,
        $access:ident $(($($scope:ident),+))? => $($route:ident)::+;)+) => {
        /// Every route.
        pub const ENDPOINTS: &[Endpoint] = &[$($(#[$condition])? Endpoint {
            method: Method::$method,
            path: $path,
            access: Access::$access $((&[$(Scope::$scope),+]))?,
            handler: || web::to($($route)::+::serve),
        }),+];

        /// The description of each of [`ENDPOINTS`].
        #[cfg(test)]
        const DESCRIPTIONS: &[fn() -> crate::openapi::Description] = &[$($(#[$condition])? $($route)::+::describe),+];
    };
}

// Each route is a module, with its handler `serve` and its description `describe`.
endpoints! {
    GET "/livez", Open => health::live;
    GET "/readyz", Open => health::ready;
    GET "/openapi.json", Open => openapi_json;
    GET "/docs", Open => docs_page;
    GET "/api/v1/tickets", Key(TicketsRead) => tickets::list;
    POST "/api/v1/tickets", Key(TicketsWrite) => tickets::create;
    // These come before the route of one ticket, whose path also matches them.
    GET "/api/v1/tickets/getRecentConversations", Key(TicketsRead) => tickets::recent;
    GET "/api/v1/tickets/search", Key(TicketsRead) => tickets::search;
    GET "/api/v1/tickets/{ticketId}", Key(TicketsRead) => tickets::find;
    PATCH "/api/v1/tickets/{ticketId}", Key(TicketsWrite) => tickets::update;
    DELETE "/api/v1/tickets/{ticketId}", Key(TicketsWrite) => tickets::delete;
    GET "/api/v1/tickets/{ticketId}/comments", Key(TicketsRead) => comments::list;
    POST "/api/v1/tickets/{ticketId}/comments", Key(TicketsWrite) => comments::create;
    PATCH "/api/v1/tickets/{ticketId}/comments/{commentId}", Key(TicketsWrite) => comments::update;
    DELETE "/api/v1/tickets/{ticketId}/comments/{commentId}", Key(TicketsWrite) => comments::delete;
    GET "/api/v1/customers", Key(CustomersRead) => customers::list;
    POST "/api/v1/customers", Key(CustomersWrite) => customers::create;
    GET "/api/v1/customers/{customerId}", Key(CustomersRead) => customers::find;
    PATCH "/api/v1/customers/{customerId}", Key(CustomersWrite) => customers::update;
    DELETE "/api/v1/customers/{customerId}", Key(CustomersWrite) => customers::erase;
    POST "/api/v1/customers/{customerId}/merge", Key(CustomersWrite) => customers::merge;
    GET "/api/v1/users", Key(UsersRead) => users::list;
    POST "/api/v1/users", Key(UsersWrite) => users::create;
    GET "/api/v1/users/{userId}", Key(UsersRead) => users::find;
    PATCH "/api/v1/users/{userId}", Key(UsersWrite) => users::update;
    GET "/api/v1/api-keys", Key(ApiKeysManage) => api_keys::list;
    POST "/api/v1/api-keys", Key(ApiKeysManage) => api_keys::create;
    GET "/api/v1/api-keys/{keyId}", Key(ApiKeysManage) => api_keys::find;
    DELETE "/api/v1/api-keys/{keyId}", Key(ApiKeysManage) => api_keys::revoke;
    POST "/api/v1/api-keys/{keyId}/rotate", Key(ApiKeysManage) => api_keys::rotate;
    GET "/api/v1/events", Key(EventsRead) => events::list;
    GET "/api/v1/events/stream", Key(EventsRead) => events::stream;
    #[cfg(feature = "webhooks")]
    GET "/api/v1/webhooks", Key(WebhooksRead) => webhooks::list;
    #[cfg(feature = "webhooks")]
    POST "/api/v1/webhooks", Key(WebhooksManage, EventsRead) => webhooks::create;
    #[cfg(feature = "webhooks")]
    GET "/api/v1/webhooks/{webhookId}", Key(WebhooksRead) => webhooks::find;
    #[cfg(feature = "webhooks")]
    PATCH "/api/v1/webhooks/{webhookId}", Key(WebhooksManage, EventsRead) => webhooks::update;
    #[cfg(feature = "webhooks")]
    DELETE "/api/v1/webhooks/{webhookId}", Key(WebhooksManage, EventsRead) => webhooks::delete;
    #[cfg(feature = "webhooks")]
    POST "/api/v1/webhooks/{webhookId}/rotate", Key(WebhooksManage, EventsRead) => webhooks::rotate;
    #[cfg(feature = "webhooks")]
    POST "/api/v1/webhooks/{webhookId}/test", Key(WebhooksManage, EventsRead) => webhooks::test;
    #[cfg(feature = "webhooks")]
    GET "/api/v1/webhooks/{webhookId}/deliveries", Key(WebhooksRead) => webhooks::deliveries;
    #[cfg(feature = "webhooks")]
    POST "/api/v1/webhooks/{webhookId}/replay", Key(WebhooksManage, EventsRead) => webhooks::replay;
}

/// Registers every route, with 405 for other methods on their paths and 404 elsewhere.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    for (position, endpoint) in ENDPOINTS.iter().enumerate() {
        let earlier = ENDPOINTS.iter().take(position);
        if !earlier.map(|other| other.path).any(|path| path == endpoint.path) {
            config.service(resource(endpoint.path));
        }
    }
    #[cfg(feature = "console")]
    crate::console::configure(config);
    config.default_service(web::to(|request: HttpRequest, payload: web::Payload| async move {
        request_body::discard(&request, payload.into_inner()).await;
        Err::<&str, _>(Problem::route_not_found())
    }));
}

fn resource(path: &'static str) -> Resource {
    let mut resource = web::resource(path);
    let mut allowed = Vec::new();
    for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.path == path) {
        resource = resource.route(route(endpoint));
        allowed.push(endpoint.method.as_str());
        if endpoint.method == Method::GET {
            allowed.push(Method::HEAD.as_str());
        }
    }
    let allowed = allowed.join(", ");
    resource.default_service(web::to(move |request: HttpRequest, payload: web::Payload| {
        let allowed = HeaderValue::from_str(&allowed);
        async move {
            request_body::discard(&request, payload.into_inner()).await;
            Err::<&str, _>(match allowed {
                Ok(allowed) => Problem::method_not_allowed(allowed),
                // The names of methods are always valid in a header.
                Err(_) => Problem::route_not_found(),
            })
        }
    }))
}

fn route(endpoint: &Endpoint) -> Route {
    let method = guard::Any(guard::Method(endpoint.method.clone()));
    let route = (endpoint.handler)().guard(if endpoint.method == Method::GET {
        method.or(guard::Method(Method::HEAD))
    } else {
        method
    });
    match endpoint.access {
        Access::Open => route,
        Access::Key(scopes) => {
            let is_list = endpoint.is_list();
            route.wrap(from_fn(move |services, request, next| {
                authorize(scopes, is_list, services, request, next)
            }))
        }
    }
}
