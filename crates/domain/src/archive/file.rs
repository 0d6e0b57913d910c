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
