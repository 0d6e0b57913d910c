//! The page that asks before something is done that cannot be undone.

use actix_web::HttpResponse;
use askama::Template;

use crate::shell::{self, Shell};
use crate::{Agent, Console, Failure};

/// A question, and the form that says yes.
pub(crate) struct Question {
    pub(crate) title: String,
    /// What happens.
    pub(crate) sentences: Vec<String>,
    /// The path of the form.
    pub(crate) action: String,
    /// The hidden fields of the form.
    pub(crate) fields: Vec<(&'static str, String)>,
    /// The text of the button.
    pub(crate) yes: &'static str,
    /// The path to go back to.
    pub(crate) back: String,
}

#[derive(Template)]
#[template(path = "question.html")]
struct QuestionPage {
    shell: Shell,
    question: Question,
}

/// Asks it. `settings` is the page among the settings that it belongs to.
///
/// # Errors
/// The errors of the store.
pub(crate) async fn ask(
    console: &Console,
    agent: &Agent,
    settings: &'static str,
    question: Question,
) -> Result<HttpResponse, Failure> {
    let place = console.place(agent.shop()).await?;
    let shell = Shell::load(console, agent, place, None, "").await?.at(settings);
    shell::page(HttpResponse::Ok(), &QuestionPage { shell, question })
}
