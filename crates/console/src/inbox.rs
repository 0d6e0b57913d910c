//! Lists of tickets: the views, and the results of a search.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use futures_util::future::join;
use hexdesk_domain::{
    Page, PageSize, SearchPosition, SearchQuery, TicketId, TicketPosition, TicketView, Timestamp,
};

use crate::form::Form;
use crate::shell::{self, Shell};
use crate::ticket::Origin;
use crate::view::View;
use crate::when::When;
use crate::{Agent, Console, Failure, labels};

/// The tickets of a page.
const PAGE_ENTRIES: u32 = 50;

/// The most characters of a message in a list.
const PREVIEW_CHARS: usize = 160;

/// A ticket in a list.
pub(crate) struct Row {
    pub(crate) id: TicketId,
    pub(crate) path: String,
    pub(crate) customer: String,
    pub(crate) subject: String,
    pub(crate) preview: String,
    pub(crate) channel: String,
    pub(crate) time: When,
    pub(crate) is_unread: bool,
    pub(crate) is_open: bool,
    pub(crate) assignee: Option<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) is_current: bool,
}

impl Row {
    /// `query` is what the path of the ticket ends with: where the user came from.
    pub(crate) fn new(view: &TicketView, now: Timestamp, query: &str) -> Self {
        let TicketView { ticket, customer, assignee, human_ticket: _ } = view;
        let message = ticket.last_message.as_deref().unwrap_or_default();
        Self {
            id: ticket.id,
            path: format!("/tickets/{}{query}", ticket.id),
            customer: labels::customer(customer),
            subject: labels::ticket(ticket),
            preview: labels::beginning(&hexdesk_domain::readable_text(message), PREVIEW_CHARS),
            channel: ticket.channel.clone(),
            time: When::new(ticket.last_message_time, now),
            is_unread: ticket.unread_count > 0,
            is_open: ticket.is_opened,
            assignee: assignee.as_ref().map(labels::user),
            tags: ticket.tags.clone(),
            is_current: false,
        }
    }
}

/// A list of tickets.
pub(crate) struct List {
    pub(crate) title: String,
    pub(crate) rows: Vec<Row>,
    /// The path of the first page.
    pub(crate) path: String,
    /// The path of the next page.
    pub(crate) next: Option<String>,
    /// Whether this is not the first page.
    pub(crate) is_later_page: bool,
    pub(crate) when_empty: String,
    /// Whether rows say if they are open: the list holds both kinds.
    pub(crate) shows_state: bool,
}

#[derive(Template)]
#[template(path = "inbox.html")]
struct InboxPage {
    shell: Shell,
    list: List,
}

/// `GET /`: the first view.
///
/// # Errors
/// None.
pub(crate) async fn home() -> Result<HttpResponse, Failure> {
    Ok(see_other(&View::Open.path()))
}

/// Sends the browser to another page of this server.
pub(crate) fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
}

/// `GET /views/{view}`: a view, a page at a time.
///
/// # Errors
/// 404 for an unknown view, and the errors of the store.
pub(crate) async fn view(
    console: Console,
    agent: Agent,
    view: web::Path<String>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let view = View::named(&view).ok_or_else(Failure::page_not_found)?;
    let after = Place::parse(Form::of_query(&request).text("after")).map(|place| place.ticket);
    let place = console.place(agent.shop()).await?;
    let (list, shell) = join(
        list_of_view(&console, &agent, view, after),
        Shell::load(&console, &agent, place, Some(view), ""),
    )
    .await;
    let (list, shell) = (list?, shell?);
    shell::page(HttpResponse::Ok(), &InboxPage { shell, list })
}

/// Reads a page of a view.
pub(crate) async fn list_of_view(
    console: &Console,
    agent: &Agent,
    view: View,
    after: Option<TicketPosition>,
) -> Result<List, Failure> {
    let size = PageSize::of(PAGE_ENTRIES);
    let Page { entries, next } =
        console.tickets.list_tickets(agent.shop(), view.filter(agent.user.id), after, size).await?;
    let now = console.clock.now();
    let query = format!("?view={}", view.key());
    Ok(List {
        title: view.name().to_owned(),
        path: view.path(),
        rows: entries.iter().map(|ticket| Row::new(ticket, now, &query)).collect(),
        next: next.map(|ticket| format!("{}?after={}", view.path(), Place { rank: 0, ticket })),
        is_later_page: after.is_some(),
        when_empty: view.when_empty().to_owned(),
        shows_state: view == View::All,
    })
}

/// `GET /search?q=`: the tickets that hold all these words.
///
/// # Errors
/// The errors of the store.
pub(crate) async fn search(
    console: Console,
    agent: Agent,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let form = Form::of_query(&request);
    let text = form.text("q").trim().to_owned();
    let after =
        Place::parse(form.text("after")).map(|Place { rank, ticket }| SearchPosition { rank, ticket });
    let place = console.place(agent.shop()).await?;
    let (list, shell) = join(
        list_of_search(&console, &agent, &text, after),
        Shell::load(&console, &agent, place, None, &text),
    )
    .await;
    let (list, shell) = (list?, shell?);
    shell::page(HttpResponse::Ok(), &InboxPage { shell, list })
}

/// Reads the first page of the list that the user came from.
pub(crate) async fn list_of_origin(
    console: &Console,
    agent: &Agent,
    origin: &Origin,
) -> Result<List, Failure> {
    if origin.search.is_empty() {
        list_of_view(console, agent, origin.view, None).await
    } else {
        list_of_search(console, agent, &origin.search, None).await
    }
}

async fn list_of_search(
    console: &Console,
    agent: &Agent,
    text: &str,
    after: Option<SearchPosition>,
) -> Result<List, Failure> {
    let encoded: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    let mut list = List {
        path: format!("/search?q={encoded}"),
        title: if text.is_empty() { "Search".to_owned() } else { format!("Search: {text}") },
        rows: Vec::new(),
        next: None,
        is_later_page: after.is_some(),
        when_empty: "Search for words of messages, names, addresses, phone numbers, tags or ticket numbers."
            .to_owned(),
        shows_state: true,
    };
    // The last word may be incomplete.
    let completed = if text.ends_with(char::is_alphanumeric) { format!("{text}*") } else { text.to_owned() };
    let (Ok(query), Some(search)) = (SearchQuery::parse(&completed), &console.search) else {
        if console.search.is_none() {
            "The database of this server cannot search.".clone_into(&mut list.when_empty);
        }
        return Ok(list);
    };
    let page = search.search_tickets(agent.shop(), query, after, PageSize::of(PAGE_ENTRIES)).await?;
    let now = console.clock.now();
    let from = format!("?q={encoded}");
    list.rows = page.entries.iter().map(|ticket| Row::new(ticket, now, &from)).collect();
    list.next = page.next.map(|SearchPosition { rank, ticket }| {
        format!("/search?q={encoded}&after={}", Place { rank, ticket })
    });
    "No ticket holds all these words. Try fewer words, or the beginning of one."
        .clone_into(&mut list.when_empty);
    Ok(list)
}

/// A place in a list, as links spell it. It names a place only: the list is always the user's own.
struct Place {
    rank: u32,
    ticket: TicketPosition,
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.');
        let (rank, time, id) = (numbers.next()?, numbers.next()?, numbers.next()?);
        let last_message_time = Timestamp::from_unix_millis(time.parse().ok()?).ok()?;
        let ticket = TicketPosition { last_message_time, id: TicketId::new(id.parse().ok()?)? };
        Some(Self { rank: rank.parse().ok()?, ticket })
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let TicketPosition { last_message_time, id } = self.ticket;
        write!(formatter, "{}.{}.{id}", self.rank, last_message_time.unix_millis())
    }
}
