//! Faults of searches.

mod details;
mod words;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeSet;

use hexdesk_domain::{
    Capabilities, Comment, Customer, Page, PageSize, SearchPosition, SearchQuery, SearchTerm, ShopId,
    StorageErrorKind, TicketId, TicketView, message_words, search_words,
};

use self::words::WordsOf;
use crate::faulty::{Fault, Store, failure, fault, full_page_goes_on, rest};
use crate::memory::{State, TicketWords};
use crate::page_faults::page_faults;

/// The searched texts of a ticket.
struct Texts {
    name: Vec<String>,
    customer: Vec<String>,
    messages: Vec<String>,
    /// Short texts of the ticket and of its comments.
    details: Vec<String>,
}

impl Texts {
    fn of(state: &State, view: &TicketView) -> Self {
        let (shop, id) = (view.ticket.shop_id, view.ticket.id);
        let comments = || state.searched_comments(shop, id);
        let first = state.first_message(shop, id).into_iter();
        Self {
            name: view.ticket.name.clone().into_iter().collect(),
            customer: view.customer.searched_texts().map(Cow::into_owned).collect(),
            messages: first.chain(comments().map(|it| it.text.as_str())).map(ToOwned::to_owned).collect(),
            details: (view.ticket.details().map(ToOwned::to_owned))
                .chain(comments().flat_map(Comment::details).map(Cow::into_owned))
                .collect(),
        }
    }

    fn words(&self, search: &Search, id: TicketId) -> TicketWords {
        let union =
            |texts: &[String], words_of: WordsOf| texts.iter().flat_map(|text| words_of(text)).collect();
        let mut others: BTreeSet<String> = union(&self.messages, search.words_of_message);
        others.extend(union(&self.details, search.words_of));
        TicketWords {
            id,
            name: union(&self.name, search.words_of),
            customer: union(&self.customer, search.words_of),
            others,
        }
    }
}

type Found = Vec<(SearchPosition, TicketView)>;

/// A search, in parts that faults can replace.
#[derive(Clone, Copy)]
struct Search {
    change_terms: fn(&mut Vec<SearchTerm>),
    /// Changes the texts. Gets the store and the ticket, too.
    change_texts: fn(&mut Texts, &Store<'_>, &TicketView),
    words_of: WordsOf,
    words_of_message: WordsOf,
    rank: fn(&[SearchTerm], &TicketWords) -> Option<u32>,
    order: fn(&mut Found),
}

const CORRECT: Search = Search {
    change_terms: |_| {},
    change_texts: |_, _, _| {},
    words_of: |text| search_words([text]),
    words_of_message: message_words,
    rank: |terms, words| terms.iter().map(|term| words.rank_of(term)).sum(),
    order: |_| {},
};

impl Search {
    fn words(&self, store: &Store<'_>, view: &TicketView) -> TicketWords {
        let mut texts = Texts::of(store, view);
        (self.change_texts)(&mut texts, store, view);
        texts.words(self, view.ticket.id)
    }

    fn found(&self, store: &Store<'_>, shop: ShopId, query: &SearchQuery) -> Found {
        let mut terms = query.terms().cloned().collect();
        (self.change_terms)(&mut terms);
        let mut found = store.ranked(shop, |view| (self.rank)(&terms, &self.words(store, view)));
        (self.order)(&mut found);
        found
    }
}

fn is_after(position: &SearchPosition, after: &SearchPosition) -> bool {
    position > after
}

/// Keeps the first version seen of each ticket, customer and comment.
fn keep_first(Store { state, earlier }: &mut Store<'_>) {
    for (place, ticket) in &state.tickets {
        earlier.tickets.entry(*place).or_insert_with(|| ticket.clone());
    }
    for (place, customer) in &state.customers {
        earlier.customers.entry(*place).or_insert_with(|| customer.clone());
    }
    for (place, comment) in &state.comments {
        earlier.comments.entry(*place).or_insert_with(|| comment.clone());
    }
}

impl Fault {
    fn search(self, search: Search) -> Self {
        self.search_tickets(move |store, shop, query, after, size| {
            let found = search.found(store, shop, &query);
            keep_first(store);
            Ok(Page::cut(rest(found, after, is_after), size))
        })
    }

    /// Replaces how the results of a correct search are cut into a page.
    fn search_page(
        self,
        page: fn(Found, Option<SearchPosition>, PageSize) -> Page<TicketView, SearchPosition>,
    ) -> Self {
        self.search_tickets(move |store, shop, query, after, size| {
            Ok(page(CORRECT.found(store, shop, &query), after, size))
        })
    }
}

/// The ranks of the places that contain the term.
fn ranks<'a>(words: &'a TicketWords, term: &'a SearchTerm) -> impl Iterator<Item = u32> + 'a {
    let places = [(&words.name, 4), (&words.customer, 2), (&words.others, 1)];
    places.into_iter().filter(|(words, _)| term.is_found_in(words)).map(|(_, rank)| rank)
}

/// The texts of the ticket's comments for which the predicate is true.
fn comments<'a>(
    state: &'a State,
    view: &'a TicketView,
    is_searched: impl Fn(&hexdesk_domain::Comment) -> bool + 'a,
) -> impl Iterator<Item = String> + 'a {
    let comments = state.comments.values().filter(move |comment| comment.ticket_id == view.ticket.id);
    comments.filter(move |comment| is_searched(comment)).map(|comment| comment.text.clone())
}

/// The fault of a store that lacks search without declaring it.
pub(crate) const NO_SEARCH: &str = "The store lacks search and does not declare it.";

pub(crate) fn faults() -> Vec<Fault> {
    [
        of_texts(),
        of_terms(),
        words::faults(),
        details::faults(),
        of_ranks(),
        of_pages(),
        of_sizes(),
        of_changes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn of_texts() -> Vec<Fault> {
    let texts = |change_texts| Search { change_texts, ..CORRECT };
    vec![
        fault("SEARCH-1", NO_SEARCH)
            .declaring(Capabilities::NONE)
            .search_tickets(|_, _, _, _, _| Err(failure(StorageErrorKind::Unexpected, "search_tickets"))),
        fault("SEARCH-1", "The ticket's last message is searched, not its first one.")
            .search(texts(|texts, store, view| {
                texts.messages = comments(store, view, |it| it.shop_id == view.ticket.shop_id).collect();
                texts.messages.extend(view.ticket.last_message.clone());
            }))
            .found_by_the_model(),
        fault("SEARCH-1", "Only the last comment is searched.").search(texts(|texts, _, view| {
            texts.messages.truncate(1);
            texts.messages.extend(view.ticket.last_message.clone());
        })),
        fault("SEARCH-1", "Full names are not searched.").search(texts(|texts, _, view| {
            let customer = Customer { full_name: None, ..view.customer.clone() };
            texts.customer = customer.searched_texts().map(Cow::into_owned).collect();
        })),
        fault("SEARCH-1", "A phone number is one word.").search(texts(|texts, _, view| {
            let mut customer = view.customer.clone();
            customer.phone_number.iter_mut().for_each(|number| number.retain(char::is_alphanumeric));
            texts.customer = customer.searched_texts().map(Cow::into_owned).collect();
        })),
        fault("SEARCH-1", "Receivers of comments are searched, too.").search(texts(|texts, store, view| {
            let comments = store.searched_comments(view.ticket.shop_id, view.ticket.id);
            texts.messages.extend(comments.flat_map(|comment| comment.to_emails.clone()));
        })),
        fault("SEARCH-1", "All shops are searched.").search_tickets(|store, shop, query, after, size| {
            let mut found = CORRECT.found(store, shop, &query);
            for other in store.shops.keys().filter(|other| **other != shop) {
                found.extend(CORRECT.found(store, *other, &query));
            }
            Ok(Page::cut(rest(found, after, is_after), size))
        }),
        fault("SEARCH-1", "Comments on tickets with the same id in other shops are searched.")
            .search(texts(|texts, store, view| texts.messages.extend(comments(store, view, |_| true)))),
        fault("SEARCH-1", "The limit of words applies to all messages together.").search_tickets(
            |store, shop, query, after, size| {
                let terms: Vec<_> = query.terms().cloned().collect();
                let found = store.ranked(shop, |view| {
                    let texts = Texts::of(store, view);
                    let others = search_words(texts.messages.iter().map(String::as_str));
                    (CORRECT.rank)(&terms, &TicketWords { others, ..texts.words(&CORRECT, view.ticket.id) })
                });
                Ok(Page::cut(rest(found, after, is_after), size))
            },
        ),
    ]
}

fn of_terms() -> Vec<Fault> {
    let rank = |rank| Search { rank, ..CORRECT };
    let terms = |change_terms| Search { change_terms, ..CORRECT };
    vec![
        fault("SEARCH-1", "One found term is enough.")
            .search(rank(|terms, words| {
                terms.iter().filter_map(|term| words.rank_of(term)).reduce(|one, other| one + other)
            }))
            .found_by_the_model(),
        fault("SEARCH-1", "All terms must be in the same place.").search(rank(|terms, words| {
            let places = [&words.name, &words.customer, &words.others];
            let is_in_one = places.iter().any(|place| terms.iter().all(|term| term.is_found_in(place)));
            if is_in_one { (CORRECT.rank)(terms, words) } else { None }
        })),
        fault("SEARCH-1", "A prefix is found within words.").search(rank(|terms, words| {
            let is_within = |term: &SearchTerm| {
                let mut all = words.name.iter().chain(&words.customer).chain(&words.others);
                term.is_prefix && all.any(|word| word.contains(&term.word))
            };
            terms.iter().map(|term| words.rank_of(term).or(is_within(term).then_some(1))).sum()
        })),
        fault("SEARCH-1", "A prefix is found as a whole word only.")
            .search(terms(|terms| terms.iter_mut().for_each(|term| term.is_prefix = false)))
            .found_by_the_model(),
        fault("SEARCH-1", "Every term is a prefix.")
            .search(terms(|terms| terms.iter_mut().for_each(|term| term.is_prefix = true))),
        fault("SEARCH-1", "Terms that other engines read as operators are ignored.").search(terms(|terms| {
            if terms.len() > 1 {
                terms.retain(|term| !["and", "or", "not", "near"].contains(&term.word.as_str()));
            }
        })),
        fault("SEARCH-1", "A ticket is found once for each place of a term.").search_tickets(
            |store, shop, query, after, size| {
                let places = |view: &TicketView| {
                    let words = CORRECT.words(store, view);
                    query.terms().map(|term| ranks(&words, term).count()).max().unwrap_or_default()
                };
                let found = CORRECT.found(store, shop, &query).into_iter();
                let repeated = found.flat_map(|it| std::iter::repeat_n(it.clone(), places(&it.1)));
                Ok(Page::cut(rest(repeated.collect(), after, is_after), size))
            },
        ),
    ]
}

fn of_ranks() -> Vec<Fault> {
    let rank = |rank| Search { rank, ..CORRECT };
    let order = |order| Search { order, ..CORRECT };
    vec![
        fault("SEARCH-2", "A term counts for each place in which it is found.")
            .search(rank(|terms, words| {
                terms.iter().map(|term| ranks(words, term).reduce(|one, other| one + other)).sum()
            }))
            .found_by_the_model(),
        fault("SEARCH-2", "Only the best term counts.").search(rank(|terms, words| {
            let ranks: Option<Vec<_>> = terms.iter().map(|term| words.rank_of(term)).collect();
            ranks?.into_iter().max()
        })),
        fault("SEARCH-2", "A prefix counts less than a word.").search(rank(|terms, words| {
            let of_term =
                |term: &SearchTerm| words.rank_of(term).map(|rank| if term.is_prefix { 1 } else { rank });
            terms.iter().map(of_term).sum()
        })),
        fault("SEARCH-2", "Found tickets are in the order of lists.").search(order(|found| {
            found.sort_by_key(|(it, _)| Reverse((it.ticket.last_message_time, it.ticket.id)));
        })),
        fault("SEARCH-2", "Tickets of the same rank are listed oldest first.")
            .search(order(|found| {
                found.sort_by_key(|(it, _)| (Reverse(it.rank), it.ticket.last_message_time, it.ticket.id));
            }))
            .found_by_the_model(),
    ]
}

/// Pages that end by bytes.
fn of_sizes() -> Vec<Fault> {
    let faults = page_faults!("found tickets").map(|(broken, sentence)| {
        fault("SEARCH-3", sentence).search_tickets(move |store, shop, query, after, size| {
            let found = rest(CORRECT.found(store, shop, &query), after, is_after);
            Ok(broken.page_of(found, size))
        })
    });
    faults.into()
}

fn of_pages() -> Vec<Fault> {
    vec![
        fault("SEARCH-3", "A full page of found tickets always has a next one.")
            .search_page(|found, after, size| full_page_goes_on(rest(found, after, is_after), size)),
        fault("SEARCH-3", "The next page of found tickets skips those of the same rank.")
            .search_page(|mut found, after, size| {
                found.retain(|(position, _)| after.is_none_or(|after| position.rank < after.rank));
                Page::cut(found, size)
            })
            .found_by_the_model(),
        fault("SEARCH-3", "A search cannot start after a position without a ticket.")
            .search_page(|found, after, size| Page::cut(rest(found, after, |_, _| false), size)),
        fault("SEARCH-3", "The positions of a search ignore the rank.").search_page(
            |mut found, after, size| {
                let in_list = |it: &SearchPosition| (it.ticket.last_message_time, it.ticket.id);
                found.retain(|(position, _)| after.is_none_or(|after| in_list(position) < in_list(&after)));
                Page::cut(found, size)
            },
        ),
    ]
}

fn of_changes() -> Vec<Fault> {
    let texts = |change_texts| Search { change_texts, ..CORRECT };
    vec![
        fault("SEARCH-4", "A ticket is found by its former name.")
            .search(texts(|texts, store, view| {
                let first = store.earlier.tickets.get(&(view.ticket.shop_id, view.ticket.id));
                texts.name.extend(first.and_then(|first| first.ticket.name.clone()));
            }))
            .found_by_the_model(),
        fault("SEARCH-4", "A search uses the first version of each customer.").search(texts(
            |texts, store, view| {
                let customer = &view.customer;
                let first = store.earlier.customers.get(&(customer.shop_id, customer.id)).unwrap_or(customer);
                texts.customer = first.searched_texts().map(Cow::into_owned).collect();
            },
        )),
        fault("SEARCH-4", "Deleted comments are found in a new ticket with the same id.").search(texts(
            |texts, store, view| {
                let shop = view.ticket.shop_id;
                texts.messages.extend(comments(store.earlier, view, |comment| comment.shop_id == shop));
            },
        )),
        fault("SEARCH-4", "Comments older than their ticket are not found.").search(texts(
            |texts, store, view| {
                let stored = store.tickets.get(&(view.ticket.shop_id, view.ticket.id));
                let first = stored.and_then(|stored| stored.ticket.first_message());
                texts.messages = first.map(|(text, _)| text.to_owned()).into_iter().collect();
                let is_searched = |comment: &hexdesk_domain::Comment| {
                    comment.shop_id == view.ticket.shop_id && comment.time >= view.ticket.date
                };
                texts.messages.extend(comments(store, view, is_searched));
            },
        )),
        fault("SEARCH-4", "A search sees the store as of the previous search.")
            .search_tickets(|store, shop, query, after, size| {
                let mut now = store.state.clone();
                std::mem::swap(&mut now, store.earlier);
                let found = now.ranked(shop, |view| now.words_of(view).rank(&query));
                Ok(Page::cut(rest(found, after, is_after), size))
            })
            .found_by_the_model(),
    ]
}
