//! Every route there is, as data. A route is closed unless it says that it is open.

use actix_web::http::Method;
use actix_web::http::header::HeaderValue;
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, Resource, Route, guard, web};
use hexdesk_domain::Scope;

use crate::authorization::authorize;
use crate::openapi::Description;
use crate::problem::Problem;
use crate::{
    api_keys, comments, customers, docs_page, events, health, openapi, request_body, tickets, users,
};

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Open,
    /// Whoever presents a key with this scope.
    Key(Scope),
}

/// One method on one path.
pub struct Endpoint {
    /// The method. `HEAD` is served wherever `GET` is.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    handler: fn() -> Route,
}

/// Makes two lists of one, so that a server, which reads the first, is without what the
/// second leads to.
macro_rules! endpoints {
    ($(
        Endpoint {
            method: $method:expr,
            path: $path:expr,
            access: $access:expr,
            handler: $handler:expr,
            describe: $describe:expr,
        },
    )*) => {
        /// Every route.
        pub const ENDPOINTS: &[Endpoint] = &[
            $(Endpoint { method: $method, path: $path, access: $access, handler: $handler },)*
        ];

        /// What each of [`ENDPOINTS`] says of itself.
        pub(crate) const DESCRIPTIONS: &[fn() -> Description] = &[$($describe),*];
    };
}

endpoints! {
    Endpoint {
        method: Method::GET,
        path: "/livez",
        access: Access::Open,
        handler: || web::to(health::live),
        describe: health::openapi::live,
    },
    Endpoint {
        method: Method::GET,
        path: "/readyz",
        access: Access::Open,
        handler: || web::to(health::ready),
        describe: health::openapi::ready,
    },
    Endpoint {
        method: Method::GET,
        path: "/openapi.json",
        access: Access::Open,
        handler: || web::to(openapi::serve),
        describe: openapi::describe,
    },
    Endpoint {
        method: Method::GET,
        path: "/docs",
        access: Access::Open,
        handler: || web::to(docs_page::serve),
        describe: docs_page::describe,
    },
    Endpoint {
        method: Method::GET,
        path: "/api/v1/tickets",
        access: Access::Key(Scope::TicketsRead),
        handler: || web::to(tickets::list),
        describe: tickets::openapi::list,
    },
    Endpoint {
        method: Method::POST,
        path: "/api/v1/tickets",
        access: Access::Key(Scope::TicketsWrite),
        handler: || web::to(tickets::create),
        describe: tickets::openapi::create,
    },
    // Before the ticket of any id, which it would match as well.
    Endpoint {
        method: Method::GET,
        path: "/api/v1/tickets/getRecentConversations",
        access: Access::Key(Scope::TicketsRead),
        handler: || web::to(tickets::recent),
        describe: tickets::openapi::recent,
    },
    Endpoint {
        method: Method::GET,
        path: "/api/v1/tickets/search",
        access: Access::Key(Scope::TicketsRead),
        handler: || web::to(tickets::search),
        describe: tickets::openapi::search,
    },
    Endpoint {
        method: Method::GET,
        path: "/api/v1/tickets/{ticketId}",
        access: Access::Key(Scope::TicketsRead),
        handler: || web::to(tickets::find),
        describe: tickets::openapi::find,
    },
    Endpoint {
        method: Method::PATCH,
        path: "/api/v1/tickets/{ticketId}",
        access: Access::Key(Scope::TicketsWrite),
        handler: || web::to(tickets::update),
        describe: tickets::openapi::update,
    },
    Endpoint {
        method: Method::DELETE,
        path: "/api/v1/tickets/{ticketId}",
        access: Access::Key(Scope::TicketsWrite),
        handler: || web::to(tickets::delete),
        describe: tickets::openapi::delete,
    },
    Endpoint {
        method: Method::GET,
        path: "/api/v1/tickets/{ticketId}/comments",
        access: Access::Key(Scope::TicketsRead),
        handler: || web::to(comments::list),
        describe: comments::openapi::list,
    },
    Endpoint {
        method: Method::POST,
        path: "/api/v1/tickets/{ticketId}/comments",
        access: Access::Key(Scope::TicketsWrite),
        handler: || web::to(comments::create),
        describe: comments::openapi::create,
    },
    Endpoint {
        method: Method::GET,
        path: "/api/v1/customers",
        access: Access::Key(Scope::CustomersRead),
        handler: || web::to(customers::list),
        describe: customers::openapi::list,
    },
    Endpoint {
        method: Method::POST,
        path: "/api/v1/customers",
        access: Access::Key(Scope::CustomersWrite),
        handler: || web::to(customers::create),
        describe: customers::openapi::create,
    },
    Endpoint {
        method: Method::GET,
        path: "/api/v1/customers/{customerId}",
        access: Access::Key(Scope::CustomersRead),
        handler: || web::to(customers::find),
        describe: customers::openapi::find,
    },
    Endpoint {
        method: Method::PATCH,
        path: "/api/v1/customers/{customerId}",
        access: Access::Key(Scope::CustomersWrite),
        handler: || web::to(customers::update),
        describe: customers::openapi::update,
    },
    Endpoint {
        method: Method::DELETE,
        path: "/api/v1/customers/{customerId}",
        access: Access::Key(Scope::CustomersWrite),
        handler: || web::to(customers::erase),
        describe: customers::openapi::erase,
    },
    Endpoint {
        method: Method::GET,
        path: "/api/v1/users",
        access: Access::Key(Scope::UsersRead),
        handler: || web::to(users::list),
        describe: users::openapi::list,
    },
    Endpoint {
        method: Method::POST,
        path: "/api/v1/users",
        access: Access::Key(Scope::UsersWrite),
        handler: || web::to(users::create),
        describe: users::openapi::create,
    },
    Endpoint {
        method: Method::GET,
        path: "/api/v1/users/{userId}",
        access: Access::Key(Scope::UsersRead),
        handler: || web::to(users::find),
        describe: users::openapi::find,
    },
    Endpoint {
        method: Method::PATCH,
        path: "/api/v1/users/{userId}",
        access: Access::Key(Scope::UsersWrite),
        handler: || web::to(users::update),
        describe: users::openapi::update,
    },
    Endpoint {
        method: Method::GET,
        path: "/api/v1/api-keys",
        access: Access::Key(Scope::ApiKeysManage),
        handler: || web::to(api_keys::list),
        describe: api_keys::openapi::list,
    },
    Endpoint {
        method: Method::POST,
        path: "/api/v1/api-keys",
        access: Access::Key(Scope::ApiKeysManage),
        handler: || web::to(api_keys::create),
        describe: api_keys::openapi::create,
    },
    Endpoint {
        method: Method::GET,
        path: "/api/v1/api-keys/{keyId}",
        access: Access::Key(Scope::ApiKeysManage),
        handler: || web::to(api_keys::find),
        describe: api_keys::openapi::find,
    },
    Endpoint {
        method: Method::DELETE,
        path: "/api/v1/api-keys/{keyId}",
        access: Access::Key(Scope::ApiKeysManage),
        handler: || web::to(api_keys::revoke),
        describe: api_keys::openapi::revoke,
    },
    Endpoint {
        method: Method::POST,
        path: "/api/v1/api-keys/{keyId}/rotate",
        access: Access::Key(Scope::ApiKeysManage),
        handler: || web::to(api_keys::rotate),
        describe: api_keys::openapi::rotate,
    },
    Endpoint {
        method: Method::GET,
        path: "/api/v1/events",
        access: Access::Key(Scope::EventsRead),
        handler: || web::to(events::list),
        describe: events::openapi::list,
    },
}

/// Registers every route, with 405 for other methods on their paths and 404 elsewhere.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    for (position, endpoint) in ENDPOINTS.iter().enumerate() {
        let earlier = ENDPOINTS.iter().take(position);
        if !earlier.map(|other| other.path).any(|path| path == endpoint.path) {
            config.service(resource(endpoint.path));
        }
    }
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
                // Names of methods are always a header's text.
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
        Access::Key(scope) => {
            route.wrap(from_fn(move |services, request, next| authorize(scope, services, request, next)))
        }
    }
}
