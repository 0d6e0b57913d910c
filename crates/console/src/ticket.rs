//! The page of a ticket.

use std::collections::VecDeque;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use futures_util::future::join5;
use hexdesk_domain::limits::MAX_PAGE_BYTES;
use hexdesk_domain::{
    CommentPosition, CommentView, Customer, Page, PageSize, SavedReply, SavedReplyId, TextBytes,
    TicketFilter, TicketId, TicketView, Timestamp, User, UserFilter, UserId,
};

use crate::form::Form;
use crate::inbox::{self, List, Row};
use crate::message::{Body, Message, Piece};
use crate::shell::{self, Shell};
use crate::view::View;
use crate::when::When;
use crate::{Agent, Console, Failure, html_message, labels, saved_replies};

/// The most messages on a page.
const MAX_MESSAGES: usize = 100;

/// The most pages that are read to find the end of a conversation.
const MAX_PAGES: usize = 20;

/// The other tickets of the customer that the page lists.
const OTHER_TICKETS: u32 = 6;

/// The users that a ticket can be assigned to.
const MAX_ASSIGNEES: u32 = 100;

/// A conversation, or its latest part.
pub(crate) struct Conversation {
    comments: VecDeque<CommentView>,
    /// Whether earlier messages are left out.
    is_cut: bool,
    /// The place of the last message, if later ones are left out.
    later: Option<CommentPosition>,
    /// The largest id of a comment. It says what a user has seen.
    latest: i64,
}

/// The part of a conversation that a page shows.
#[derive(Clone, Copy)]
pub(crate) enum Part {
    /// The latest messages.
    Latest,
    /// The messages after this place, or the first ones.
    After(Option<CommentPosition>),
}

impl Part {
    fn of(form: &Form) -> Self {
        match form.text("from") {
            "start" => Self::After(None),
            from => html_message::position(from).map_or(Self::Latest, |place| Self::After(Some(place))),
        }
    }
}

impl Conversation {
    /// Reads this part.
    pub(crate) async fn load(
        console: &Console,
        agent: &Agent,
        ticket: TicketId,
        part: Part,
    ) -> Result<Self, Failure> {
        let mut bytes = 0;
        let (mut after, is_latest) = match part {
            Part::Latest => (None, true),
            Part::After(place) => (place, false),
        };
        let (comments, is_cut) = (VecDeque::new(), after.is_some());
        let mut found = Self { comments, is_cut, later: None, latest: 0 };
        for _ in 0..MAX_PAGES {
            let page = console.comments.list_comments(agent.shop(), ticket, after, PageSize::MAX).await?;
            let Page { entries, next } = page.ok_or_else(Failure::ticket_not_found)?;
            for comment in entries {
                found.latest = found.latest.max(comment.comment.id.get());
                bytes += comment.text_bytes();
                found.comments.push_back(comment);
                while found.comments.len() > 1
                    && (found.comments.len() > MAX_MESSAGES || bytes > MAX_PAGE_BYTES)
                {
                    bytes -= found.comments.pop_front().map_or(0, |comment| comment.text_bytes());
                    found.is_cut = true;
                }
            }
            after = next;
            if after.is_none() || !is_latest {
                break;
            }
        }
        found.later = after;
        Ok(found)
    }

    /// The largest id of a comment.
    pub(crate) const fn latest(&self) -> i64 {
        self.latest
    }

    /// The names of the authors of later comments.
    pub(crate) fn authors_since(&self, seen: i64) -> Vec<String> {
        let mut names = Vec::new();
        for view in self.comments.iter().filter(|view| view.comment.id.get() > seen) {
            let name = match (&view.author, view.comment.is_from_shop) {
                (Some(author), true) => labels::user(author),
                (None, true) => "The shop".to_owned(),
                (_, false) => labels::customer(&view.customer),
            };
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// A ticket with its conversation.
pub(crate) struct Case {
    /// The place in the event log before what was read.
    place: String,
    pub(crate) view: TicketView,
    pub(crate) conversation: Conversation,
}

impl Case {
    /// Reads the ticket before its conversation: then its version is never newer than what the page
    /// shows.
    pub(crate) async fn load(
        console: &Console,
        agent: &Agent,
        ticket: TicketId,
        part: Part,
    ) -> Result<Self, Failure> {
        let place = console.place(agent.shop()).await?;
        let view = console.tickets.find_ticket(agent.shop(), ticket).await?;
        let view = view.ok_or_else(Failure::ticket_not_found)?;
        let conversation = Conversation::load(console, agent, ticket, part).await?;
        Ok(Self { place, view, conversation })
    }
}

/// A form for an answer, as the page shows it.
#[derive(Default)]
pub(crate) struct Composer {
    pub(crate) text: String,
    pub(crate) is_note: bool,
    /// The idempotency key of the form.
    pub(crate) key: String,
    /// The version of the ticket that the user sees.
    pub(crate) version: i64,
    /// The latest comment that the user has seen.
    pub(crate) seen: i64,
    /// Why the answer was not sent.
    pub(crate) refusal: String,
}

impl Composer {
    /// An empty form of a user who has seen all messages.
    pub(crate) fn seen_everything() -> Self {
        Self { seen: i64::MAX, ..Self::default() }
    }
}

/// A user in the list of assignees.
struct Assignee {
    id: UserId,
    name: String,
    is_selected: bool,
}

/// The customer, in the column to the right of the conversation.
struct CustomerCard {
    name: String,
    facts: Vec<(&'static str, String)>,
    others: Vec<Row>,
}

/// The ticket itself.
struct Head {
    id: TicketId,
    subject: String,
    number: Option<String>,
    channel: String,
    reason: Option<String>,
    is_open: bool,
    is_unread: bool,
    opened: When,
    tags: Vec<String>,
    assignees: Vec<Assignee>,
    me: UserId,
}

#[derive(Template)]
#[template(path = "ticket.html")]
struct TicketPage {
    shell: Shell,
    /// The list that the user came from.
    list: List,
    /// Where the list is.
    back: String,
    /// What paths of this page end with.
    query: String,
    head: Head,
    messages: Vec<Message>,
    is_cut: bool,
    /// The path of the later messages that are left out.
    later: Option<String>,
    customer: CustomerCard,
    composer: Composer,
    saved_replies: Vec<SavedReply>,
    /// The fields by which a form keeps where the user came from.
    origin_fields: Vec<(&'static str, String)>,
    /// The key of the form that was just sent.
    sent: String,
    /// What was done, or why it was not done.
    notice: String,
}

/// Where a user came from: a view, or a search.
pub(crate) struct Origin {
    pub(crate) view: View,
    pub(crate) search: String,
}

impl Origin {
    /// Reads it from a query or a form.
    pub(crate) fn of(form: &Form) -> Self {
        let view = View::named(form.text("view")).unwrap_or(View::Open);
        Self { view, search: form.text("q").to_owned() }
    }

    /// What the paths of tickets end with.
    pub(crate) fn query(&self) -> String {
        if self.search.is_empty() {
            return format!("?view={}", self.view.key());
        }
        let encoded: String = form_urlencoded::byte_serialize(self.search.as_bytes()).collect();
        format!("?q={encoded}")
    }

    /// The same, as the fields of a form.
    fn fields(&self) -> Vec<(&'static str, String)> {
        if self.search.is_empty() {
            vec![("view", self.view.key().to_owned())]
        } else {
            vec![("q", self.search.clone())]
        }
    }

    fn back(&self) -> String {
        if self.search.is_empty() { self.view.path() } else { format!("/search{}", self.query()) }
    }
}

/// `GET /tickets/{ticket}`: the list, the conversation and the customer.
///
/// # Errors
/// 404 for a ticket that the shop does not have, and the errors of the store.
pub(crate) async fn serve(
    console: Console,
    agent: Agent,
    ticket: web::Path<i64>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let ticket = TicketId::new(*ticket).ok_or_else(Failure::ticket_not_found)?;
    let form = Form::of_query(&request);
    let case = Case::load(&console, &agent, ticket, Part::of(&form)).await?;
    let mut composer = Composer::seen_everything();
    if let Some(id) = form.number("saved").and_then(SavedReplyId::new) {
        let saved = console.saved_replies.find_saved_reply(agent.shop(), id).await?;
        composer.text = saved.map(|saved| saved.text).unwrap_or_default();
    }
    page(&console, &agent, &form, case, composer, StatusCode::OK).await
}

/// Renders the page of a ticket.
pub(crate) async fn page(
    console: &Console,
    agent: &Agent,
    form: &Form,
    Case { place, view, conversation }: Case,
    mut composer: Composer,
    status: StatusCode,
) -> Result<HttpResponse, Failure> {
    let ticket = view.ticket.id;
    let origin = Origin::of(form);
    let now = console.clock.now();
    let (shell, list, assignees, others, saved_replies) = join5(
        Shell::load(
            console,
            agent,
            place,
            Some(origin.view).filter(|_| origin.search.is_empty()),
            &origin.search,
        ),
        inbox::list_of_origin(console, agent, &origin),
        assignees(console, agent, &view),
        other_tickets(console, agent, &view.customer, ticket, now),
        saved_replies::all(console, agent),
    )
    .await;
    let mut list = list?;
    for row in &mut list.rows {
        row.is_current = row.id == ticket;
    }
    let images_of = form.text("images");
    let name = labels::customer(&view.customer);
    let seen = composer.seen;
    composer.version = view.ticket.version;
    composer.seen = conversation.latest;
    if composer.key.is_empty() {
        composer.key = crate::form::new_key()?;
    }
    let first = Message::first(&view.ticket, &name, images_of, now).filter(|_| !conversation.is_cut);
    // Some programs create a ticket with a message and then send the same message as a comment.
    let is_repeated = |text: &str| {
        let first = view.ticket.first_message();
        first.is_some_and(|(first, _)| first == text)
    };
    let repeats = conversation.comments.front().is_some_and(|view| is_repeated(&view.comment.text));
    let comments = conversation
        .comments
        .iter()
        .map(|comment| Message::of_comment(comment, &view.ticket, images_of, seen, now));
    let messages = first.filter(|_| !repeats).into_iter().chain(comments).collect();
    let page = TicketPage {
        shell: shell?,
        list,
        back: origin.back(),
        query: origin.query(),
        head: head(&view, agent, assignees?, now),
        messages,
        is_cut: conversation.is_cut,
        later: conversation.later.map(|CommentPosition { time, id }| {
            format!("/tickets/{ticket}{}&from={}.{id}", origin.query(), time.unix_millis())
        }),
        saved_replies: saved_replies?,
        origin_fields: origin.fields(),
        customer: CustomerCard { facts: facts(&view.customer, now), name, others: others? },
        composer,
        sent: form.text("sent").to_owned(),
        notice: notice(form.text("done")).to_owned(),
    };
    shell::page(HttpResponse::build(status), &page)
}

/// What a page says after a command.
fn notice(done: &str) -> &'static str {
    match done {
        "reply" => "The reply was sent.",
        "open-reply" => "The reply was sent. The ticket is still open: read the new message.",
        "note" => "The note was added.",
        "closed" => "The ticket was closed.",
        "opened" => "The ticket was opened.",
        "assigned" => "The assignee was changed.",
        "tags" => "The tags were changed.",
        _ => "",
    }
}

fn head(view: &TicketView, agent: &Agent, assignees: Vec<Assignee>, now: Timestamp) -> Head {
    let ticket = &view.ticket;
    let opened = view.human_ticket.as_ref().map_or(ticket.date, |human| human.opened_at);
    Head {
        id: ticket.id,
        subject: labels::ticket(ticket),
        number: view.human_ticket.as_ref().map(|human| human.id.to_string()),
        channel: ticket.channel.clone(),
        reason: ticket.contact_reason.clone().filter(|reason| !reason.trim().is_empty()),
        is_open: ticket.is_opened,
        is_unread: ticket.unread_count > 0,
        opened: When::new(opened, now),
        tags: ticket.tags.clone(),
        assignees,
        me: agent.user.id,
    }
}

/// The users to choose from: the active ones, the signed-in user first, and the present assignee.
async fn assignees(console: &Console, agent: &Agent, view: &TicketView) -> Result<Vec<Assignee>, Failure> {
    let active = UserFilter { is_active: Some(true), ..UserFilter::default() };
    let page = console.users.list_users(agent.shop(), active, None, PageSize::of(MAX_ASSIGNEES)).await?;
    let present = view.assignee.iter();
    let mut users: Vec<&User> = page.entries.iter().collect();
    users.extend(present.filter(|user| page.entries.iter().all(|active| active.id != user.id)));
    users.sort_by_key(|user| (user.id != agent.user.id, labels::user(user).to_lowercase()));
    let assignee = view.ticket.assigned_to;
    Ok(users
        .into_iter()
        .map(|user| Assignee {
            id: user.id,
            name: labels::user(user),
            is_selected: assignee == Some(user.id),
        })
        .collect())
}

/// The latest other tickets of the customer.
async fn other_tickets(
    console: &Console,
    agent: &Agent,
    customer: &Customer,
    ticket: TicketId,
    now: Timestamp,
) -> Result<Vec<Row>, Failure> {
    let filter = TicketFilter { customer_id: Some(customer.id), ..TicketFilter::default() };
    let size = PageSize::of(OTHER_TICKETS);
    let page = console.tickets.list_tickets(agent.shop(), filter, None, size).await?;
    let others = page.entries.iter().filter(|view| view.ticket.id != ticket);
    Ok(others.map(|view| Row::new(view, now, "?view=all")).collect())
}

fn facts(customer: &Customer, now: Timestamp) -> Vec<(&'static str, String)> {
    let text = |name, value: &Option<String>| {
        value.clone().filter(|value| !value.trim().is_empty()).map(|value| (name, value))
    };
    let ids = &customer.external_ids;
    let orders = (customer.number_of_orders > 0).then(|| ("Orders", customer.number_of_orders.to_string()));
    [
        text("E-mail", &customer.email),
        text("Phone", &customer.phone_number),
        text("Instagram", &ids.ig_pseudo),
        text("WhatsApp", &ids.whatsapp_id),
        text("Shopify", &ids.shopify_id),
        text("WordPress", &ids.wordpress_id),
        text("PrestaShop", &ids.prestashop_id),
        orders,
        Some(("Since", When::new(customer.created_at, now).date)),
    ]
    .into_iter()
    .flatten()
    .collect()
}
