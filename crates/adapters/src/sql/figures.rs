//! Counts for figures: queries that are the same on both databases, and their rows.
//!
//! A parameter is a sign and its number. `$1` is the shop, `$2` and `$3` are the ids of the day.

use diesel::prelude::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Nullable, Text};
use hexdesk_domain::{CommentId, DayFigures, FirstAnswer, OpenTickets, TicketId};

use super::{CorruptRow, user_id};

/// Counts the tickets, comments and closings of a day, each up to the limit `$6`. `$4` and `$5` are the
/// times of the day. The orders are those of the indexes, so that PostgreSQL chooses them.
pub(crate) fn entries(sign: char) -> String {
    format!(
        "SELECT new.tickets, new.opened, written.comments, ended.closed FROM (
            SELECT count(*) AS tickets, count(human_ticket_id) AS opened FROM (
                SELECT human_ticket_id FROM tickets
                WHERE shop_id = {sign}1 AND id >= {sign}2 AND id < {sign}3
                ORDER BY id LIMIT {sign}6
            ) AS counted
        ) AS new, (
            SELECT count(*) AS comments FROM (
                SELECT 1 FROM comments
                WHERE shop_id = {sign}1 AND id >= {sign}2 AND id < {sign}3
                ORDER BY id LIMIT {sign}6
            ) AS counted
        ) AS written, (
            SELECT count(*) AS closed FROM (
                SELECT 1 FROM tickets
                WHERE shop_id = {sign}1 AND human_ticket_closed_at >= {sign}4
                    AND human_ticket_closed_at < {sign}5
                ORDER BY human_ticket_closed_at LIMIT {sign}6
            ) AS counted
        ) AS ended"
    )
}

/// Finds the first answers of a day that meet this condition too. `OFFSET 0` keeps PostgreSQL from joining
/// all comments of the shop, and `+` keeps SQLite from reading all earlier ones.
pub(crate) fn first_answers(sign: char, condition: &str) -> String {
    format!(
        "SELECT answer.ticket_id, answer.id FROM comments AS answer
        WHERE answer.shop_id = {sign}1 AND answer.id >= {sign}2 AND answer.id < {sign}3
            AND answer.is_from_shop AND NOT answer.is_note AND {condition}
            AND EXISTS (
                SELECT 1 FROM tickets AS answered
                WHERE answered.shop_id = {sign}1 AND answered.id = answer.ticket_id
                    AND answered.human_ticket_id IS NOT NULL LIMIT 1 OFFSET 0
            )
            AND NOT EXISTS (
                SELECT 1 FROM comments AS earlier
                WHERE earlier.shop_id = {sign}1 AND earlier.ticket_id = answer.ticket_id
                    AND +earlier.id < answer.id AND earlier.is_from_shop AND NOT earlier.is_note LIMIT 1 OFFSET 0
            )
        ORDER BY answer.id"
    )
}

/// Counts the open tickets that meet this condition too, up to the limit `$2`: all, the largest channels,
/// and the largest assignees.
pub(crate) fn open_tickets(sign: char, condition: &str) -> String {
    let groups = OpenTickets::MAX_GROUPS;
    // In the order of the index by state, so that it is read up to the limit.
    format!(
        "WITH counted AS MATERIALIZED (
            SELECT channel, assigned_to FROM tickets
            WHERE shop_id = {sign}1 AND is_opened = TRUE AND {condition}
            ORDER BY last_message_time DESC, id DESC LIMIT {sign}2
        )
        SELECT {ALL} AS kind, CAST(NULL AS TEXT) AS channel, CAST(NULL AS BIGINT) AS assigned_to,
            count(*) AS tickets FROM counted
        UNION ALL SELECT * FROM (
            SELECT {CHANNEL}, channel, CAST(NULL AS BIGINT), count(*) FROM counted
            GROUP BY channel ORDER BY count(*) DESC LIMIT {groups}
        ) AS by_channel
        UNION ALL SELECT * FROM (
            SELECT {ASSIGNEE}, CAST(NULL AS TEXT), assigned_to, count(*) FROM counted
            GROUP BY assigned_to ORDER BY count(*) DESC LIMIT {groups}
        ) AS by_assignee"
    )
}

/// The kinds of rows of [`open_tickets`].
const ALL: i32 = 0;
const CHANNEL: i32 = 1;
const ASSIGNEE: i32 = 2;

/// A row of [`entries`].
#[derive(Debug, QueryableByName)]
pub(crate) struct EntriesRow {
    #[diesel(sql_type = BigInt)]
    tickets: i64,
    #[diesel(sql_type = BigInt)]
    opened: i64,
    #[diesel(sql_type = BigInt)]
    comments: i64,
    #[diesel(sql_type = BigInt)]
    closed: i64,
}

impl EntriesRow {
    /// The figures of the day without its answers. `None` if it has more than `at_most` entries.
    pub(crate) fn into_figures(self, at_most: u64) -> Option<DayFigures> {
        let number = |count: i64| u64::try_from(count).unwrap_or_default();
        let (opened, closed) = (number(self.opened), number(self.closed));
        let entries = number(self.tickets).saturating_add(number(self.comments)).saturating_add(closed);
        (entries <= at_most).then(|| DayFigures { opened, first_answers: Vec::new(), closed, entries })
    }
}

/// A row of [`first_answers`].
#[derive(Debug, QueryableByName)]
pub(crate) struct AnswerRow {
    #[diesel(sql_type = BigInt)]
    ticket_id: i64,
    #[diesel(sql_type = BigInt)]
    id: i64,
}

impl TryFrom<AnswerRow> for FirstAnswer {
    type Error = CorruptRow;

    fn try_from(row: AnswerRow) -> Result<Self, Self::Error> {
        Ok(Self {
            ticket: TicketId::new(row.ticket_id).ok_or(CorruptRow("ticket id"))?,
            answer: CommentId::new(row.id).ok_or(CorruptRow("comment id"))?,
        })
    }
}

/// A row of [`open_tickets`].
#[derive(Debug, QueryableByName)]
pub(crate) struct GroupRow {
    #[diesel(sql_type = Integer)]
    kind: i32,
    #[diesel(sql_type = Nullable<Text>)]
    channel: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    assigned_to: Option<i64>,
    #[diesel(sql_type = BigInt)]
    tickets: i64,
}

/// Collects the rows of [`open_tickets`].
pub(crate) fn collect(mut rows: Vec<GroupRow>) -> Result<OpenTickets, CorruptRow> {
    // The database may return the parts of a union in any order.
    rows.sort_by_key(|row| std::cmp::Reverse(row.tickets));
    let mut open = OpenTickets::default();
    for row in rows {
        let tickets = u64::try_from(row.tickets).unwrap_or_default();
        match (row.kind, row.channel) {
            (CHANNEL, Some(channel)) => open.by_channel.push((channel, tickets)),
            (ASSIGNEE, _) => open.by_assignee.push((user_id(row.assigned_to)?, tickets)),
            _ => open.total = tickets,
        }
    }
    Ok(open)
}

/// The limit of a count that finds out whether there are more than `at_most`.
pub(crate) fn one_more(at_most: u64) -> i64 {
    i64::try_from(at_most).unwrap_or(i64::MAX).saturating_add(1)
}
