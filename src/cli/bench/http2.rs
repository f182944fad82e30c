//! As much of HTTP/2 as a client needs that only watches: calls made, messages cut out of what comes back, no header read.
//! A library's client spends as much on a message as the server that sends it; this one leaves the machine to the server.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt, BufWriter};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;

const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;

const INITIAL_WINDOW_SIZE: u16 = 4;

/// The largest window there is, and the one that a connection begins with.
const MAX_WINDOW: u32 = (1 << 31) - 1;
const FIRST_WINDOW: u32 = 65_535;

/// What was read is given back to the connection's window in pieces of this size.
const GIVEN_BACK: u32 = 1 << 20;

/// Bytes read at once.
const READ: usize = 64 << 10;

/// A frame's length, type, flags and stream.
const HEAD: usize = 9;

/// A message's flag and length, as gRPC has them.
pub const PREFIX: usize = 5;

/// What a server sent.
pub enum Event<'a> {
    /// Bytes of a call's answer.
    Bytes { stream: u32, bytes: &'a [u8] },
    /// A call ended, however it did.
    Ended { stream: u32 },
}

/// A connection on which calls are made, and their answers read.
pub struct Connection {
    reader: OwnedReadHalf,
    writer: BufWriter<OwnedWriteHalf>,
    authority: String,
    /// The windows that calls begin with.
    window: u32,
    next_stream: u32,
    unreturned: u32,
    /// What was read and is not whole yet.
    rest: Vec<u8>,
}

impl Connection {
    /// A new connection, whose calls take `window` bytes until they are given more.
    pub async fn open(authority: &str, window: u32) -> io::Result<Self> {
        let stream = TcpStream::connect(authority).await?;
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        let mut connection = Self {
            reader,
            writer: BufWriter::new(writer),
            authority: authority.to_owned(),
            window,
            next_stream: 1,
            unreturned: 0,
            rest: Vec::new(),
        };
        connection.writer.write_all(PREFACE).await?;
        let setting = [&INITIAL_WINDOW_SIZE.to_be_bytes()[..], &window.to_be_bytes()].concat();
        connection.send(SETTINGS, 0, 0, &setting).await?;
        connection.widen(0, MAX_WINDOW - FIRST_WINDOW).await?;
        Ok(connection)
    }

    /// Makes a call with one message, not framed, and returns its stream; sent by [`flush`](Self::flush).
    pub async fn call(&mut self, path: &str, message: &[u8]) -> io::Result<u32> {
        let stream = self.next_stream;
        self.next_stream += 2;
        let mut headers = vec![POST, HTTP];
        for (name, value) in [(&[PATH][..], path), (&[AUTHORITY], &self.authority), (&CONTENT_TYPE, "application/grpc")]
        {
            headers.extend(name);
            text(&mut headers, value);
        }
        headers.push(NEW_NAME);
        text(&mut headers, "te");
        text(&mut headers, "trailers");
        self.send(HEADERS, END_HEADERS, stream, &headers).await?;
        let length = u32::try_from(message.len()).map_err(io::Error::other)?;
        let framed = [&[0][..], &length.to_be_bytes(), message].concat();
        self.send(DATA, END_STREAM, stream, &framed).await?;
        Ok(stream)
    }

    /// Lets a call's answer take as much as it likes.
    pub async fn release(&mut self, stream: u32) -> io::Result<()> {
        self.widen(stream, MAX_WINDOW - self.window).await
    }

    /// Sends what was written.
    pub async fn flush(&mut self) -> io::Result<()> {
        self.writer.flush().await
    }

    /// Tells what comes until the connection ends or `each` fails.
    pub async fn read<E: From<io::Error>>(mut self, mut each: impl FnMut(Event) -> Result<(), E>) -> Result<(), E> {
        let mut buffer = vec![0; READ];
        loop {
            let count = self.reader.read(&mut buffer).await?;
            if count == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            // What is whole already is told from where it was read to.
            if self.rest.is_empty() {
                let told = self.tell(&buffer[..count], &mut each).await?;
                self.rest.extend(&buffer[told..count]);
            } else {
                let mut rest = std::mem::take(&mut self.rest);
                rest.extend(&buffer[..count]);
                let told = self.tell(&rest, &mut each).await?;
                rest.drain(..told);
                self.rest = rest;
            }
            if self.unreturned >= GIVEN_BACK {
                let back = std::mem::take(&mut self.unreturned);
                self.widen(0, back).await?;
            }
            self.flush().await?;
        }
    }

    /// Tells the frames that are whole; returns how many bytes they take.
    async fn tell<E: From<io::Error>>(
        &mut self,
        bytes: &[u8],
        each: &mut impl FnMut(Event) -> Result<(), E>,
    ) -> Result<usize, E> {
        let mut at = 0;
        while let Some(Frame { kind, flags, stream, payload }) = Frame::read(&bytes[at..]) {
            at += HEAD + payload.len();
            match kind {
                DATA if flags & PADDED == 0 => {
                    self.unreturned += u32::try_from(payload.len()).unwrap_or(u32::MAX);
                    each(Event::Bytes { stream, bytes: payload })?;
                }
                DATA => return Err(io::Error::other("padding, which a server of ours does not send").into()),
                SETTINGS if flags & ACK == 0 => self.send(SETTINGS, ACK, 0, &[]).await?,
                PING if flags & ACK == 0 => self.send(PING, ACK, 0, payload).await?,
                GOAWAY => return Err(io::Error::from(io::ErrorKind::ConnectionReset).into()),
                _ => {}
            }
            if kind == RST_STREAM || matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0 {
                each(Event::Ended { stream })?;
            }
        }
        Ok(at)
    }

    async fn widen(&mut self, stream: u32, by: u32) -> io::Result<()> {
        self.send(WINDOW_UPDATE, 0, stream, &by.to_be_bytes()).await
    }

    async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
        let length = u32::try_from(payload.len()).map_err(io::Error::other)?;
        self.writer.write_all(&length.to_be_bytes()[1..]).await?;
        self.writer.write_all(&[kind, flags]).await?;
        self.writer.write_all(&stream.to_be_bytes()).await?;
        self.writer.write_all(payload).await
    }
}

/// A frame within what was read.
struct Frame<'a> {
    kind: u8,
    flags: u8,
    stream: u32,
    payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// The first one; none where it is not whole.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let ([high, middle, low, kind, flags, stream @ ..], rest) = bytes.split_first_chunk::<HEAD>()?;
        let length = u32::from_be_bytes([0, *high, *middle, *low]) as usize;
        let stream = u32::from_be_bytes(*stream) & MAX_WINDOW;
        Some(Self { kind: *kind, flags: *flags, stream, payload: rest.get(..length)? })
    }
}

// Headers as HPACK has them: whole, by their number in the static table; or the name by that and the value as text.
const POST: u8 = 0x83;
const HTTP: u8 = 0x86;
const AUTHORITY: u8 = 1;
const PATH: u8 = 4;
const CONTENT_TYPE: [u8; 2] = [0x0f, 31 - 0x0f];
const NEW_NAME: u8 = 0;

/// A text without Huffman's coding, below the 127 bytes whose length is one byte.
fn text(headers: &mut Vec<u8>, text: &str) {
    debug_assert!(text.len() < 127, "{text}");
    headers.push(text.len() as u8);
    headers.extend(text.as_bytes());
}
