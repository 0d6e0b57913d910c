//! `tsvector` and `tsquery`: the words of texts as PostgreSQL stores and finds them.
//!
//! The domain defines the words of a text, and the server parses no text. Vectors and queries are
//! sent in binary form, which needs no quoting. The number of the shop begins each word, so a
//! search reads the part of the index with the words of its shop. The time of a search tells
//! nothing about the words of other shops.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use diesel::Table;
use diesel::dsl::sql;
use diesel::expression::{AsExpression, SqlLiteral, UncheckedBind};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::QueryId;
use diesel::serialize::{self, IsNull, Output, ToSql};
use diesel::sql_types::SqlType;
use hexdesk_domain::{Customer, NewComment, NewCustomer, SearchTerm, ShopId, Ticket, message_words};

/// PostgreSQL's `tsvector`.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(postgres_type(oid = 3614, array_oid = 3643))]
pub(in crate::postgres) struct TsVector;

/// PostgreSQL's `tsquery`.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(postgres_type(oid = 3615, array_oid = 3645))]
pub(in crate::postgres) struct TsQuery;

/// The column `words` of this table, for writing. It is not part of the tables that are shared with
/// SQLite.
#[derive(Debug, Clone, Copy, QueryId)]
pub(in crate::postgres) struct WordsOf<T>(pub(in crate::postgres) T);

impl<T> Expression for WordsOf<T> {
    type SqlType = TsVector;
}

impl<T: Table> Column for WordsOf<T> {
    type Table = T;
    const NAME: &'static str = "words";
}

/// The words of a row.
#[derive(Debug, Clone, PartialEq, Eq, AsExpression)]
#[diesel(sql_type = TsVector)]
pub(in crate::postgres) struct Words {
    shop: ShopId,
    /// The words of a ticket's name, with weight A.
    named: BTreeSet<String>,
    /// The words of a ticket's details, with weight C. Weights only tell which words to replace.
    details: BTreeSet<String>,
    /// The words of all other texts, with weight D.
    others: BTreeSet<String>,
}

impl Words {
    /// The words of a new ticket, from its name, its details and its message.
    pub(in crate::postgres) fn of_ticket(ticket: &Ticket) -> Self {
        Self::of_ticket_with(ticket, ticket.last_message.as_deref().map(message_words).unwrap_or_default())
    }

    /// The words of a ticket whose first message has these words.
    pub(in crate::postgres) fn of_ticket_with(ticket: &Ticket, message: BTreeSet<String>) -> Self {
        Self { others: message, ..Self::without_message(ticket) }
    }

    fn without_message(ticket: &Ticket) -> Self {
        Self {
            shop: ticket.shop_id,
            named: ticket.name_words(),
            details: ticket.detail_words(),
            others: BTreeSet::new(),
        }
    }

    /// The words of a ticket's row after a change, if the change affects them.
    pub(in crate::postgres) fn of_changed_ticket(before: &Ticket, after: &Ticket) -> Option<Changed> {
        let is_same = before.name == after.name && before.details().eq(after.details());
        // Keeps the words of the message.
        (!is_same).then(|| {
            sql::<TsVector>("ts_filter(words, '{d}') || ").bind::<TsVector, _>(Self::without_message(after))
        })
    }

    /// The words of a new customer.
    pub(in crate::postgres) fn of_new_customer(shop: ShopId, customer: &NewCustomer) -> Self {
        Self::of_others(shop, customer.words())
    }

    /// The words of a customer.
    pub(in crate::postgres) fn of_customer(customer: &Customer) -> Self {
        Self::of_others(customer.shop_id, customer.words())
    }

    /// The words of a comment.
    pub(in crate::postgres) fn of_comment(comment: &NewComment) -> Self {
        Self::of_others(comment.shop_id, comment.words())
    }

    /// The words of a row without a name.
    pub(in crate::postgres) const fn of_others(shop: ShopId, others: BTreeSet<String>) -> Self {
        Self { shop, named: BTreeSet::new(), details: BTreeSet::new(), others }
    }
}

type Changed = UncheckedBind<SqlLiteral<TsVector>, <Words as AsExpression<TsVector>>::Expression>;

/// A vector holds the positions of a word in the text. Here a position only carries the weight: of
/// weight D at position 1, of weight A at 2, and of weight C at 3.
const POSITIONS: [u16; 3] = [1, (3 << 14) | 2, (1 << 14) | 3];

impl ToSql<TsVector, Pg> for Words {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let prefix = prefix(self.shop);
        let mut places: BTreeMap<&str, [bool; POSITIONS.len()]> = BTreeMap::new();
        for (place, words) in [&self.others, &self.named, &self.details].into_iter().enumerate() {
            for word in words {
                places.entry(word).or_default()[place] = true;
            }
        }
        out.write_all(&u32::try_from(places.len())?.to_be_bytes())?;
        for (word, places) in places {
            write_word(out, &prefix, word)?;
            let positions = || POSITIONS.into_iter().zip(places).filter(|(_, is_there)| *is_there);
            out.write_all(&u16::try_from(positions().count())?.to_be_bytes())?;
            for (position, _) in positions() {
                out.write_all(&position.to_be_bytes())?;
            }
        }
        Ok(IsNull::No)
    }
}

/// Finds the rows of a shop that contain a term.
#[derive(Debug, Clone, PartialEq, Eq, AsExpression)]
#[diesel(sql_type = TsQuery)]
pub(in crate::postgres) struct TermQuery {
    pub(in crate::postgres) shop: ShopId,
    pub(in crate::postgres) term: SearchTerm,
    /// Whether only the words of names count.
    pub(in crate::postgres) in_name: bool,
}

impl ToSql<TsQuery, Pg> for TermQuery {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        const OPERAND: u8 = 1;
        const OPERATOR: u8 = 2;
        const OR: u8 = 3;
        const ANY_WEIGHT: u8 = 0;
        const WEIGHT_A: u8 = 1 << 3;
        let (prefix, weight) = (prefix(self.shop), if self.in_name { WEIGHT_A } else { ANY_WEIGHT });
        let SearchTerm { word, is_prefix, alternative } = &self.term;
        match alternative {
            None => out.write_all(&1_u32.to_be_bytes())?,
            Some(alternative) => {
                out.write_all(&3_u32.to_be_bytes())?;
                out.write_all(&[OPERATOR, OR, OPERAND, weight, u8::from(false)])?;
                write_word(out, &prefix, alternative)?;
            }
        }
        out.write_all(&[OPERAND, weight, u8::from(*is_prefix)])?;
        write_word(out, &prefix, word)?;
        Ok(IsNull::No)
    }
}

/// The beginning of every word of the shop: `7:`, so that the index has `7:refund`.
fn prefix(shop: ShopId) -> String {
    format!("{shop}:")
}

/// Writes a word. It consists of letters, digits and marks, so it contains no colon and no zero byte.
fn write_word(out: &mut Output<'_, '_, Pg>, prefix: &str, word: &str) -> std::io::Result<()> {
    out.write_all(prefix.as_bytes())?;
    out.write_all(word.as_bytes())?;
    out.write_all(&[0])
}
