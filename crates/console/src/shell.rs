//! What every page of the inbox has in common: the views with their counts, and the user.

use actix_web::HttpResponse;
use askama::Template;
use futures_util::future::try_join_all;
use hexdesk_domain::StorageError;

use crate::assets::{SCRIPT, STYLE};
use crate::view::View;
use crate::{Agent, Console, Failure, FailurePage, labels};

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
    /// The page among the settings that it is, if it is one.
    pub(crate) settings: &'static str,
    /// A command that creates a ticket, in a demo.
    pub(crate) demo_command: String,
    /// The text that the user searches for.
    pub(crate) query: String,
}

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
        let links = View::ALL.into_iter().map(|view| async move {
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
        Ok(Self {
            style: &STYLE.path,
            script: &SCRIPT.path,
            shop: agent.principal.shop.domain.as_str().to_owned(),
            user: labels::user(&agent.user),
            drafts_of: format!("{}.{}", agent.shop(), agent.user.id),
            place,
            views: try_join_all(links).await?,
            demo_command: console.demo.get().map(|demo| demo.command.clone()).unwrap_or_default(),
            settings: "",
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
