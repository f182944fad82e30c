//! A table in a CSV file, gzipped or not: the cells of each row by column, with the line. Knows nothing of votes.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use csv::StringRecord;
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
    width: usize,
    record: StringRecord,
}

/// A row: its cells in the order in which the columns were asked for, as far as they can be read.
pub struct Row<'a, const N: usize> {
    pub line: u32,
    pub cells: [&'a str; N],
    /// Why it cannot be read whole.
    pub problem: Option<String>,
}

impl<const N: usize> Table<N> {
    /// Opens the table, and finds these columns in its first line. Others are passed over.
    pub fn open(path: &Path, columns: [&str; N]) -> Result<Self, Failure> {
        let file = path.display().to_string();
        let failed = |problem: String| Failure::Failed(format!("{file}: {problem}"));
        let bytes = decompressed(path).map_err(|e| failed(format!("cannot be read: {e}")))?;
        let mut reader = csv::ReaderBuilder::new().buffer_capacity(BUFFER).flexible(true).from_reader(bytes);
        let headers = reader.headers().map_err(|e| failed(format!("the first line cannot be read: {e}")))?;
        let mut at = [0; N];
        for (at, column) in at.iter_mut().zip(columns) {
            *at = headers.iter().position(|header| header.trim() == column).ok_or_else(|| {
                failed(format!("there is no column {column}; the first line must name {}", columns.join(", ")))
            })?;
        }
        let width = headers.len();
        Ok(Self { file, reader, columns: at, width, record: StringRecord::new() })
    }

    /// The next row; none after the last.
    ///
    /// # Errors
    /// Where the file itself cannot be read on.
    pub fn next(&mut self) -> Result<Option<Row<'_, N>>, Failure> {
        let mut record = std::mem::take(&mut self.record).into_byte_record();
        let more = self.reader.read_byte_record(&mut record).map_err(|e| {
            let after = self.reader.position().line();
            Failure::Failed(format!("{}: cannot be read beyond line {after}: {e}", self.file))
        })?;
        if !more {
            return Ok(None);
        }
        let mut problem = (record.len() != self.width)
            .then(|| format!("it has {} cells, and the first line has {}", record.len(), self.width));
        self.record = StringRecord::from_byte_record(record).unwrap_or_else(|error| {
            problem = Some("it is not UTF-8".to_owned());
            StringRecord::from_byte_record_lossy(error.into_byte_record())
        });
        let line = self.record.position().map_or(0, csv::Position::line);
        let cells = self.columns.map(|at| self.record.get(at).unwrap_or_default());
        Ok(Some(Row { line: u32::try_from(line).unwrap_or(u32::MAX), cells, problem }))
    }
}

fn decompressed(path: &Path) -> std::io::Result<Box<dyn Read>> {
    let mut file = BufReader::with_capacity(BUFFER, File::open(path)?);
    let gzipped = file.fill_buf()?.starts_with(&GZIP);
    Ok(if gzipped { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}
