//! Faults of searches in short texts, ids and HTML.

use std::borrow::Cow;

use hexdesk_domain::{Comment, Customer, ExternalIds, SearchTerm, TicketView, message_words, search_words};

use super::{CORRECT, Search, Texts};
use crate::faulty::{Fault, Store, fault};

pub(super) fn faults() -> Vec<Fault> {
    [of_tickets(), of_ids(), of_comments(), of_messages(), of_customers()].into_iter().flatten().collect()
}

/// A search in other texts.
fn texts(change_texts: fn(&mut Texts, &Store<'_>, &TicketView)) -> Search {
    Search { change_texts, ..CORRECT }
}

fn of_tickets() -> Vec<Fault> {
    vec![
        fault("SEARCH-5", "Tags are not searched.").search(texts(|texts, _, view| {
            let tags = &view.ticket.tags;
            texts.details.retain(|text| !tags.contains(text));
        })),
        fault("SEARCH-5", "Thread ids are not searched.").search(texts(|texts, _, view| {
            texts.details.retain(|text| view.ticket.thread_id.as_ref() != Some(text));
        })),
        fault("SEARCH-5", "A tag counts as much as a word of the name.")
            .search(texts(|texts, _, view| texts.name.extend(view.ticket.tags.iter().cloned()))),
        fault("SEARCH-5", "A ticket is found by its former tags.").search(texts(|texts, store, view| {
            let first = store.earlier.tickets.get(&(view.ticket.shop_id, view.ticket.id));
            texts.details.extend(first.into_iter().flat_map(|first| first.ticket.tags.clone()));
        })),
        fault("SEARCH-5", "A change of the name removes the details.").search(texts(|texts, _, view| {
            if view.ticket.version > 1 {
                texts.details.clear();
            }
        })),
        fault("SEARCH-5", "Channels are searched, too.")
            .search(texts(|texts, _, view| texts.details.push(view.ticket.channel.clone()))),
    ]
}

fn of_ids() -> Vec<Fault> {
    let rank = |rank| Search { rank, ..CORRECT };
    vec![
        fault("SEARCH-6", "Ids are not searched.")
            .search(rank(|terms, words| terms.iter().map(|term| words.rank_in_texts(term)).sum())),
        fault("SEARCH-6", "The first digits of an id are enough.").search(rank(|terms, words| {
            let is_in_id = |digits: &str| words.id.to_string().starts_with(digits);
            terms.iter().map(|term| words.rank_of(term).or(is_in_id(&term.word).then_some(1))).sum()
        })),
        fault("SEARCH-6", "A prefix is never found in an id.").search(rank(|terms, words| {
            let rank = |term| words.rank_in_texts(term);
            terms.iter().map(|term| if term.is_prefix { rank(term) } else { words.rank_of(term) }).sum()
        })),
        fault("SEARCH-6", "An id counts as much as a name.").search(rank(|terms, words| {
            terms.iter().map(|term| words.rank_in_texts(term).or(words.rank_of(term).map(|_| 4))).sum()
        })),
    ]
}

fn of_comments() -> Vec<Fault> {
    vec![
        fault("SEARCH-7", "Subjects are not searched.")
            .search(texts(|texts, store, view| without(texts, store, view, |it| it.subject = None))),
        fault("SEARCH-7", "Senders are not searched.")
            .search(texts(|texts, store, view| without(texts, store, view, |it| it.from_email = None))),
        fault("SEARCH-7", "The names of attachments are not searched.")
            .search(texts(|texts, store, view| without(texts, store, view, |it| it.attachments = None))),
        fault("SEARCH-7", "Everything in attachments is searched.").search(texts(|texts, store, view| {
            let comments = store.searched_comments(view.ticket.shop_id, view.ticket.id);
            texts.details.extend(comments.filter_map(|comment| comment.attachments.clone()));
        })),
    ]
}

/// Removes a member of the ticket's comments.
fn without(texts: &mut Texts, store: &Store<'_>, view: &TicketView, remove: fn(&mut Comment)) {
    texts.details = view.ticket.details().map(ToOwned::to_owned).collect();
    for comment in store.searched_comments(view.ticket.shop_id, view.ticket.id) {
        let mut comment = comment.clone();
        remove(&mut comment);
        texts.details.extend(comment.details().map(Cow::into_owned));
    }
}

fn of_messages() -> Vec<Fault> {
    let messages = |words_of_message| Search { words_of_message, ..CORRECT };
    vec![
        fault("SEARCH-8", "The tags and styles of HTML messages are searched.")
            .search(messages(|text| search_words([text]))),
        fault("SEARCH-8", "Everything in angle brackets is left out.").search(messages(|text| {
            let parts = text.split('<').enumerate();
            parts
                .flat_map(|(number, part)| {
                    let text = if number == 0 { part } else { part.split_once('>').map_or(part, |it| it.1) };
                    search_words([text])
                })
                .collect()
        })),
        fault("SEARCH-8", "Names are read as HTML, too.")
            .search(Search { words_of: message_words, ..CORRECT }),
    ]
}

fn of_customers() -> Vec<Fault> {
    vec![
        fault("SEARCH-9", "Ids in other systems are not searched.").search(texts(|texts, _, view| {
            let known = Customer { external_ids: ExternalIds::default(), ..view.customer.clone() };
            texts.customer = known.searched_texts().map(Cow::into_owned).collect();
        })),
        fault("SEARCH-9", "Phone numbers are only found as they are spelled.").search(texts(
            |texts, _, view| {
                let known = Customer { phone_number: None, ..view.customer.clone() };
                texts.customer = known.searched_texts().map(Cow::into_owned).collect();
                texts.customer.extend(view.customer.phone_number.clone());
            },
        )),
        fault("SEARCH-9", "The alternative of a term is not searched.").search(Search {
            change_terms: |terms| terms.iter_mut().for_each(|term| term.alternative = None),
            ..CORRECT
        }),
        fault("SEARCH-9", "The alternative of a term is searched as a prefix.").search(Search {
            rank: |terms, words| {
                let rank = |term: &SearchTerm| {
                    let other = term.alternative.clone().map(|word| SearchTerm {
                        word,
                        is_prefix: true,
                        alternative: None,
                    });
                    words.rank_of(term).or_else(|| words.rank_in_texts(&other?))
                };
                terms.iter().map(rank).sum()
            },
            ..CORRECT
        }),
    ]
}
