//! `tsvector` and `tsquery`: the words of texts as PostgreSQL stores and finds them.
//!
//! The domain defines the words of a text, and the server parses no text. Vectors and queries are
//! sent in binary form, which needs no quoting. Each vector also holds a word for the shop, which
//! no text can contain. So one index finds the words of one shop.

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
    /// The words of all other texts, with weight D.
    others: BTreeSet<String>,
}

impl Words {
    /// The words of a new ticket, from its name and its message.
    pub(in crate::postgres) fn of_ticket(ticket: &Ticket) -> Self {
        Self {
            others: search_words(ticket.last_message.as_deref()),
            named: search_words(ticket.name.as_deref()),
            shop: ticket.shop_id,
        }
    }

    /// The words of a ticket's row after its name has changed.
    pub(in crate::postgres) fn of_renamed_ticket(shop: ShopId, name: Option<&str>) -> Renamed {
        let name = Self { shop, named: search_words(name), others: BTreeSet::new() };
        // Drops the words of the old name, and the word of the shop, which has no weight.
        sql::<TsVector>("ts_filter(words, '{d}') || ").bind::<TsVector, _>(name)
    }

    /// The words of a new customer.
    pub(in crate::postgres) fn of_new_customer(shop: ShopId, customer: &NewCustomer) -> Self {
        Self { shop, named: BTreeSet::new(), others: search_words(customer.searched_texts()) }
    }

    /// The words of a customer.
    pub(in crate::postgres) fn of_customer(customer: &Customer) -> Self {
        let others = search_words(customer.searched_texts());
        Self { shop: customer.shop_id, named: BTreeSet::new(), others }
    }

    /// The words of a comment.
    pub(in crate::postgres) fn of_comment(comment: &NewComment) -> Self {
        Self { shop: comment.shop_id, named: BTreeSet::new(), others: search_words([comment.text.as_str()]) }
    }
}

type Renamed = UncheckedBind<SqlLiteral<TsVector>, <Words as AsExpression<TsVector>>::Expression>;

/// A vector holds the positions of a word in the text. Here a position only carries the weight:
/// words of weight D are at position 1, words of weight A at position 2.
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

/// The word in every vector of the shop. No word of a text begins with `#`.
fn shop_word(shop: ShopId) -> String {
    format!("#{}", shop.get())
}

fn write_text(out: &mut Output<'_, '_, Pg>, text: &str) -> std::io::Result<()> {
    // Words are letters and digits, so none contains the final zero byte.
    out.write_all(text.as_bytes())?;
    out.write_all(&[0])
}
