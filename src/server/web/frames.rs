//! WebSocket's frames (RFC 6455), which hold lines. Hidden in the TLS session's own encrypt and decrypt: everyone else in
//! the server knows lines alone. In front of what a round brings stands one head; a client that has sent no part of a
//! message keeps no buffer.

use crate::duplex::{Framing, Peer};
use crate::protocol::LINE_BYTES_MAX;
use std::io::Cursor;
use std::time::{Duration, Instant};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{CloseCode, Control, Data, OpCode};

/// The longest payload of a ping, a pong or a close (RFC 6455, 5.5).
const CONTROL_BYTES_MAX: usize = 125;
/// How many frames that bring nothing (pings, pongs, empty pieces) a client may send within [`ASIDES_TIME`]. Pages can
/// send none, and other programs one every few seconds; lines have their own measure.
const ASIDES_MAX: u32 = 300;
/// See [`ASIDES_MAX`].
const ASIDES_TIME: Duration = Duration::from_secs(60);

/// One client's frames.
#[derive(Debug)]
pub(super) struct Frames {
    /// The beginning of a frame; at most a head and a line.
    partial: Vec<u8>,
    /// The beginning of a message that comes in pieces.
    message: Option<Message>,
    /// We have said our last word.
    closed: bool,
    /// Frames that brought nothing, since when.
    asides: (u32, Instant),
}

/// A message, as far as it has come.
#[derive(Debug, Default)]
struct Message {
    bytes: Vec<u8>,
    /// So many of them are text, and not looked at again for each further piece.
    text_bytes: usize,
}

/// Why a client is sent away (RFC 6455, 7.4.1).
type Wrong = CloseCode;

impl Frames {
    pub(super) fn new(now: Instant) -> Self {
        Self { partial: Vec::new(), message: None, closed: false, asides: (0, now) }
    }

    /// Takes the first frame of `bytes`, if it is whole; gives its length.
    fn take_one(
        &mut self,
        bytes: &mut [u8],
        lines: &mut Vec<u8>,
        answer: &mut Vec<u8>,
    ) -> Result<Option<usize>, Wrong> {
        let mut cursor = Cursor::new(&*bytes);
        let parsed = FrameHeader::parse(&mut cursor).map_err(|_| CloseCode::Protocol)?;
        let Some((header, length)) = parsed else { return Ok(None) };
        let head_bytes = usize::try_from(cursor.position()).map_err(|_| CloseCode::Protocol)?;
        // From its head alone: what is wrong is not waited for.
        let length = self.judge(&header, head_bytes, length)?;
        let Some(payload) = bytes.get_mut(head_bytes..head_bytes + length) else { return Ok(None) };
        let mask = header.mask.ok_or(CloseCode::Protocol)?;
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
        match header.opcode {
            OpCode::Data(_) => self.take_piece(payload, header.is_final, lines)?,
            OpCode::Control(Control::Ping) => frame(OpCode::Control(Control::Pong), payload, answer),
            OpCode::Control(Control::Close) => return Err(farewell_code(payload)?),
            OpCode::Control(_) => {}
        }
        // A whole message is a line, if an empty one.
        if matches!(header.opcode, OpCode::Control(_)) || (length == 0 && !header.is_final) {
            self.count_aside(Instant::now())?;
        }
        Ok(Some(head_bytes + length))
    }

    /// Whether a frame with this head may come now. Gives its length.
    fn judge(&self, header: &FrameHeader, head_bytes: usize, length: u64) -> Result<usize, Wrong> {
        let is_shortest_form = header.len(length) == head_bytes;
        if header.mask.is_none() || header.rsv1 || header.rsv2 || header.rsv3 || !is_shortest_form {
            return Err(CloseCode::Protocol);
        }
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        match header.opcode {
            OpCode::Control(_) if !header.is_final || length > CONTROL_BYTES_MAX => Err(CloseCode::Protocol),
            OpCode::Control(_) => Ok(length),
            OpCode::Data(Data::Continue) if self.message.is_none() => Err(CloseCode::Protocol),
            OpCode::Data(Data::Text | Data::Binary) if self.message.is_some() => Err(CloseCode::Protocol),
            OpCode::Data(Data::Binary) => Err(CloseCode::Unsupported),
            OpCode::Data(_) if length > LINE_BYTES_MAX - self.message.as_ref().map_or(0, |begun| begun.bytes.len()) => {
                Err(CloseCode::Size)
            }
            OpCode::Data(_) => Ok(length),
        }
    }

    /// A message, or a piece of one. Whole, it is lines, the last of which may lack its end. What isn't text is refused with
    /// the piece that shows it.
    fn take_piece(&mut self, piece: &[u8], is_last: bool, lines: &mut Vec<u8>) -> Result<(), Wrong> {
        let Message { mut bytes, mut text_bytes } = self.message.take().unwrap_or_default();
        bytes.extend_from_slice(piece);
        match std::str::from_utf8(&bytes[text_bytes..]) {
            Ok(text) => text_bytes += text.len(),
            Err(cut) if cut.error_len().is_none() && !is_last => text_bytes += cut.valid_up_to(),
            Err(_) => return Err(CloseCode::Invalid),
        }
        if !is_last {
            self.message = Some(Message { bytes, text_bytes });
            return Ok(());
        }
        if !bytes.ends_with(b"\n") {
            bytes.push(b'\n');
        }
        // With its end.
        if bytes.len() > LINE_BYTES_MAX {
            return Err(CloseCode::Size);
        }
        lines.append(&mut bytes);
        Ok(())
    }

    /// Without this, pings would cost the server what requests can't.
    fn count_aside(&mut self, now: Instant) -> Result<(), Wrong> {
        let (count, since) = self.asides;
        self.asides = if now - since > ASIDES_TIME { (1, now) } else { (count + 1, since) };
        if self.asides.0 > ASIDES_MAX { Err(CloseCode::Policy) } else { Ok(()) }
    }
}

impl Framing for Frames {
    fn wrap(&mut self, lines: &[u8]) -> Vec<u8> {
        let mut framed = Vec::new();
        if !self.closed && !lines.is_empty() {
            framed.reserve_exact(lines.len() + 10);
            frame(OpCode::Data(Data::Text), lines, &mut framed);
        }
        framed
    }

    fn unwrap(&mut self, came: &[u8], lines: &mut Vec<u8>, answer: &mut Vec<u8>) -> Peer {
        if self.closed {
            return Peer::Closed;
        }
        let mut bytes = std::mem::take(&mut self.partial);
        bytes.extend_from_slice(came);
        let mut at = 0;
        loop {
            match self.take_one(&mut bytes[at..], lines, answer) {
                Ok(Some(n)) => at += n,
                Ok(None) => break,
                Err(code) => {
                    answer.extend(self.part(code));
                    return Peer::Closed;
                }
            }
        }
        self.partial = bytes.split_off(at);
        Peer::Open
    }

    fn close(&mut self) -> Vec<u8> {
        self.part(CloseCode::Normal)
    }
}

impl Frames {
    /// A close, unless there was one.
    fn part(&mut self, code: CloseCode) -> Vec<u8> {
        let mut last = Vec::new();
        if !std::mem::replace(&mut self.closed, true) {
            (self.partial, self.message) = (Vec::new(), None);
            let code = if code == CloseCode::Status { Vec::new() } else { u16::from(code).to_be_bytes().to_vec() };
            frame(OpCode::Control(Control::Close), &code, &mut last);
        }
        last
    }
}

/// What a client's close is answered with: its own code, [`CloseCode::Status`] if it has none.
fn farewell_code(payload: &[u8]) -> Result<CloseCode, Wrong> {
    let [high, low, reason @ ..] = payload else {
        return if payload.is_empty() { Ok(CloseCode::Status) } else { Err(CloseCode::Protocol) };
    };
    std::str::from_utf8(reason).map_err(|_| CloseCode::Invalid)?;
    let code = CloseCode::from(u16::from_be_bytes([*high, *low]));
    if code.is_allowed() { Ok(code) } else { Err(CloseCode::Protocol) }
}

/// Appends one whole frame of ours, which has no mask.
fn frame(opcode: OpCode, payload: &[u8], out: &mut Vec<u8>) {
    let header = FrameHeader { opcode, ..FrameHeader::default() };
    // Writing to memory has no way to fail.
    let written = header.format(payload.len() as u64, out);
    debug_assert!(written.is_ok());
    out.extend_from_slice(payload);
}
