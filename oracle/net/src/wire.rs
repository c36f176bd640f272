//! The bytes of `/lyceum/blob/1`. A request is one message on a stream of its own, its answer the other; both have one
//! encoding, and all integers are little-endian. What is longer than it may be is refused before it is read.
//!
//! ```text
//! request   1 length:  kind u8 = 1, root [32]                       33 bytes
//!           2 slice:   kind u8 = 2, root [32], from u64, to u64     49 bytes
//! answer    0 missing: kind u8 = 0                                  the peer doesn't have the blob
//!           1 busy:    kind u8 = 1                                  too much at once: come back
//!           2 failed:  kind u8 = 2                                  it can't be read, or there is no such range
//!           3 length:  kind u8 = 3, len u64, n u32, stream [n]      with the verified stream of the last tile
//!           4 slice:   kind u8 = 4, n u32, stream [n]               the verified stream of the range's tiles
//! ```

use std::io;
use std::ops::Range;

use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use libp2p::StreamProtocol;
use libp2p::request_response;
use lyceum_store::{Root, WINDOW};
use lyceum_tensorblock::tile::{MAX_DEPTH, MAX_FILE_LEN, TILE_LEN};

/// The protocol's name; another version has another.
pub const PROTOCOL: StreamProtocol = StreamProtocol::new("/lyceum/blob/1");

/// Longest verified stream of an answer: a window's tiles, the pairs between them and those above.
pub const MAX_STREAM: usize = WINDOW as usize + 64 * ((WINDOW / TILE_LEN) as usize + MAX_DEPTH);
/// Longest verified stream that proves a length.
pub const MAX_PROOF: usize = TILE_LEN as usize + 64 * MAX_DEPTH;

const LENGTH_LEN: usize = 33;
const SLICE_LEN: usize = 49;

/// What is asked of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// How long a blob is, with the proof.
    Length {
        /// The blob.
        root: Root,
    },
    /// The verified stream of a range of at most [`WINDOW`] bytes.
    Slice {
        /// The blob.
        root: Root,
        /// The bytes.
        range: Range<u64>,
    },
}

/// What a peer says.
#[derive(Clone, PartialEq, Eq)]
pub enum Answer {
    /// It doesn't have the blob.
    Missing,
    /// It has too much to do.
    Busy,
    /// It can't read the blob, or there is no such range.
    Failed,
    /// The length, and the verified stream of the last tile, which proves it.
    Length {
        /// Bytes of the blob.
        len: u64,
        /// At most [`MAX_PROOF`] bytes.
        stream: Vec<u8>,
    },
    /// The verified stream, at most [`MAX_STREAM`] bytes.
    Slice(Vec<u8>),
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("Missing"),
            Self::Busy => f.write_str("Busy"),
            Self::Failed => f.write_str("Failed"),
            Self::Length { len, stream } => write!(f, "Length({len}, {} bytes)", stream.len()),
            Self::Slice(stream) => write!(f, "Slice({} bytes)", stream.len()),
        }
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

impl Request {
    /// The blob that is asked for.
    pub fn root(&self) -> &Root {
        match self {
            Self::Length { root } | Self::Slice { root, .. } => root,
        }
    }

    /// Its one encoding.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(SLICE_LEN);
        match self {
            Self::Length { root } => {
                out.push(1);
                out.extend_from_slice(root);
            }
            Self::Slice { root, range } => {
                out.push(2);
                out.extend_from_slice(root);
                out.extend_from_slice(&range.start.to_le_bytes());
                out.extend_from_slice(&range.end.to_le_bytes());
            }
        }
        out
    }

    /// Reads its one encoding.
    ///
    /// # Errors
    /// Other bytes, and ranges that no answer may have.
    pub fn decode(bytes: &[u8]) -> io::Result<Self> {
        let field =
            |at: usize| -> Option<u64> { Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?)) };
        let root = bytes.get(1..33).and_then(|root| root.try_into().ok());
        match (bytes.first(), bytes.len(), root) {
            (Some(1), LENGTH_LEN, Some(root)) => Ok(Self::Length { root }),
            (Some(2), SLICE_LEN, Some(root)) => {
                let (from, to) = field(33).zip(field(41)).ok_or_else(|| invalid("a request cut short"))?;
                if from > to || to - from > WINDOW || to > MAX_FILE_LEN || (from == to && to != 0) {
                    return Err(invalid("a range that is empty, too long, or out of any blob"));
                }
                Ok(Self::Slice { root, range: from..to })
            }
            _ => Err(invalid("not a request of /lyceum/blob/1")),
        }
    }
}

impl Answer {
    /// What precedes the stream, and the stream.
    fn parts(&self) -> (Vec<u8>, &[u8]) {
        let head = |kind: u8, len: Option<u64>, stream: &[u8]| {
            let mut out = vec![kind];
            len.iter().for_each(|len| out.extend_from_slice(&len.to_le_bytes()));
            out.extend_from_slice(&u32::try_from(stream.len()).unwrap_or(u32::MAX).to_le_bytes());
            out
        };
        match self {
            Self::Missing => (vec![0], &[]),
            Self::Busy => (vec![1], &[]),
            Self::Failed => (vec![2], &[]),
            Self::Length { len, stream } => (head(3, Some(*len), stream), stream),
            Self::Slice(stream) => (head(4, None, stream), stream),
        }
    }

    /// Its one encoding.
    pub fn encode(&self) -> Vec<u8> {
        let (mut out, stream) = self.parts();
        out.extend_from_slice(stream);
        out
    }

    /// Bytes of its stream.
    pub fn stream_len(&self) -> u64 {
        self.parts().1.len() as u64
    }

    async fn read(io: &mut (impl AsyncRead + Unpin + Send)) -> io::Result<Self> {
        let [kind] = array(io).await?;
        let answer = match kind {
            0 => Self::Missing,
            1 => Self::Busy,
            2 => Self::Failed,
            3 => {
                let len = u64::from_le_bytes(array(io).await?);
                if len > MAX_FILE_LEN {
                    return Err(invalid("a length that no blob has"));
                }
                Self::Length { len, stream: stream(io, MAX_PROOF).await? }
            }
            4 => Self::Slice(stream(io, MAX_STREAM).await?),
            _ => return Err(invalid("not an answer of /lyceum/blob/1")),
        };
        end(io).await?;
        Ok(answer)
    }
}

async fn array<const N: usize>(io: &mut (impl AsyncRead + Unpin + Send)) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    io.read_exact(&mut bytes).await?;
    Ok(bytes)
}

async fn stream(io: &mut (impl AsyncRead + Unpin + Send), most: usize) -> io::Result<Vec<u8>> {
    let len = u32::from_le_bytes(array(io).await?) as usize;
    if len > most {
        return Err(invalid("a stream longer than any range's"));
    }
    let mut bytes = vec![0; len];
    io.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// Nothing may follow.
async fn end(io: &mut (impl AsyncRead + Unpin + Send)) -> io::Result<()> {
    match io.read(&mut [0]).await? {
        0 => Ok(()),
        _ => Err(invalid("more bytes than the message has")),
    }
}

/// Reads and writes messages on streams.
#[derive(Clone, Copy, Debug, Default)]
pub struct Codec;

impl request_response::Codec for Codec {
    type Protocol = StreamProtocol;
    type Request = Request;
    type Response = Answer;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Request>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut bytes = Vec::with_capacity(SLICE_LEN + 1);
        io.take(SLICE_LEN as u64 + 1).read_to_end(&mut bytes).await?;
        Request::decode(&bytes)
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Answer>
    where
        T: AsyncRead + Unpin + Send,
    {
        Answer::read(io).await
    }

    async fn write_request<T>(&mut self, _: &StreamProtocol, io: &mut T, request: Request) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&request.encode()).await
    }

    async fn write_response<T>(&mut self, _: &StreamProtocol, io: &mut T, answer: Answer) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        let (head, stream) = answer.parts();
        io.write_all(&head).await?;
        io.write_all(stream).await
    }
}
