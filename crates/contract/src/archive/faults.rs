use async_trait::async_trait;
use hexdesk_domain::ports::{BeginLoadOutcome, LoadEntriesOutcome};
use hexdesk_domain::{
    ArchiveEntry, ArchiveReader, ArchivedShop, EventPosition, PageSize, ShopCounters, ShopId, StorageError,
};

use crate::faulty::{Fault, fault};
use crate::memory::{MemoryArchive, State};

/// A reader whose entries change after its first page.
struct ChangingReader {
    archive: MemoryArchive,
    change: fn(&mut MemoryArchive),
    pages: u32,
}

#[async_trait]
impl ArchiveReader for ChangingReader {
    fn shop(&self) -> &ArchivedShop {
        self.archive.shop()
    }

    async fn count_entries(&mut self) -> Result<u64, StorageError> {
        self.archive.count_entries().await
    }

    async fn next_entries(&mut self, size: PageSize) -> Result<Vec<ArchiveEntry>, StorageError> {
        self.pages += 1;
        if self.pages == 2 {
            (self.change)(&mut self.archive);
        }
        self.archive.next_entries(size).await
    }
}

impl MemoryArchive {
    fn change(&mut self, change: impl FnOnce(&mut Vec<ArchiveEntry>)) {
        let mut entries: Vec<_> = self.entries.by_ref().collect();
        change(&mut entries);
        self.entries = entries.into_iter();
    }
}

impl Fault {
    /// Changes each archive that is read.
    fn archive_changed(self, change: impl Fn(&mut MemoryArchive) + Send + Sync + 'static) -> Self {
        self.read_archive(move |store, shop| {
            let archive = store.archive(shop);
            Ok(archive.map(|mut archive| {
                change(&mut archive);
                Box::new(archive) as Box<dyn ArchiveReader>
            }))
        })
    }

    /// Leaves entries out of each archive that is read.
    fn without_entries(self, is_left_out: fn(&ArchiveEntry) -> bool) -> Self {
        self.archive_changed(move |archive| archive.change(|entries| entries.retain(|it| !is_left_out(it))))
    }

    /// Changes each archive after the first page.
    fn archive_changing(self, change: fn(&mut MemoryArchive)) -> Self {
        self.read_archive(move |store, shop| {
            let reader =
                |archive| Box::new(ChangingReader { archive, change, pages: 0 }) as Box<dyn ArchiveReader>;
            Ok(store.archive(shop).map(reader))
        })
    }

    /// Changes each entry that is loaded.
    fn entries_changed(self, change: fn(&mut ArchiveEntry)) -> Self {
        self.load_entries(move |store, shop, after, mut entries| {
            entries.iter_mut().for_each(change);
            State::load_entries(store, shop, after, entries)
        })
    }

    /// Does something after a load has begun.
    fn after_beginning(self, then: fn(&mut State, State, ShopId)) -> Self {
        self.begin_load(move |store, archived| {
            let (before, id) = (store.state.clone(), archived.shop.id);
            let is_new = !before.is_loading(id);
            let outcome = State::begin_load(store, archived);
            if is_new && outcome == BeginLoadOutcome::Loading(0) {
                then(store.state, before, id);
            }
            Ok(outcome)
        })
    }
}

pub(crate) fn faults() -> Vec<Fault> {
    let lists =
        [complete(), order_and_moment(), beginning(), unfinished(), entries(), ends(), numbers(), races()];
    lists.into_iter().flatten().collect()
}

fn complete() -> Vec<Fault> {
    vec![
        fault("ARCHIVE-1", "Archives have no users who did nothing.").without_entries(
            |entry| matches!(entry, ArchiveEntry::User(user) if user.email.starts_with("sent")),
        ),
        fault("ARCHIVE-1", "Archives have no credentials.")
            .without_entries(|entry| matches!(entry, ArchiveEntry::Credential(_))),
        fault("ARCHIVE-1", "Archives have no sessions.")
            .without_entries(|entry| matches!(entry, ArchiveEntry::Session(_))),
        fault("ARCHIVE-1", "Archives have no revoked keys.")
            .without_entries(|entry| matches!(entry, ArchiveEntry::ApiKey(key) if key.revoked_at.is_some())),
        fault("ARCHIVE-1", "Archives have no merged customers.")
            .without_entries(|entry| matches!(entry, ArchiveEntry::MergedCustomer(_))),
        fault("ARCHIVE-1", "Archives have no notes.")
            .without_entries(|entry| matches!(entry, ArchiveEntry::Comment(comment) if comment.is_note)),
        fault("ARCHIVE-1", "Archives have no saved replies.")
            .without_entries(|entry| matches!(entry, ArchiveEntry::SavedReply(_))),
        fault("ARCHIVE-1", "Archives have no events without snapshots.").without_entries(
            |entry| matches!(entry, ArchiveEntry::Event(archived) if archived.event.snapshot.is_none()),
        ),
        fault("ARCHIVE-1", "Archives have no deliveries.")
            .without_entries(|entry| matches!(entry, ArchiveEntry::Delivery(_))),
        fault("ARCHIVE-1", "Archives have no attempts of tests.").without_entries(
            |entry| matches!(entry, ArchiveEntry::Attempt(of) if of.attempt.position.is_none()),
        ),
        fault("ARCHIVE-1", "Archives have no idempotency records.")
            .without_entries(|entry| matches!(entry, ArchiveEntry::IdempotencyRecord(_))),
        fault("ARCHIVE-1", "An archive says that the log begins with the first event.")
            .archive_changed(|archive| archive.shop.log_beginning = None),
        fault("ARCHIVE-1", "A loaded ticket begins with version 1.").entries_changed(|entry| {
            if let ArchiveEntry::Ticket(snapshot) = entry {
                snapshot.ticket.version = 1;
            }
        }),
        fault("ARCHIVE-1", "A loaded ticket has no human ticket.").entries_changed(|entry| {
            if let ArchiveEntry::Ticket(snapshot) = entry {
                snapshot.human_ticket = None;
            }
        }),
        fault("ARCHIVE-1", "A loaded key never expires.").entries_changed(|entry| {
            if let ArchiveEntry::ApiKey(key) = entry {
                key.expires_at = None;
            }
        }),
        fault("ARCHIVE-1", "A loaded delivery has made no attempts.").entries_changed(|entry| {
            if let ArchiveEntry::Delivery(of) = entry {
                of.delivery.attempts = 0;
            }
        }),
        fault("ARCHIVE-1", "A loaded webhook begins at the end of the log.").entries_changed(|entry| {
            if let ArchiveEntry::Webhook(webhook) = entry {
                webhook.place = EventPosition { change: i64::MAX, part: 0 };
            }
        }),
        fault("ARCHIVE-1", "The response of a loaded record is a text.").entries_changed(|entry| {
            if let ArchiveEntry::IdempotencyRecord(record) = entry {
                record.receipt.response =
                    String::from_utf8_lossy(&record.receipt.response).into_owned().into();
            }
        }),
        fault("ARCHIVE-1", "A loaded event belongs to the customer of its snapshot.").entries_changed(
            |entry| {
                if let ArchiveEntry::Event(archived) = entry {
                    archived.customer_id =
                        archived.event.snapshot.as_ref().and_then(|snapshot| snapshot.customer_id());
                }
            },
        ),
        fault("ARCHIVE-1", "An event that was moved to another customer is archived as it was.")
            .archive_changed(|archive| {
                archive.change(|entries| {
                    for entry in entries {
                        if let ArchiveEntry::Event(archived) = entry {
                            let snapshot = archived.event.snapshot.as_ref();
                            archived.customer_id = snapshot.and_then(|snapshot| snapshot.customer_id());
                        }
                    }
                });
            }),
    ]
}

fn order_and_moment() -> Vec<Fault> {
    vec![
        fault("ARCHIVE-2", "The latest entries come first.")
            .archive_changed(|archive| archive.change(|it| it.reverse())),
        fault("ARCHIVE-2", "Idempotency records are in order of their times.").archive_changed(|archive| {
            archive.change(|entries| {
                let is_record = |entry: &ArchiveEntry| matches!(entry, ArchiveEntry::IdempotencyRecord(_));
                let mut records: Vec<_> = entries.extract_if(.., |entry| is_record(entry)).collect();
                records.reverse();
                entries.append(&mut records);
            });
        }),
        fault("ARCHIVE-2", "Only the entries of a page are counted.")
            .archive_changed(|archive| archive.count = archive.count.min(7)),
        fault("ARCHIVE-2", "The second page repeats the first entry.").archive_changing(|archive| {
            archive.change(|entries| {
                if let Some(first) = entries.first().cloned() {
                    entries.insert(0, first);
                }
            });
        }),
        fault("ARCHIVE-3", "Tickets that are deleted meanwhile are missing.").archive_changing(|archive| {
            archive.change(|entries| {
                entries.retain(
                    |entry| !matches!(entry, ArchiveEntry::Ticket(snapshot) if snapshot.ticket.id.get() == 4),
                );
            });
        }),
        fault("ARCHIVE-3", "A reader shows the shop as the first reader did.").read_archive(|store, shop| {
            if store.earlier.shops.is_empty() {
                *store.earlier = store.state.clone();
            }
            let archive = store.earlier.archive(shop);
            Ok(archive.map(|archive| Box::new(archive) as Box<dyn ArchiveReader>))
        }),
        fault("ARCHIVE-3", "A closed shop has no archive.").read_archive(|store, shop| {
            let archive = store.archive(shop).filter(|archive| archive.shop.shop.closed_at.is_none());
            Ok(archive.map(|archive| Box::new(archive) as Box<dyn ArchiveReader>))
        }),
        fault("ARCHIVE-3", "A shop that is being loaded is read as a closed one.").read_archive(
            |store, shop| {
                let archive = store.archive(shop).map(|mut archive| {
                    if let Some(shop) = store.shops.get(&shop) {
                        archive.shop.shop.clone_from(shop);
                    }
                    Box::new(archive) as Box<dyn ArchiveReader>
                });
                Ok(archive)
            },
        ),
    ]
}

fn beginning() -> Vec<Fault> {
    vec![
        fault("ARCHIVE-4", "A load replaces the shop with its number.").begin_load(|store, archived| {
            if !store.is_loading(archived.shop.id) {
                store.shops.remove(&archived.shop.id);
            }
            Ok(State::begin_load(store, archived))
        }),
        fault("ARCHIVE-4", "The domain of a closed shop is free.").begin_load(|store, archived| {
            let closed = store.shops.extract_if(.., |id, shop| {
                shop.closed_at.is_some() && shop.domain == archived.shop.domain && *id != archived.shop.id
            });
            let closed: Vec<_> = closed.collect();
            let outcome = State::begin_load(store, archived);
            store.shops.extend(closed);
            Ok(outcome)
        }),
        fault("ARCHIVE-4", "A load that goes on begins again.").begin_load(|store, archived| {
            Ok(match State::begin_load(store, archived) {
                BeginLoadOutcome::Loading(_) => BeginLoadOutcome::Loading(0),
                taken @ BeginLoadOutcome::Taken(_) => taken,
            })
        }),
        fault("ARCHIVE-4", "A load goes on with another archive of the same number.").begin_load(
            |store, archived| {
                Ok(match store.loads.get(&archived.shop.id) {
                    Some(load) => BeginLoadOutcome::Loading(load.loaded),
                    None => State::begin_load(store, archived),
                })
            },
        ),
        fault("ARCHIVE-4", "A load with other counters does not go on.").begin_load(|store, archived| {
            let counters = store.loaded_counters.get(&archived.shop.id);
            Ok(match store.shops.get(&archived.shop.id) {
                Some(shop) if counters != Some(&archived.counters) => BeginLoadOutcome::Taken(shop.clone()),
                _ => State::begin_load(store, archived),
            })
        }),
    ]
}

/// Makes a call that knows of no loads.
fn without_loads<T>(state: &mut State, call: impl FnOnce(&mut State) -> T) -> T {
    let loads = std::mem::take(&mut state.loads);
    let result = call(state);
    state.loads = loads;
    result
}

fn unfinished() -> Vec<Fault> {
    vec![
        fault("ARCHIVE-5", "A shop that is being loaded is open.").after_beginning(|state, _, shop| {
            if let Some(shop) = state.shops.get_mut(&shop) {
                shop.closed_at = None;
            }
        }),
        fault("ARCHIVE-5", "The sessions of a shop that is being loaded are found.").find_session(
            |store, shop, hash, now| Ok(without_loads(store, |state| state.find_session(shop, hash, now))),
        ),
        fault("ARCHIVE-5", "A shop that is being loaded can be changed.").change_shop(
            |store, domain, change, stamp| {
                Ok(without_loads(store, |state| state.change_shop(domain, change, stamp)))
            },
        ),
        fault("ARCHIVE-5", "Records of a shop that is being loaded are removed.").remove_idempotency_records(
            |store, before, limit| {
                Ok(without_loads(store, |state| state.remove_idempotency_records(before, limit)))
            },
        ),
        fault("ARCHIVE-5", "Events of a shop that is being loaded are removed.").remove_events(
            |store, shop, before, limit| {
                Ok(without_loads(store, |state| state.remove_events(shop, before, limit)))
            },
        ),
        fault("ARCHIVE-5", "Attempts of a shop that is being loaded are removed.").remove_attempts(
            |store, shop, before, limit| {
                Ok(without_loads(store, |state| state.remove_attempts(shop, before, limit)))
            },
        ),
        fault("ARCHIVE-5", "Another shop can have the domain of one that is being loaded.").create_shop(
            |store, domain, now| {
                let loading: Vec<ShopId> = store.loads.keys().copied().collect();
                let hidden: Vec<_> =
                    loading.into_iter().filter_map(|shop| store.shops.remove_entry(&shop)).collect();
                let outcome = State::create_shop(store, domain, now);
                store.shops.extend(hidden);
                outcome
            },
        ),
    ]
}

fn entries() -> Vec<Fault> {
    vec![
        fault("ARCHIVE-6", "Entries are loaded wherever the caller is.").load_entries(
            |store, shop, _, entries| match store.loads.get(&shop).map(|load| load.loaded) {
                Some(loaded) => State::load_entries(store, shop, loaded, entries),
                None => Ok(LoadEntriesOutcome::Stale),
            },
        ),
        fault("ARCHIVE-6", "The entries before one that is refused are loaded.").load_entries(
            |store, shop, after, entries| {
                if store.loads.get(&shop).is_some_and(|load| load.loaded == after) {
                    let mut copy = store.state.clone();
                    if entries.iter().any(|entry| copy.load_entry(shop, entry.clone()).is_none()) {
                        *store.state = copy;
                    }
                }
                State::load_entries(store, shop, after, entries)
            },
        ),
        fault("ARCHIVE-6", "An entry that is there is skipped.").load_entries(
            |store, shop, after, mut entries| {
                let there: Vec<_> = store.archive_entries(shop).iter().map(ArchiveEntry::place).collect();
                entries.retain(|entry| !there.contains(&entry.place()));
                State::load_entries(store, shop, after, entries)
            },
        ),
        fault("ARCHIVE-6", "Loaded entries append events.").load_entries(|store, shop, after, entries| {
            let users: Vec<_> = entries.iter().filter_map(user).collect();
            let outcome = State::load_entries(store, shop, after, entries)?;
            for user in users {
                let created = (hexdesk_domain::EventKind::UserCreated, hexdesk_domain::Subject::User(user));
                store.append_events(shop, crate::samples::stamp(crate::samples::at(0)), [created]);
            }
            Ok(outcome)
        }),
    ]
}

fn user(entry: &ArchiveEntry) -> Option<hexdesk_domain::UserId> {
    match entry {
        ArchiveEntry::User(user) => Some(user.id),
        _ => None,
    }
}

fn ends() -> Vec<Fault> {
    vec![
        fault("ARCHIVE-7", "A finished shop stays closed.")
            .finish_load(|store, shop| Ok(store.loads.remove(&shop).is_some())),
        fault("ARCHIVE-7", "A finished shop is open.").finish_load(|store, shop| {
            let is_end = State::finish_load(store, shop);
            if let Some(shop) = store.shops.get_mut(&shop).filter(|_| is_end) {
                shop.closed_at = None;
            }
            Ok(is_end)
        }),
        fault("ARCHIVE-7", "Every load can be finished.").finish_load(|store, shop| {
            State::finish_load(store, shop);
            Ok(true)
        }),
        fault("ARCHIVE-8", "A discarded load leaves its entries.").discard_load(|store, shop| {
            store.shops.remove(&shop);
            Ok(store.loads.remove(&shop).is_some())
        }),
        fault("ARCHIVE-8", "A discarded load leaves its shop.").discard_load(|store, shop| {
            let kept = store.shops.get(&shop).cloned();
            let is_end = State::discard_load(store, shop);
            store.shops.extend(kept.map(|kept| (shop, kept)));
            Ok(is_end)
        }),
        fault("ARCHIVE-8", "A discarded load leaves its place in the log.").discard_load(|store, shop| {
            let beginning = store.log_beginnings.get(&shop).copied();
            let events = store.events.get(&shop).cloned();
            let is_end = State::discard_load(store, shop);
            store.events.extend(events.map(|events| (shop, events)));
            store.log_beginnings.extend(beginning.map(|beginning| (shop, beginning)));
            Ok(is_end)
        }),
        fault("ARCHIVE-8", "Any shop can be discarded.").discard_load(|store, shop| {
            let Some(there) = store.shops.get(&shop).cloned() else { return Ok(false) };
            store.loads.entry(shop).or_insert(crate::memory::Load { shop: there, loaded: 0 });
            Ok(State::discard_load(store, shop))
        }),
    ]
}

fn numbers() -> Vec<Fault> {
    vec![
        fault("ARCHIVE-9", "Customers are counted from the loaded ones.").after_beginning(
            |state, _, shop| {
                change_counters(state, shop, |counters| counters.customers = 0);
            },
        ),
        fault("ARCHIVE-9", "Users are counted from the loaded ones.").after_beginning(|state, _, shop| {
            change_counters(state, shop, |counters| counters.users = 0);
        }),
        fault("ARCHIVE-9", "Human tickets are counted from the loaded ones.").after_beginning(
            |state, _, shop| {
                change_counters(state, shop, |counters| counters.human_tickets = 0);
            },
        ),
        fault("ARCHIVE-9", "The log of a loaded shop counts from 1.").after_beginning(|state, _, shop| {
            state.changes.remove(&shop);
        }),
        fault("ARCHIVE-9", "Ranges of ids are not loaded.").after_beginning(|state, before, _| {
            state.id_range_ends = before.id_range_ends;
        }),
        fault("ARCHIVE-9", "Only nodes without ranges get the loaded ones.").after_beginning(
            |state, before, _| {
                state.id_range_ends.extend(before.id_range_ends);
            },
        ),
    ]
}

fn change_counters(state: &mut State, shop: ShopId, change: fn(&mut ShopCounters)) {
    state.loaded_counters.entry(shop).and_modify(change);
}

fn races() -> Vec<Fault> {
    vec![
        fault("ARCHIVE-10", "Loads that race check the same number of entries.").unlocked(["load_entries"]),
        fault("ARCHIVE-10", "A number and a domain are free before, not while, a load takes them.")
            .unlocked(["begin_load"]),
        fault("ARCHIVE-10", "A load can be finished and discarded.")
            .unlocked(["finish_load", "discard_load"]),
    ]
}
