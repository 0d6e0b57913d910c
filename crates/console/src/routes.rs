//! Every page, as data: its method, its path, and its access.

use actix_web::http::Method;
use actix_web::{Route, web};
use hexdesk_domain::Scope;

use crate::{
    assets, commands, demo, figures, html_message, inbox, keys, people, saved_replies, session, ticket,
    webhooks,
};

/// The browsers that may request a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Every browser.
    Open,
    /// Browsers with the session of a user whose role has these scopes.
    Session(&'static [Scope]),
}

/// One method on one path.
pub struct Page {
    /// The method. `HEAD` is served wherever `GET` is.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// The browsers that may request it.
    pub access: Access,
    /// Returns its handler.
    pub handler: fn() -> Route,
}

macro_rules! pages {
    ($($method:ident $path:literal, $access:ident $(($($scope:ident),+))? => $($handler:ident)::+;)+) => {
        /// Every page.
        pub const PAGES: &[Page] = &[$(Page {
            method: Method::$method,
            path: $path,
            access: Access::$access $((&[$(Scope::$scope),+]))?,
            handler: || web::to($($handler)::+),
        }),+];
    };
}

pages! {
    GET "/assets/{name}", Open => assets::serve;
    GET "/sign-in", Open => session::form;
    POST "/sign-in", Open => session::sign_in;
    POST "/sign-out", Open => session::sign_out;
    GET "/welcome/{token}", Open => session::welcome;
    POST "/welcome/{token}", Open => session::accept;
    GET "/demo/{secret}", Open => demo::serve;
    GET "/", Session(TicketsRead) => inbox::home;
    GET "/views/{view}", Session(TicketsRead) => inbox::view;
    GET "/search", Session(TicketsRead) => inbox::search;
    GET "/tickets/{ticket}", Session(TicketsRead) => ticket::serve;
    GET "/tickets/{ticket}/messages/{message}", Session(TicketsRead) => html_message::serve;
    POST "/tickets/{ticket}/answer", Session(TicketsWrite) => commands::answer;
    POST "/tickets/{ticket}/assign", Session(TicketsWrite) => commands::assign;
    POST "/tickets/{ticket}/state", Session(TicketsWrite) => commands::state;
    POST "/tickets/{ticket}/tags", Session(TicketsWrite) => commands::tags;
    GET "/figures", Session(TicketsRead) => figures::serve;
    GET "/saved-replies", Session(TicketsRead) => saved_replies::list;
    GET "/saved-replies/{reply}", Session(TicketsRead) => saved_replies::edit;
    POST "/saved-replies/{reply}", Session(TicketsWrite) => saved_replies::save;
    POST "/saved-replies/{reply}/delete", Session(TicketsWrite) => saved_replies::delete;
    POST "/tickets/{ticket}/read", Session(TicketsWrite) => commands::read;
    GET "/people", Session(UsersWrite) => people::list;
    POST "/people", Session(UsersWrite) => people::invite;
    GET "/people/{user}", Session(UsersWrite) => people::serve;
    POST "/people/{user}/link", Session(UsersWrite) => people::link;
    POST "/people/{user}/role", Session(UsersWrite) => people::set_role;
    GET "/people/{user}/deactivate", Session(UsersWrite) => people::ask;
    POST "/people/{user}/state", Session(UsersWrite) => people::set_state;
    GET "/keys", Session(ApiKeysManage) => keys::list;
    POST "/keys", Session(ApiKeysManage) => keys::create;
    GET "/keys/{key}", Session(ApiKeysManage) => keys::serve;
    POST "/keys/{key}/rotate", Session(ApiKeysManage) => keys::rotate;
    GET "/keys/{key}/revoke", Session(ApiKeysManage) => keys::ask;
    POST "/keys/{key}/revoke", Session(ApiKeysManage) => keys::revoke;
    GET "/webhooks", Session(WebhooksRead, EventsRead) => webhooks::list;
    POST "/webhooks", Session(WebhooksManage, EventsRead) => webhooks::create;
    GET "/webhooks/{webhook}", Session(WebhooksRead, EventsRead) => webhooks::serve;
    POST "/webhooks/{webhook}", Session(WebhooksManage, EventsRead) => webhooks::save;
    POST "/webhooks/{webhook}/state", Session(WebhooksManage, EventsRead) => webhooks::set_state;
    POST "/webhooks/{webhook}/test", Session(WebhooksManage, EventsRead) => webhooks::test;
    POST "/webhooks/{webhook}/rotate", Session(WebhooksManage, EventsRead) => webhooks::rotate;
    GET "/webhooks/{webhook}/replay", Session(WebhooksManage, EventsRead) => webhooks::ask_to_replay;
    POST "/webhooks/{webhook}/replay", Session(WebhooksManage, EventsRead) => webhooks::replay;
    GET "/webhooks/{webhook}/delete", Session(WebhooksManage, EventsRead) => webhooks::ask;
    POST "/webhooks/{webhook}/delete", Session(WebhooksManage, EventsRead) => webhooks::delete;
}
