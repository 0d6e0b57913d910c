//! Words of texts as PostgreSQL keeps and finds them.
//!
//! What the words of a text are the domain says. The server parses no text: it is handed
//! vectors and queries in its own binary form, in which nothing has to be quoted. Each
//! vector also holds a word for the shop, which no text has, so that one index finds the
//! words of one shop.

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
use hexdesk_domain::{Customer, NewComment, NewCustomer, SearchTerm, ShopId, Ticket, search_words};

/// PostgreSQL's `tsvector`.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(postgres_type(oid = 3614, array_oid = 3643))]
pub(in crate::postgres) struct TsVector;

/// PostgreSQL's `tsquery`.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(postgres_type(oid = 3615, array_oid = 3645))]
pub(in crate::postgres) struct TsQuery;

/// The column `words` of this table, to be written. `schema.rs` does not have it, which
/// SQLite shares.
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
    /// Of a ticket's name: those of weight A.
    named: BTreeSet<String>,
    /// Of all other texts: those of weight D.
    others: BTreeSet<String>,
}

impl Words {
    /// Those of a ticket's name and of the message that it is created with.
    pub(in crate::postgres) fn of_ticket(ticket: &Ticket) -> Self {
        Self {
            others: search_words(ticket.last_message.as_deref()),
            named: search_words(ticket.name.as_deref()),
            shop: ticket.shop_id,
        }
    }

    /// Those of a ticket's row once the ticket has this name, in place of another.
    pub(in crate::postgres) fn of_renamed_ticket(shop: ShopId, name: Option<&str>) -> Renamed {
        let name = Self { shop, named: search_words(name), others: BTreeSet::new() };
        // Without the words of the old name, and the shop's, which has no weight either.
        sql::<TsVector>("ts_filter(words, '{d}') || ").bind::<TsVector, _>(name)
    }

    /// Those of a customer about to be added.
    pub(in crate::postgres) fn of_new_customer(shop: ShopId, customer: &NewCustomer) -> Self {
        Self { shop, named: BTreeSet::new(), others: search_words(customer.searched_texts()) }
    }

    /// Those of a customer.
    pub(in crate::postgres) fn of_customer(customer: &Customer) -> Self {
        let others = search_words(customer.searched_texts());
        Self { shop: customer.shop_id, named: BTreeSet::new(), others }
    }

    /// Those of a comment.
    pub(in crate::postgres) fn of_comment(comment: &NewComment) -> Self {
        Self { shop: comment.shop_id, named: BTreeSet::new(), others: search_words([comment.text.as_str()]) }
    }
}

type Renamed = UncheckedBind<SqlLiteral<TsVector>, <Words as AsExpression<TsVector>>::Expression>;

/// A vector knows words by their places in the text. Here a place only carries the weight:
/// each word of weight D is at the first, each of weight A at the second.
const D_AT_FIRST: u16 = 1;
const A_AT_SECOND: u16 = (3 << 14) | 2;

impl ToSql<TsVector, Pg> for Words {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        let shop = shop_word(self.shop);
        let mut places: BTreeMap<&str, Vec<u16>> = BTreeMap::from([(shop.as_str(), Vec::new())]);
        for (words, place) in [(&self.others, D_AT_FIRST), (&self.named, A_AT_SECOND)] {
            for word in words {
                places.entry(word).or_default().push(place);
            }
        }
        out.write_all(&u32::try_from(places.len())?.to_be_bytes())?;
        for (word, places) in places {
            write_text(out, word)?;
            out.write_all(&u16::try_from(places.len())?.to_be_bytes())?;
            for place in places {
                out.write_all(&place.to_be_bytes())?;
            }
        }
        Ok(IsNull::No)
    }
}

/// A row of this shop in which a term is found.
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
        const AND: u8 = 2;
        const ANY_WEIGHT: u8 = 0;
        const WEIGHT_A: u8 = 1 << 3;
        // An operator comes before its operands.
        out.write_all(&3_u32.to_be_bytes())?;
        out.write_all(&[OPERATOR, AND])?;
        let weight = if self.in_name { WEIGHT_A } else { ANY_WEIGHT };
        out.write_all(&[OPERAND, weight, u8::from(self.term.is_prefix)])?;
        write_text(out, &self.term.word)?;
        out.write_all(&[OPERAND, ANY_WEIGHT, u8::from(false)])?;
        write_text(out, &shop_word(self.shop))?;
        Ok(IsNull::No)
    }
}

/// What each vector of the shop's holds: no word of a text begins like this.
fn shop_word(shop: ShopId) -> String {
    format!("#{}", shop.get())
}

fn write_text(out: &mut Output<'_, '_, Pg>, text: &str) -> std::io::Result<()> {
    // Words are letters and digits, so that none ends the text early.
    out.write_all(text.as_bytes())?;
    out.write_all(&[0])
}
