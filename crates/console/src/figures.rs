//! The page of figures: tickets by day, first answers, and what is open now.

use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use futures_util::future::join;
use hexdesk_domain::{Backlog, FigureDay, Figures, Timestamp, Waits};

use crate::form::Form;
use crate::shell::{self, Shell};
use crate::when::When;
use crate::{Agent, Console, Failure, labels};

/// The ranges that the form offers. The first is the default.
const RANGES: [u32; 3] = [7, 30, 90];

/// The counts of a day, in the order of [`FigureDay::counts`].
const COUNTS: [&str; 3] = ["Opened", "First answered", "Closed"];

/// The width of a day in a chart. Its height is 100.
const DAY_WIDTH: usize = 10;

#[derive(Template)]
#[template(path = "figures.html")]
struct FiguresPage {
    shell: Shell,
    ranges: Vec<Range>,
    counted_at: When,
    /// The first counted day, if earlier ones are not counted.
    counted_since: Option<String>,
    max_entries: String,
    is_empty: bool,
    charts: Vec<Chart>,
    days: Vec<DayRow>,
    first_day: String,
    last_day: String,
    answers: Answers,
    open: String,
    groups: Vec<Group>,
}

struct Range {
    days: u32,
    is_current: bool,
}

/// A bar for each day.
struct Chart {
    title: &'static str,
    total: String,
    most: String,
    width: usize,
    bars: Vec<Bar>,
}

struct Bar {
    x: usize,
    top: u64,
    height: u64,
    title: String,
    is_counted: bool,
    is_today: bool,
}

struct DayRow {
    date: String,
    counts: Option<[String; 3]>,
}

/// How long customers waited.
struct Answers {
    answered: String,
    unanswered: String,
    median: String,
    ninth_decile: String,
}

/// Open tickets by one of their values, as a table with bars.
struct Group {
    title: &'static str,
    rows: Vec<GroupRow>,
}

struct GroupRow {
    name: String,
    tickets: String,
    percent: u64,
}

/// `GET /figures?days=`: the figures of the last days.
///
/// # Errors
/// The errors of the store.
pub(crate) async fn serve(
    console: Console,
    agent: Agent,
    request: HttpRequest,
) -> Result<HttpResponse, Failure> {
    let asked = Form::of_query(&request).number("days");
    let days = RANGES.into_iter().find(|days| asked == Some(i64::from(*days))).unwrap_or(RANGES[0]);
    // Without a place in the log: the page does not follow it, because counting again costs too much.
    let shell = Shell::load(&console, &agent, String::new(), None, "");
    let (figures, shell) = join(console.figures.execute(agent.shop(), days), shell).await;
    let page = page(figures?, shell?.at("/figures"), days, console.clock.now());
    shell::page(HttpResponse::Ok(), &page)
}

fn page(figures: Figures, shell: Shell, range: u32, now: Timestamp) -> FiguresPage {
    let Figures { days, waits, backlog } = figures;
    let date = |day: &FigureDay| When::new(day.day.start(), now).date;
    let counted = |day: &&FigureDay| day.counts.is_some();
    let is_cut = days.iter().any(|day| day.counts.is_none());
    let counts = days.iter().filter_map(|day| day.counts);
    let most = counts.clone().flatten().max().unwrap_or_default();
    let charts = COUNTS.into_iter().enumerate().map(|(place, title)| Chart {
        title,
        total: grouped(counts.clone().filter_map(|counts| counts.get(place).copied()).sum()),
        most: grouped(
            counts.clone().filter_map(|counts| counts.get(place).copied()).max().unwrap_or_default(),
        ),
        width: DAY_WIDTH * days.len(),
        bars: bars(&days, place, most, title, &date),
    });
    FiguresPage {
        shell,
        ranges: RANGES.map(|days| Range { days, is_current: days == range }).into(),
        counted_at: When::new(now, now),
        counted_since: days.iter().find(counted).filter(|_| is_cut).map(date),
        max_entries: grouped(Figures::MAX_ENTRIES),
        is_empty: most == 0 && backlog.total == 0 && !is_cut,
        charts: charts.collect(),
        first_day: days.first().map(date).unwrap_or_default(),
        last_day: days.last().map(date).unwrap_or_default(),
        days: days
            .iter()
            .rev()
            .map(|day| DayRow { date: date(day), counts: day.counts.map(|counts| counts.map(grouped)) })
            .collect(),
        answers: answers(waits),
        open: format!("{}{}", grouped(backlog.total), if backlog.is_cut { "+" } else { "" }),
        groups: groups(&backlog),
    }
}

/// The bars of one count. `most` is the largest count of the page, so that its charts have one scale.
fn bars(
    days: &[FigureDay],
    place: usize,
    most: u64,
    title: &str,
    date: &impl Fn(&FigureDay) -> String,
) -> Vec<Bar> {
    let today = days.len().saturating_sub(1);
    let bar = |(number, day): (usize, &FigureDay)| {
        let count = day.counts.and_then(|counts| counts.get(place).copied());
        // One ticket is still visible.
        let height = count.map_or(100, |count| (count * 100).div_ceil(most.max(1)));
        let (is_counted, is_today) = (count.is_some(), number == today);
        let count = count.map_or("not counted".to_owned(), grouped);
        let so_far = if is_today { " so far" } else { "" };
        Bar {
            x: DAY_WIDTH * number,
            top: 100 - height,
            height,
            title: format!("{}: {title} {count}{so_far}", date(day)),
            is_counted,
            is_today,
        }
    };
    days.iter().enumerate().map(bar).collect()
}

fn answers(waits: Waits) -> Answers {
    let Waits { answered, unanswered, median, ninth_decile } = waits;
    let shown = |wait: Option<i64>| wait.map_or("–".to_owned(), span);
    Answers {
        answered: grouped(answered),
        unanswered: grouped(unanswered),
        median: shown(median),
        ninth_decile: shown(ninth_decile),
    }
}

fn groups(backlog: &Backlog) -> Vec<Group> {
    let by_channel = backlog.by_channel.iter().map(|(channel, tickets)| (channel.clone(), *tickets));
    let by_assignee = backlog
        .by_assignee
        .iter()
        .map(|(user, tickets)| (user.as_ref().map_or("Nobody".to_owned(), labels::user), *tickets));
    let group = |title, mut rows: Vec<(String, u64)>, rest| {
        if rest > 0 {
            rows.push(("All others".to_owned(), rest));
        }
        let largest = rows.iter().map(|(_, tickets)| *tickets).max().unwrap_or_default().max(1);
        let rows = rows.into_iter().map(|(name, tickets)| GroupRow {
            name,
            tickets: grouped(tickets),
            percent: (tickets * 100).div_ceil(largest),
        });
        Group { title, rows: rows.collect() }
    };
    vec![
        group("Channel", by_channel.collect(), backlog.rest(&backlog.by_channel)),
        group("Assignee", by_assignee.collect(), backlog.rest(&backlog.by_assignee)),
    ]
}

/// `12,345`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A time span with its two largest units: `40 s`, `12 min`, `3 h 5 min`, `2 d 4 h`.
fn span(millis: i64) -> String {
    let seconds = millis / 1_000;
    let two = |large: i64, unit, small: i64, small_unit| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {small_unit}"),
    };
    match (seconds / 60, seconds / 3_600, seconds / 86_400) {
        (0, ..) => format!("{seconds} s"),
        (minutes, 0, _) => format!("{minutes} min"),
        (minutes, hours, 0) => two(hours, "h", minutes % 60, "min"),
        (_, hours, days) => two(days, "d", hours % 24, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_spans_are_readable() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_599, "59 min"),
            (3_600, "1 h"),
            (11_100, "3 h 5 min"),
            (86_400, "1 d"),
            (187_200, "2 d 4 h"),
        ] {
            assert_eq!(span(seconds * 1_000 + 999), text);
        }
    }
}
