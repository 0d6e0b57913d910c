//! People: the users of the shop, their access to the console, and one-time links.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use hexdesk_domain::ports::UpdateUserOutcome;
use hexdesk_domain::{
    Access, CommandError, IdempotentOutcome, InviteError, Invited, Link, Member, PageSize, Role, Timestamp,
    UserChanges, UserDraft, UserId,
};

use crate::form::Form;
use crate::inbox::see_other;
use crate::mark::{Fact, Mark};
use crate::once::Once;
use crate::question::{self, Question};
use crate::refusals::Refusals;
use crate::session::is_over_tls;
use crate::shell::{self, Shell};
use crate::when::When;
use crate::{Agent, Console, Failure, labels};

/// The path of the list.
pub(crate) const PATH: &str = "/people";

/// The people of a page.
const PAGE_ENTRIES: u32 = 50;

#[derive(Template)]
#[template(path = "people.html")]
struct PeoplePage {
    shell: Shell,
    rows: Vec<Row>,
    next: Option<String>,
    is_later_page: bool,
    form: InviteForm,
}

struct Row {
    path: String,
    name: String,
    email: String,
    is_me: bool,
    mark: Mark,
    role: &'static str,
    signed_in: Option<When>,
}

#[derive(Default)]
struct InviteForm {
    email: String,
    name: String,
    role: String,
    refusals: Refusals,
    /// The path of the person who is invited already.
    invited: Option<String>,
}

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    shell: Shell,
    path: String,
    name: String,
    mark: Mark,
    facts: Vec<Fact>,
    /// The name of the role. Absent without access.
    role: Option<&'static str>,
    is_active: bool,
    is_me: bool,
    /// The end of the present link. A form says which link its user has seen.
    link_end: String,
    once: Option<Once>,
    notice: &'static str,
    refusal: String,
}

/// The state of a member.
fn mark(member: &Member, now: Timestamp) -> Mark {
    match &member.access {
        _ if !member.user.is_active() => Mark::ended("Deactivated"),
        None => Mark::ended("No access"),
        Some(access) if access.has_password => Mark::works("Active"),
        Some(access) if access.link_ends_at.is_some_and(|end| now < end) => Mark::works("Invited"),
        Some(_) => Mark::warns("Link has ended"),
    }
}

const fn role_name(role: Role) -> &'static str {
    match role {
        Role::Agent => "Agent",
        Role::Admin => "Admin",
    }
}

/// `GET /people`: the users, and a form that invites another.
///
/// # Errors
/// The errors of the store.
pub(crate) async fn list(
    console: Console,
    agent: Agent,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let after = Form::of_query(&request).number("after").and_then(UserId::new);
    people(&console, &agent, after, InviteForm::default(), StatusCode::OK).await
}

async fn people(
    console: &Console,
    agent: &Agent,
    after: Option<UserId>,
    form: InviteForm,
    status: StatusCode,
) -> Result<HttpResponse, Failure> {
    let place = console.place(agent.shop()).await?;
    let page = console.members.list(agent.shop(), after, PageSize::of(PAGE_ENTRIES)).await?;
    let now = console.clock.now();
    let rows = page.entries.iter().map(|member| Row {
        path: path(member.user.id),
        name: labels::user(&member.user),
        email: member.user.email.clone(),
        is_me: member.user.id == agent.user.id,
        mark: mark(member, now),
        role: member.access.map_or("", |access| role_name(access.role)),
        signed_in: signed_in(member.access, now),
    });
    let rows = rows.collect();
    let shell = Shell::load(console, agent, place, None, "").await?.at(PATH);
    let next = page.next.map(|after| format!("{PATH}?after={after}"));
    shell::page(
        HttpResponse::build(status),
        &PeoplePage { shell, rows, next, is_later_page: after.is_some(), form },
    )
}

fn path(user: UserId) -> String {
    format!("{PATH}/{user}")
}

fn signed_in(access: Option<Access>, now: Timestamp) -> Option<When> {
    Some(When::new(access?.signed_in_at?, now))
}

/// `POST /people`: gives a user access, who is created if necessary, and shows the link once. Sent twice,
/// it says that the user has access already.
///
/// # Errors
/// The errors of the store.
pub(crate) async fn invite(
    console: Console,
    agent: Agent,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, Failure> {
    let (email, name) = (form.text("email").trim(), form.text("name").trim());
    let refused = |refusals, invited| InviteForm {
        email: email.to_owned(),
        name: name.to_owned(),
        role: form.text("role").to_owned(),
        refusals,
        invited,
    };
    let found = console.members.find_by_email(agent.shop(), email).await?;
    if let Some(Member { user, access }) = found.filter(|it| it.access.is_some() || !it.user.is_active()) {
        let sentence = match access {
            Some(_) if user.is_active() => {
                "This person has access already. A link is shown only once; make another on the person's page."
            }
            _ => "This person is deactivated. Activate them on their page first.",
        };
        let form = refused(Refusals::of("email", sentence), Some(path(user.id)));
        return people(&console, &agent, None, form, StatusCode::CONFLICT).await;
    }
    let draft = UserDraft {
        email: Some(email.to_owned()),
        full_name: (!name.is_empty()).then(|| name.to_owned()),
        ..UserDraft::default()
    };
    match console.invite.invite(agent.principal.caller(), draft, role(&form)).await {
        Ok(invited) => show_link(&console, &agent, &request, invited).await,
        Err(InviteError::Invalid(violations)) => {
            let form = refused(Refusals::from_violations(&violations), None);
            people(&console, &agent, None, form, StatusCode::BAD_REQUEST).await
        }
        Err(error) => Err(failed(error)),
    }
}

fn role(form: &Form) -> Role {
    form.text("role").parse().unwrap_or(Role::Agent)
}

fn failed(error: InviteError) -> Failure {
    match error {
        InviteError::Storage(error) => error.into(),
        InviteError::UserNotFound | InviteError::NotInvited => changed_meanwhile(),
        InviteError::Invalid(_) | InviteError::Unusable(_) => {
            tracing::error!(%error, "nobody can be invited");
            Failure::internal()
        }
    }
}

fn changed_meanwhile() -> Failure {
    let sentence = "Somebody deactivated this person meanwhile. Nothing was changed.";
    Failure::new(StatusCode::CONFLICT, "Changed meanwhile", sentence)
}

fn not_found() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "Person not found", "This shop has no such person.")
}

/// What a page about a person says besides its facts.
#[derive(Default)]
struct Said {
    once: Option<Once>,
    notice: &'static str,
    refusal: String,
}

async fn find(console: &Console, agent: &Agent, user: i64) -> Result<Member, Failure> {
    let user = UserId::new(user).ok_or_else(not_found)?;
    console.members.find(agent.shop(), user).await?.ok_or_else(not_found)
}

async fn page(
    console: &Console,
    agent: &Agent,
    member: &Member,
    said: Said,
    status: StatusCode,
) -> Result<HttpResponse, Failure> {
    let place = console.place(agent.shop()).await?;
    let now = console.clock.now();
    let Member { user, access } = member;
    let mut facts = vec![Fact::text("E-mail", &user.email)];
    if let Some(access) = access {
        facts.push(Fact::text("Role", role_name(access.role)));
        facts.push(match signed_in(Some(*access), now) {
            Some(time) => Fact::time("Signed in", time),
            None => Fact::text("Signed in", "Never"),
        });
    }
    let link_ends_at = access.and_then(|access| access.link_ends_at);
    if let Some(end) = link_ends_at.filter(|_| user.is_active()) {
        facts.push(Fact::time(if now < end { "Link until" } else { "Link ended" }, When::new(end, now)));
    }
    facts.push(Fact::time("Added", When::new(user.created_at, now)));
    if let Some(time) = user.deactivated_at {
        facts.push(Fact::time("Deactivated", When::new(time, now)));
    }
    let path = path(user.id);
    let page = PersonPage {
        shell: Shell::load(console, agent, place, None, "").await?.at(PATH).of(&path),
        path,
        name: labels::user(user),
        mark: mark(member, now),
        facts,
        role: access.map(|access| access.role.as_str()),
        is_active: user.is_active(),
        is_me: user.id == agent.user.id,
        link_end: seen_link(*access),
        once: said.once,
        notice: said.notice,
        refusal: said.refusal,
    };
    shell::page(HttpResponse::build(status), &page)
}

/// Says which link a user has seen.
fn seen_link(access: Option<Access>) -> String {
    let end = access.and_then(|access| access.link_ends_at);
    end.map_or_else(String::new, |end| end.unix_millis().to_string())
}

/// Shows a new link. It is part of this response only.
async fn show_link(
    console: &Console,
    agent: &Agent,
    request: &HttpRequest,
    invited: Invited,
) -> Result<HttpResponse, Failure> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let scheme = if is_over_tls(request) { "https" } else { "http" };
    let hours = Link::LIFE_MILLIS / (60 * 60 * 1_000);
    let once = Once {
        name: "One-time link",
        secret: format!("{scheme}://{host}/welcome/{}", invited.token.text()),
        hint: format!(
            "Send this link to {}. It sets a password, works once, and ends in {hours} hours. Copy it now: it \
             is not shown again.",
            invited.user.email
        ),
    };
    let member = find(console, agent, invited.user.id.get()).await?;
    page(console, agent, &member, Said { once: Some(once), ..Said::default() }, StatusCode::OK).await
}

/// `GET /people/{user}`: a person, and what an admin can do.
///
/// # Errors
/// 404 for a user that the shop does not have.
pub(crate) async fn serve(
    console: Console,
    agent: Agent,
    user: web::Path<i64>,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let member = find(&console, &agent, *user).await?;
    let notice = match Form::of_query(&request).text("done") {
        "role" => "The role was changed. It counts at once.",
        "activated" => "The person is active. Make a link, with which they set a password.",
        "deactivated" => "The person was deactivated and signed out.",
        _ => "",
    };
    page(&console, &agent, &member, Said { notice, ..Said::default() }, StatusCode::OK).await
}

/// `POST /people/{user}/link`: makes another link, and shows it once. A user without access gets a role.
///
/// # Errors
/// 404 for a user that the shop does not have, 409 for a deactivated one.
pub(crate) async fn link(
    console: Console,
    agent: Agent,
    user: web::Path<i64>,
    request: HttpRequest,
    form: Form,
) -> Result<HttpResponse, Failure> {
    let member = find(&console, &agent, *user).await?;
    if form.text("seen") != seen_link(member.access) {
        let refusal = "A link was made meanwhile, and shown once. Make another if it is lost.".to_owned();
        let said = Said { refusal, ..Said::default() };
        return page(&console, &agent, &member, said, StatusCode::PRECONDITION_FAILED).await;
    }
    let caller = agent.principal.caller();
    let invited = if member.access.is_some() {
        console.invite.reset_password(caller, member.user.id).await
    } else {
        let draft = UserDraft { email: Some(member.user.email), ..UserDraft::default() };
        console.invite.invite(caller, draft, role(&form)).await
    };
    show_link(&console, &agent, &request, invited.map_err(failed)?).await
}

/// Refuses to lock oneself out.
fn check_other(agent: &Agent, member: &Member) -> Result<(), Failure> {
    if member.user.id == agent.user.id {
        let sentence = "Nobody changes the own role or deactivates themselves. Ask another admin.";
        return Err(Failure::new(StatusCode::CONFLICT, "Not changed", sentence));
    }
    Ok(())
}

/// `POST /people/{user}/role`: gives a user another role, unless somebody else did so meanwhile.
///
/// # Errors
/// 404 for a user that the shop does not have, 409 for oneself and for a deactivated one.
pub(crate) async fn set_role(
    console: Console,
    agent: Agent,
    user: web::Path<i64>,
    form: Form,
) -> Result<HttpResponse, Failure> {
    let member = find(&console, &agent, *user).await?;
    check_other(&agent, &member)?;
    let role = role(&form);
    let present = member.access.map(|access| access.role);
    if present != Some(role) && present.map(Role::as_str) != Some(form.text("before")) {
        let refusal = "Somebody else changed the role meanwhile. Nothing was changed.".to_owned();
        let said = Said { refusal, ..Said::default() };
        return page(&console, &agent, &member, said, StatusCode::PRECONDITION_FAILED).await;
    }
    console.invite.set_role(agent.principal.caller(), member.user.id, role).await.map_err(failed)?;
    Ok(see_other(&format!("{}?done=role", path(member.user.id))))
}

/// `GET /people/{user}/deactivate`: asks.
///
/// # Errors
/// 404 for a user that the shop does not have.
pub(crate) async fn ask(
    console: Console,
    agent: Agent,
    user: web::Path<i64>,
) -> Result<HttpResponse, Failure> {
    let Member { user, .. } = find(&console, &agent, *user).await?;
    let path = path(user.id);
    let question = Question {
        title: format!("Deactivate {}?", labels::user(&user)),
        sentences: vec![
            "They are signed out at once and cannot sign in. Their link ends. No ticket can be assigned to them.".to_owned(),
            "Every API key that writes in their name is revoked. Activating them again restores no key.".to_owned(),
            "Their tickets and messages stay.".to_owned(),
        ],
        action: format!("{path}/state"),
        fields: vec![("active", "false".to_owned())],
        yes: "Deactivate",
        back: path,
    };
    question::ask(&console, &agent, PATH, question).await
}

/// `POST /people/{user}/state`: activates or deactivates a user.
///
/// # Errors
/// 404 for a user that the shop does not have, 409 for oneself.
pub(crate) async fn set_state(
    console: Console,
    agent: Agent,
    user: web::Path<i64>,
    form: Form,
) -> Result<HttpResponse, Failure> {
    let member = find(&console, &agent, *user).await?;
    check_other(&agent, &member)?;
    let is_active = form.text("active") == "true";
    let changes = UserChanges { is_active: Some(is_active), ..UserChanges::default() };
    let (caller, id) = (agent.principal.caller(), member.user.id);
    let receipt = Arc::new(|_: &UpdateUserOutcome| None);
    match console.manage_users.update(caller, id, changes, None, receipt).await {
        Ok(IdempotentOutcome::Ran(UpdateUserOutcome::UserNotFound)) => Err(not_found()),
        Ok(_) => {
            let done = if is_active { "activated" } else { "deactivated" };
            Ok(see_other(&format!("{}?done={done}", path(id))))
        }
        Err(CommandError::Storage(error)) => Err(error.into()),
        Err(CommandError::Invalid(_)) => Err(Failure::internal()),
    }
}
