//! What every page of the inbox has in common: the views with their counts, and the user.

use actix_web::HttpResponse;
use askama::Template;
use futures_util::future::try_join_all;
use hexdesk_domain::{Scope, StorageError};

use crate::assets::{SCRIPT, STYLE};
use crate::view::View;
use crate::{Agent, Console, Failure, FailurePage, keys, labels, people, webhooks};

/// The largest count that a view shows. Counting more would cost more than it tells.
const MAX_COUNT: u64 = 1_000;

/// The frame of a page.
pub(crate) struct Shell {
    pub(crate) style: &'static str,
    pub(crate) script: &'static str,
    pub(crate) shop: String,
    pub(crate) user: String,
    /// Names the drafts of the user in the browser.
    pub(crate) drafts_of: String,
    /// The place in the event log before everything that the page shows. Live updates begin there. Empty if
    /// the page has none.
    pub(crate) place: String,
    pub(crate) views: Vec<ViewLink>,
    /// The page among the settings that it belongs to, if it belongs to one.
    settings: &'static str,
    /// The path at which the page is read again, if a form has led to it.
    pub(crate) path: String,
    /// The other pages, as far as the user's role allows them.
    pub(crate) links: Vec<&'static SettingsLink>,
    /// A command that creates a ticket, in a demo.
    pub(crate) demo_command: String,
    /// The text that the user searches for.
    pub(crate) query: String,
}

/// A link to a page in the navigation, with the scopes that the page needs. Views have links of their own.
pub(crate) struct SettingsLink {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    needs: &'static [Scope],
}

const LINKS: &[SettingsLink] = &[
    SettingsLink { name: "Figures", path: "/figures", needs: &[Scope::TicketsRead] },
    SettingsLink { name: "Saved replies", path: "/saved-replies", needs: &[Scope::TicketsRead] },
    SettingsLink { name: "People", path: people::PATH, needs: &[Scope::UsersWrite] },
    SettingsLink { name: "API keys", path: keys::PATH, needs: &[Scope::ApiKeysManage] },
    SettingsLink { name: "Webhooks", path: webhooks::PATH, needs: &[Scope::WebhooksRead, Scope::EventsRead] },
];

/// A view in the navigation.
pub(crate) struct ViewLink {
    pub(crate) name: &'static str,
    pub(crate) path: String,
    pub(crate) count: String,
    pub(crate) is_current: bool,
}

impl Shell {
    /// Reads the counts. `current` is the view that the page belongs to. `place` was read before
    /// everything else on the page.
    pub(crate) async fn load(
        console: &Console,
        agent: &Agent,
        place: String,
        current: Option<View>,
        query: &str,
    ) -> Result<Self, StorageError> {
        let views = View::ALL.into_iter().map(|view| async move {
            let count = console
                .tickets
                .count_tickets(agent.shop(), view.filter(agent.user.id), MAX_COUNT + 1)
                .await?;
            Ok::<_, StorageError>(ViewLink {
                name: view.name(),
                path: view.path(),
                count: if count > MAX_COUNT { format!("{MAX_COUNT}+") } else { count.to_string() },
                is_current: current == Some(view),
            })
        });
        let allowed = &agent.principal.scopes;
        let links = LINKS.iter().filter(|link| {
            let exists = link.path != webhooks::PATH || console.webhooks.is_some();
            exists && link.needs.iter().all(|scope| allowed.contains(scope))
        });
        Ok(Self {
            style: &STYLE.path,
            script: &SCRIPT.path,
            shop: agent.principal.shop.domain.as_str().to_owned(),
            user: labels::user(&agent.user),
            drafts_of: format!("{}.{}", agent.shop(), agent.user.id),
            place,
            views: try_join_all(views).await?,
            demo_command: console.demo.get().map(|demo| demo.command.clone()).unwrap_or_default(),
            settings: "",
            path: String::new(),
            links: links.collect(),
            query: query.to_owned(),
        })
    }
}

impl Shell {
    /// Says that the page is this one of the settings.
    #[must_use]
    pub(crate) const fn at(mut self, settings: &'static str) -> Self {
        self.settings = settings;
        self
    }

    /// Says at which path the page is read again.
    #[must_use]
    pub(crate) fn of(mut self, path: &str) -> Self {
        path.clone_into(&mut self.path);
        self
    }

    /// Whether the page is this one of the settings.
    pub(crate) fn is_at(&self, settings: &str) -> bool {
        self.settings == settings
    }
}

/// Returns a page as a response.
pub(crate) fn page(
    mut response: actix_web::HttpResponseBuilder,
    page: &impl Template,
) -> Result<HttpResponse, Failure> {
    let page = page.render().map_err(|error| {
        tracing::error!(%error, "a page cannot be rendered");
        Failure::internal()
    })?;
    let mut response = response.content_type("text/html; charset=utf-8").body(page);
    crate::protect(response.headers_mut());
    if !response.status().is_success() {
        response.extensions_mut().insert(FailurePage);
    }
    Ok(response)
}
