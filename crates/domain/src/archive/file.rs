//! The file format: JSON lines.
//!
//! A header; for each shop a line for the shop, one for each entry, and one with its digest; and a closing
//! line with the digest of all lines before it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::digest::{ArchiveDigest, ShopDigest, hexadecimal};
use super::entry::{ArchiveEntry, ArchivePlace, ArchivedShop};
use crate::{ShopId, Timestamp};

/// The version of the format that is written. It is read, too.
const VERSION: u32 = 1;

/// The first line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchiveHeader {
    /// What wrote it: the program, its version and its store.
    pub source: String,
    /// When it was written.
    pub created_at: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    HexdeskArchive {
        version: u32,
        source: String,
        created_at: Timestamp,
    },
    Shop(Box<ArchivedShop>),
    ShopEnd {
        id: ShopId,
        entries: u64,
        sha256: String,
    },
    End {
        shops: u64,
        sha256: String,
    },
    #[serde(untagged)]
    Entry(ArchiveEntry),
}

/// What a line says.
#[derive(Debug, PartialEq, Eq)]
pub enum ArchiveStep {
    /// The header.
    Header(ArchiveHeader),
    /// A shop begins.
    Shop(Box<ArchivedShop>),
    /// An entry of the shop.
    Entry(Box<ArchiveEntry>),
    /// The shop is whole.
    ShopEnd(ShopDigest),
    /// The file is whole.
    End,
}

/// Why a file is refused.
#[derive(Debug, Error)]
pub enum ArchiveFileError {
    /// It does not begin with a header.
    #[error("this is no archive of Hexdesk: the first line is no header")]
    NoArchive,
    /// A later version has written it.
    #[error(
        "the archive has format {0}, and this version of Hexdesk reads format {VERSION}: load it with the \
         version that wrote it, or a later one"
    )]
    Newer(u32),
    /// A line is damaged.
    #[error("line {line} is damaged: {problem}. Copy the file again, or write a new one")]
    Damaged {
        /// Its number. The first is 1.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// There is no closing line.
    #[error("the file was cut off after line {0}: it has no closing line. Copy it again, or write a new one")]
    Cut(u64),
}

/// Makes the lines of a file, each with its line break.
#[derive(Debug)]
pub struct ArchiveFileWriter {
    sha256: Sha256,
    shops: u64,
    shop: Option<(ShopId, ArchiveDigest)>,
}

impl ArchiveFileWriter {
    /// Begins a file. Returns its first line, too.
    ///
    /// # Errors
    /// An error of JSON, which these types do not cause. This holds for all methods.
    pub fn new(ArchiveHeader { source, created_at }: ArchiveHeader) -> serde_json::Result<(Self, Vec<u8>)> {
        let mut writer = Self { sha256: Sha256::new(), shops: 0, shop: None };
        let line = writer.line(&Line::HexdeskArchive { version: VERSION, source, created_at })?;
        Ok((writer, line))
    }

    /// Begins a shop.
    ///
    /// # Errors
    /// As of [`Self::new`].
    pub fn shop(&mut self, shop: ArchivedShop) -> serde_json::Result<Vec<u8>> {
        self.shops += 1;
        self.shop = Some((shop.shop.id, ArchiveDigest::new(&shop)?));
        self.line(&Line::Shop(Box::new(shop)))
    }

    /// Adds an entry of the shop.
    ///
    /// # Errors
    /// As of [`Self::new`].
    pub fn entry(&mut self, entry: &ArchiveEntry) -> serde_json::Result<Vec<u8>> {
        if let Some((_, digest)) = &mut self.shop {
            digest.add(entry)?;
        }
        self.line(entry)
    }

    /// Ends the shop. Returns nothing if there is none.
    ///
    /// # Errors
    /// As of [`Self::new`].
    pub fn shop_end(&mut self) -> serde_json::Result<Vec<u8>> {
        let Some((id, digest)) = self.shop.take() else { return Ok(Vec::new()) };
        let digest = digest.finish();
        self.line(&Line::ShopEnd { id, entries: digest.entries, sha256: digest.to_string() })
    }

    /// Ends the file.
    ///
    /// # Errors
    /// As of [`Self::new`].
    pub fn end(mut self) -> serde_json::Result<Vec<u8>> {
        let sha256 = hexadecimal(&self.sha256.clone().finalize());
        self.line(&Line::End { shops: self.shops, sha256 })
    }

    fn line(&mut self, value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.sha256.update(&line);
        Ok(line)
    }
}

/// Reads the lines of a file, and checks them: their order, the digest of each shop, and that of the file.
#[derive(Debug, Default)]
pub struct ArchiveFileReader {
    line: u64,
    sha256: Sha256,
    shops: u64,
    state: State,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Begins,
    BetweenShops,
    InShop(Box<(ShopId, ArchiveDigest, Option<ArchivePlace>)>),
    Ended,
}

impl ArchiveFileReader {
    /// A reader before the first line.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of lines that were read.
    pub const fn lines(&self) -> u64 {
        self.line
    }

    /// Reads the next line, with its line break.
    ///
    /// # Errors
    /// [`ArchiveFileError`]
    pub fn read(&mut self, bytes: &[u8]) -> Result<ArchiveStep, ArchiveFileError> {
        self.line += 1;
        let before = self.sha256.clone();
        self.sha256.update(bytes);
        if matches!(self.state, State::Begins) {
            return self.read_header(bytes);
        }
        if bytes.last() != Some(&b'\n') {
            return Err(ArchiveFileError::Cut(self.line));
        }
        let line = serde_json::from_slice(bytes).map_err(|error| self.damaged(error))?;
        match (line, &mut self.state) {
            (Line::Shop(shop), State::BetweenShops) => {
                let digest = ArchiveDigest::new(&shop).map_err(|error| self.damaged(error))?;
                self.shops += 1;
                self.state = State::InShop(Box::new((shop.shop.id, digest, None)));
                Ok(ArchiveStep::Shop(shop))
            }
            (Line::Entry(entry), State::InShop(shop)) => {
                let (_, digest, last) = &mut **shop;
                let place = Some(entry.place());
                if *last >= place {
                    return Err(self.damaged("it is not in order"));
                }
                *last = place;
                digest.add(&entry).map_err(|error| self.damaged(error))?;
                Ok(ArchiveStep::Entry(Box::new(entry)))
            }
            (Line::ShopEnd { id, entries, sha256 }, State::InShop(shop)) => {
                let (of, digest, _) = &**shop;
                let found = digest.clone().finish();
                if *of != id || found.entries != entries || found.to_string() != sha256 {
                    return Err(self.damaged(format!("shop {id} does not have the digest that was written")));
                }
                self.state = State::BetweenShops;
                Ok(ArchiveStep::ShopEnd(found))
            }
            (Line::End { shops, sha256 }, State::BetweenShops) => {
                if self.shops != shops || hexadecimal(&before.finalize()) != sha256 {
                    return Err(self.damaged("the file does not have the digest that was written"));
                }
                self.state = State::Ended;
                Ok(ArchiveStep::End)
            }
            _ => Err(self.damaged("it does not belong here")),
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// [`ArchiveFileError`], unless the closing line was read.
    pub fn finish(self) -> Result<(), ArchiveFileError> {
        match self.state {
            State::Begins => Err(ArchiveFileError::NoArchive),
            State::Ended => Ok(()),
            State::BetweenShops | State::InShop(_) => Err(ArchiveFileError::Cut(self.line)),
        }
    }

    fn read_header(&mut self, bytes: &[u8]) -> Result<ArchiveStep, ArchiveFileError> {
        /// The part of a header that every version has.
        #[derive(Deserialize)]
        struct Versioned {
            hexdesk_archive: Version,
        }
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let Ok(Versioned { hexdesk_archive: Version { version } }) = serde_json::from_slice(bytes) else {
            return Err(ArchiveFileError::NoArchive);
        };
        if version != VERSION {
            return Err(ArchiveFileError::Newer(version));
        }
        let Ok(Line::HexdeskArchive { source, created_at, .. }) = serde_json::from_slice(bytes) else {
            return Err(self.damaged("the header is incomplete"));
        };
        self.state = State::BetweenShops;
        Ok(ArchiveStep::Header(ArchiveHeader { source, created_at }))
    }

    fn damaged(&self, problem: impl std::fmt::Display) -> ArchiveFileError {
        ArchiveFileError::Damaged { line: self.line, problem: problem.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ArchivedAttempt, ArchivedDelivery, ArchivedEvent, ArchivedSession, Attempt, AttemptResult,
        Credential, CustomerId, Delivery, EventKind, EventPosition, Fingerprint, IdempotencyKey,
        IdempotencyRecord, Link, MergedCustomer, NewAttempt, NewEvent, NodeNumber, PasswordHash, Receipt,
        Role, SavedReply, SavedReplyId, SecretHash, SessionLife, ShopCounters, samples,
    };

    const KEPT: &str = include_str!("version_1.ndjson");

    fn shop() -> ArchivedShop {
        ArchivedShop {
            shop: samples::shop(),
            log_beginning: Some(EventPosition { change: 2, part: i64::MAX }),
            counters: ShopCounters { changes: 9, customers: 8, users: 7, human_tickets: 6 },
            id_range_ends: vec![(NodeNumber::new(3).unwrap(), Timestamp::MAX)],
        }
    }

    /// An entry of each kind. The response of the last one is not UTF-8.
    fn entries() -> Vec<ArchiveEntry> {
        let position = EventPosition { change: 3, part: 1 };
        let webhook_id = samples::webhook().id;
        let made =
            NewAttempt { time: Timestamp::MIN, duration_millis: 5, result: AttemptResult::Status(204) };
        let kind = EventKind::TicketCreated;
        let event = NewEvent::user_created(samples::user()).at(samples::shop().id, position, samples::STAMP);
        let record = |key: &str, response: &[u8]| {
            ArchiveEntry::IdempotencyRecord(Box::new(IdempotencyRecord {
                operation: "create_ticket".into(),
                key: IdempotencyKey::parse(key).unwrap(),
                fingerprint: Fingerprint([9; 32]),
                receipt: Receipt { response: response.to_vec(), customer_id: CustomerId::new(1) },
                requested_at: Timestamp::MIN,
            }))
        };
        vec![
            ArchiveEntry::User(samples::user().into()),
            ArchiveEntry::Credential(Box::new(Credential {
                user_id: samples::user().id,
                role: Role::Admin,
                password: Some(PasswordHash::new("hash".into())),
                link: Some(Link { token_hash: SecretHash([1; 32]), ends_at: Timestamp::MAX }),
                signed_in_at: Some(Timestamp::MIN),
            })),
            ArchiveEntry::Session(Box::new(ArchivedSession {
                token_hash: SecretHash([2; 32]),
                user_id: samples::user().id,
                life: SessionLife::beginning(Timestamp::MIN),
            })),
            ArchiveEntry::ApiKey(samples::api_key().into()),
            ArchiveEntry::Customer(samples::customer().into()),
            ArchiveEntry::MergedCustomer(MergedCustomer {
                id: CustomerId::new(4).unwrap(),
                into: samples::customer().id,
            }),
            ArchiveEntry::Ticket(samples::ticket_snapshot().into()),
            ArchiveEntry::Comment(samples::comment().into()),
            ArchiveEntry::SavedReply(Box::new(SavedReply {
                shop_id: samples::shop().id,
                id: SavedReplyId::new(5).unwrap(),
                title: "Hello".into(),
                text: "Hello, \u{1f980}!\n".into(),
                created_at: Timestamp::MIN,
                changed_at: Timestamp::MAX,
            })),
            ArchiveEntry::Event(ArchivedEvent { event, customer_id: CustomerId::new(1) }.into()),
            ArchiveEntry::Webhook(samples::webhook().into()),
            ArchiveEntry::Delivery(Box::new(ArchivedDelivery {
                webhook_id,
                delivery: Delivery {
                    position,
                    kind,
                    subject: kind.subject(7).unwrap(),
                    attempts: 2,
                    claim: 3,
                    due_at: Some(Timestamp::MAX),
                    claimed_until: None,
                },
            })),
            ArchiveEntry::Attempt(Box::new(ArchivedAttempt {
                webhook_id,
                attempt: Attempt {
                    number: 1,
                    position: Some(position),
                    kind: Some(kind),
                    of_delivery: 1,
                    made,
                    next_due: None,
                },
            })),
            record("a", b"{\"ticket\":\"\xc3\xa9\"}"),
            record("b", &[0xff, 0]),
        ]
    }

    fn written() -> Vec<Vec<u8>> {
        let header = ArchiveHeader { source: "hexdesk 0.0.0".into(), created_at: Timestamp::MIN };
        let (mut writer, header) = ArchiveFileWriter::new(header).unwrap();
        let mut lines = vec![header, writer.shop(shop()).unwrap()];
        lines.extend(entries().iter().map(|entry| writer.entry(entry).unwrap()));
        lines.push(writer.shop_end().unwrap());
        lines.push(writer.end().unwrap());
        lines
    }

    /// Reads a whole file.
    fn read(bytes: &[u8]) -> Result<Vec<ArchiveStep>, ArchiveFileError> {
        let mut reader = ArchiveFileReader::new();
        let steps = bytes.split_inclusive(|byte| *byte == b'\n').map(|line| reader.read(line));
        let steps = steps.collect::<Result<_, _>>()?;
        reader.finish()?;
        Ok(steps)
    }

    /// If this fails, archives of earlier versions cannot be read any more: read both, and raise the version.
    /// With `HEXDESK_WRITE_LAYOUT=1`, the file is written.
    #[test]
    fn the_kept_file_is_what_is_written() {
        let written = String::from_utf8(written().concat()).unwrap();
        if std::env::var_os("HEXDESK_WRITE_LAYOUT").is_some() {
            std::fs::write("src/archive/version_1.ndjson", &written).unwrap();
            return;
        }
        assert_eq!(written, KEPT);
    }

    #[test]
    fn a_file_is_read_as_it_was_written() {
        let steps = read(KEPT.as_bytes()).unwrap();
        let read: Vec<_> = steps
            .iter()
            .filter_map(|step| match step {
                ArchiveStep::Entry(entry) => Some((**entry).clone()),
                _ => None,
            })
            .collect();
        assert_eq!(read, entries());
        assert_eq!(steps[1], ArchiveStep::Shop(shop().into()));
        assert_eq!(steps.last(), Some(&ArchiveStep::End));
    }

    #[test]
    fn a_file_that_is_cut_anywhere_is_refused() {
        for length in 0..KEPT.len() {
            assert!(read(&KEPT.as_bytes()[..length]).is_err(), "{length} bytes were read");
        }
    }

    #[test]
    fn a_file_with_another_bit_is_refused() {
        let mut bytes = KEPT.as_bytes().to_vec();
        for at in 0..bytes.len() {
            let bit = 1 << (at % 8);
            bytes[at] ^= bit;
            assert!(read(&bytes).is_err(), "a bit of byte {at} was changed");
            bytes[at] ^= bit;
        }
    }

    #[test]
    fn lines_that_are_swapped_missing_or_repeated_are_refused() {
        let lines = written();
        for at in 0..lines.len() {
            let mut without = lines.clone();
            without.remove(at);
            assert!(read(&without.concat()).is_err(), "line {at} is missing");
            let mut repeated = lines.clone();
            repeated.insert(at, lines[at].clone());
            assert!(read(&repeated.concat()).is_err(), "line {at} is repeated");
            if at > 0 {
                let mut swapped = lines.clone();
                swapped.swap(at - 1, at);
                assert!(read(&swapped.concat()).is_err(), "line {at} comes earlier");
            }
        }
        let followed = [lines.concat(), b"{}\n".to_vec()].concat();
        assert!(read(&followed).is_err());
    }

    #[test]
    fn errors_say_what_to_do() {
        let message = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
        assert!(message(b"").starts_with("this is no archive of Hexdesk"));
        assert!(message(b"id,name\n").starts_with("this is no archive of Hexdesk"));
        let newer = b"{\"hexdesk_archive\":{\"version\":2,\"compressed\":true}}\n";
        assert!(
            message(newer)
                .starts_with("the archive has format 2, and this version of Hexdesk reads format 1")
        );
        let lines = written();
        assert!(message(&lines[..3].concat()).starts_with("the file was cut off after line 3"));
        let mut damaged = lines.clone();
        damaged[4] = b"{\"planet\":7}\n".to_vec();
        let message = message(&damaged.concat());
        assert!(message.starts_with("line 5 is damaged: "), "{message}");
    }

    #[test]
    fn a_digest_does_not_depend_on_counters() {
        let other = ArchivedShop { counters: ShopCounters::default(), id_range_ends: Vec::new(), ..shop() };
        let digest = |shop| ArchiveDigest::new(&shop).unwrap().finish();
        assert_eq!(digest(shop()), digest(other));
        assert_ne!(digest(shop()), digest(ArchivedShop { log_beginning: None, ..shop() }));
    }
}
