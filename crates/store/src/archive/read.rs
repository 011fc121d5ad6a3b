//! Reading a file.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Seek as _};
use std::path::{Path, PathBuf};

use latchkey_domain::Timestamp;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::ArchiveError;
use super::digest::Sum;
use super::format::{AnyHeader, FORMAT, Header, RowsOf, Seal, Sums, Value};
use crate::schema;

/// A file that was found to be whole. What it holds is not for logs: it cannot be printed.
pub struct Archive {
    path: PathBuf,
    lines: Lines,
    pub(super) header: Header,
    pub(super) sums: Sums,
}

impl Archive {
    /// Opens a file and reads all of it once: whether it is a copy that this release can read, whole and unchanged
    /// since it was written.
    ///
    /// # Errors
    /// Where it is not, or cannot be read.
    pub fn open(path: &Path) -> Result<Self, ArchiveError> {
        let mut lines = Lines::open(path)?;
        let header = header(&mut lines)?;
        let mut sums = Vec::with_capacity(header.tables.len());
        for table in &header.tables {
            lines.rows_of(&table.name)?;
            let mut sum = Sum::default();
            while let Some(line) = lines.row()? {
                sum.add(line);
            }
            sums.push(sum.written(&table.name));
        }
        let written: Sums = lines.value()?;
        lines.check_seal()?;
        if written.sums != sums {
            return Err(ArchiveError::damaged(path, "its rows do not add up"));
        }
        Ok(Self { path: path.to_owned(), lines, header, sums: written })
    }

    /// When the copy was taken.
    #[must_use]
    pub const fn taken_at(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.header.taken_at)
    }

    /// How many rows it holds.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.sums.sums.iter().map(|sum| sum.rows).sum()
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Goes back to the first table's rows.
    pub(super) fn rewind(&mut self) -> Result<(), ArchiveError> {
        self.lines.rewind()?;
        if header(&mut self.lines)? == self.header { Ok(()) } else { Err(self.changed()) }
    }

    /// Takes the line that comes before a table's rows.
    pub(super) fn rows_of(&mut self, table: &str) -> Result<(), ArchiveError> {
        self.lines.rows_of(table)
    }

    /// The next row; `None` after the table's last.
    pub(super) fn row(&mut self) -> Result<Option<Vec<Value>>, ArchiveError> {
        match self.lines.row()? {
            None => Ok(None),
            Some(line) => match serde_json::from_slice(line) {
                Ok(row) => Ok(Some(row)),
                Err(_) => Err(ArchiveError::damaged(&self.path, "it has a row that cannot be read")),
            },
        }
    }

    /// Takes the end, which must be the one that was read first.
    pub(super) fn finish(&mut self) -> Result<(), ArchiveError> {
        let sums: Sums = self.lines.value()?;
        self.lines.check_seal()?;
        if sums == self.sums { Ok(()) } else { Err(self.changed()) }
    }

    fn changed(&self) -> ArchiveError {
        ArchiveError::damaged(&self.path, "it was changed while it was read")
    }
}

fn header(lines: &mut Lines) -> Result<Header, ArchiveError> {
    let file = lines.path.clone();
    if !lines.next()? {
        return Err(ArchiveError::NotACopy { file });
    }
    let Ok(AnyHeader { latchkey_database: found }) = serde_json::from_slice(&lines.line) else {
        return Err(ArchiveError::NotACopy { file });
    };
    if found != FORMAT {
        return Err(ArchiveError::OtherFormat { file, found, known: FORMAT });
    }
    let header: Header = lines.parse()?;
    let known = schema::newest_known();
    if header.schema > known {
        return Err(ArchiveError::SchemaNewer { file, found: header.schema, known });
    }
    Ok(header)
}

/// The longest line. A record has at most 64 KiB, and texts are longer in JSON than they are.
const LONGEST: u64 = 16 << 20;

/// A file's lines, one after the other, and the hash of all that were taken.
struct Lines {
    path: PathBuf,
    file: BufReader<File>,
    hash: Sha256,
    /// The newest line, without its end.
    line: Vec<u8>,
    /// Whether that is still to be taken: it was looked at, and found to be another's.
    is_kept: bool,
}

impl Lines {
    fn open(path: &Path) -> Result<Self, ArchiveError> {
        let file = File::open(path).map_err(ArchiveError::file(path))?;
        let file = BufReader::with_capacity(1 << 16, file);
        Ok(Self { path: path.to_owned(), file, hash: Sha256::new(), line: Vec::new(), is_kept: false })
    }

    fn rewind(&mut self) -> Result<(), ArchiveError> {
        self.file.rewind().map_err(ArchiveError::file(&self.path))?;
        self.hash = Sha256::new();
        self.is_kept = false;
        Ok(())
    }

    /// Takes a line, whole with its end; `false` at the end of the file.
    fn take(&mut self) -> Result<bool, ArchiveError> {
        use std::io::Read as _;
        self.line.clear();
        let read = (&mut self.file).take(LONGEST).read_until(b'\n', &mut self.line);
        if read.map_err(ArchiveError::file(&self.path))? == 0 {
            return Ok(false);
        }
        if self.line.pop() == Some(b'\n') { Ok(true) } else { Err(self.cut_off()) }
    }

    /// The next line, as part of what is sealed.
    fn next(&mut self) -> Result<bool, ArchiveError> {
        if std::mem::take(&mut self.is_kept) {
            return Ok(true);
        }
        let is_there = self.take()?;
        if is_there {
            self.hash.update(&self.line);
            self.hash.update(b"\n");
        }
        Ok(is_there)
    }

    fn parse<T: DeserializeOwned>(&self) -> Result<T, ArchiveError> {
        serde_json::from_slice(&self.line)
            .map_err(|_| ArchiveError::damaged(&self.path, "it has a line that cannot be read"))
    }

    /// The next line, which must be a `T`.
    fn value<T: DeserializeOwned>(&mut self) -> Result<T, ArchiveError> {
        if self.next()? { self.parse() } else { Err(self.cut_off()) }
    }

    fn rows_of(&mut self, table: &str) -> Result<(), ArchiveError> {
        let RowsOf { rows_of } = self.value()?;
        if rows_of == table { Ok(()) } else { Err(ArchiveError::damaged(&self.path, "its tables are out of order")) }
    }

    /// The next line, if it is a row.
    fn row(&mut self) -> Result<Option<&[u8]>, ArchiveError> {
        if !self.next()? {
            return Err(self.cut_off());
        }
        if self.line.first() == Some(&b'[') {
            return Ok(Some(&self.line));
        }
        self.is_kept = true;
        Ok(None)
    }

    /// Takes the last line, which must say what all lines before it hash to, and the end of the file.
    fn check_seal(&mut self) -> Result<(), ArchiveError> {
        let found = hex::encode(self.hash.clone().finalize());
        if !self.take()? {
            return Err(self.cut_off());
        }
        let Seal { sha256 } = self.parse()?;
        if sha256 != found {
            return Err(ArchiveError::damaged(&self.path, "it was changed since it was written"));
        }
        if self.take()? {
            return Err(ArchiveError::damaged(&self.path, "something comes after its end"));
        }
        Ok(())
    }

    fn cut_off(&self) -> ArchiveError {
        ArchiveError::damaged(&self.path, "it was cut off")
    }
}
