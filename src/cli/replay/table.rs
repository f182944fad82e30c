//! A table in a CSV file, gzipped or not: the cells of each row by column, with the line. Knows nothing of votes.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use csv::{ErrorKind, StringRecord};
use flate2::bufread::MultiGzDecoder;

use crate::cli::client::Failure;

/// How a gzip file begins, whatever it is called.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// Read from the file at once.
const BUFFER: usize = 64 << 10;

/// A table, read row by row.
pub struct Table<const N: usize> {
    file: String,
    reader: csv::Reader<Box<dyn Read>>,
    columns: [usize; N],
    record: StringRecord,
}

/// A row: its line, and its cells in the order in which the columns were asked for; or why it cannot be read.
pub type Row<'a, const N: usize> = (u64, Result<[&'a str; N], String>);

impl<const N: usize> Table<N> {
    /// Opens the table, and finds these columns in its first line. Others are passed over.
    pub fn open(path: &Path, columns: [&str; N]) -> Result<Self, Failure> {
        let file = path.display().to_string();
        let failed = |problem: String| Failure::Failed(format!("{file}: {problem}"));
        let bytes = decompressed(path).map_err(|e| failed(format!("cannot be read: {e}")))?;
        let mut reader = csv::ReaderBuilder::new().buffer_capacity(BUFFER).from_reader(bytes);
        let headers = reader.headers().map_err(|e| failed(format!("the first line cannot be read: {e}")))?;
        let mut at = [0; N];
        for (at, column) in at.iter_mut().zip(columns) {
            *at = headers.iter().position(|header| header.trim() == column).ok_or_else(|| {
                failed(format!("there is no column {column}; the first line must name {}", columns.join(", ")))
            })?;
        }
        Ok(Self { file, reader, columns: at, record: StringRecord::new() })
    }

    /// The next row; none after the last.
    ///
    /// # Errors
    /// Where the file itself cannot be read on.
    pub fn next(&mut self) -> Result<Option<Row<'_, N>>, Failure> {
        match self.reader.read_record(&mut self.record) {
            Ok(false) => Ok(None),
            Ok(true) => {
                let line = self.record.position().map_or(0, csv::Position::line);
                Ok(Some((line, Ok(self.columns.map(|at| self.record.get(at).unwrap_or_default())))))
            }
            Err(error) => {
                let after = self.reader.position().line();
                let line = error.position().map_or(after, csv::Position::line);
                match error.kind() {
                    ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        Ok(Some((line, Err(format!("it has {len} cells, and the first line has {expected_len}")))))
                    }
                    ErrorKind::Utf8 { .. } => Ok(Some((line, Err("it is not UTF-8".to_owned())))),
                    _ => Err(Failure::Failed(format!("{}: cannot be read beyond line {after}: {error}", self.file))),
                }
            }
        }
    }
}

fn decompressed(path: &Path) -> std::io::Result<Box<dyn Read>> {
    let mut file = BufReader::with_capacity(BUFFER, File::open(path)?);
    let gzipped = file.fill_buf()?.starts_with(&GZIP);
    Ok(if gzipped { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}
