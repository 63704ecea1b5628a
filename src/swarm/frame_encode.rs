//! Frames to bytes. Pure.

use super::frame::{
    AnswerHead, Frame, Hello, MAGIC, ManifestPart, RefusalCode, Request, Role, VERSION, Want, kind,
};
use crate::track::chunks::{ChunkSize, Layout};
use std::net::{IpAddr, SocketAddr};

/// Appends a whole frame to `out`.
pub fn encode(frame: &Frame, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.push(frame_kind(frame));
    match frame {
        Frame::Hello(hello) => put_hello(hello, out),
        Frame::Welcome(welcome) => {
            out.extend_from_slice(&welcome.nonce.0);
            out.extend_from_slice(&welcome.node.0);
            out.extend_from_slice(&welcome.proof.0);
        }
        Frame::Proof(proof) => out.extend_from_slice(&proof.0),
        Frame::Info(info) => {
            out.extend_from_slice(&info.listen_port.to_be_bytes());
            out.push(u8::from(info.complete) | u8::from(info.has_manifest) << 1);
            put_addresses(&info.addresses, out);
            out.extend_from_slice(&info.bitfield);
        }
        Frame::Refuse(refusal) => {
            out.push(code_byte(refusal.code));
            out.extend_from_slice(refusal.text.as_bytes());
        }
        Frame::GetManifest(first) => out.extend_from_slice(&first.to_be_bytes()),
        Frame::Request(Request { want, news }) => {
            let (mode, index) = match *want {
                Want::Chunk(index) => (0, index),
                Want::Any => (1, 0),
                Want::News => (2, 0),
            };
            out.push(mode);
            out.extend_from_slice(&u32::to_be_bytes(index));
            put_news(news, out);
        }
        Frame::GetPeers => {}
        Frame::Bye(complete) => out.push(u8::from(*complete)),
        Frame::Manifest(part) => put_manifest_part(part, out),
        Frame::Chunk(head, data) => {
            put_answer_head(head, out);
            out.extend_from_slice(data);
        }
        Frame::Empty(head) => put_answer_head(head, out),
        Frame::Peers(addresses) => put_addresses(addresses, out),
        Frame::Tracks(tracks) => {
            out.extend_from_slice(&count_u16(tracks.len()).to_be_bytes());
            for listed in tracks {
                out.extend_from_slice(listed.track.as_bytes());
                put_layout(listed.layout, out);
                put_name(&listed.name, out);
            }
        }
    }
    set_length(start, 0, out);
}

/// Begins a CHUNK whose data is written behind it by somebody else: `data_bytes` have to follow.
pub fn encode_chunk_head(head: &AnswerHead, data_bytes: usize, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    out.push(kind::CHUNK);
    put_answer_head(head, out);
    set_length(start, data_bytes, out);
}

fn set_length(start: usize, more: usize, out: &mut [u8]) {
    let bytes = out.len() - start - 4 + more;
    let bytes = u32::try_from(bytes).expect("bug: a frame is far below 4 GiB");
    out[start..start + 4].copy_from_slice(&bytes.to_be_bytes());
}

fn frame_kind(frame: &Frame) -> u8 {
    match frame {
        Frame::Hello(_) => kind::HELLO,
        Frame::Welcome(_) => kind::WELCOME,
        Frame::Proof(_) => kind::PROOF,
        Frame::Info(_) => kind::INFO,
        Frame::Refuse(_) => kind::REFUSE,
        Frame::GetManifest(_) => kind::GET_MANIFEST,
        Frame::Request(_) => kind::REQUEST,
        Frame::GetPeers => kind::GET_PEERS,
        Frame::Bye(_) => kind::BYE,
        Frame::Manifest(_) => kind::MANIFEST,
        Frame::Chunk(..) => kind::CHUNK,
        Frame::Empty(_) => kind::EMPTY,
        Frame::Peers(_) => kind::PEERS,
        Frame::Tracks(_) => kind::TRACKS,
    }
}

fn count_u16(count: usize) -> u16 {
    u16::try_from(count).expect("bug: lists in frames are bounded")
}

fn put_hello(hello: &Hello, out: &mut Vec<u8>) {
    out.extend_from_slice(MAGIC);
    out.push(VERSION);
    out.push(match hello.role {
        Role::Ask => 0,
        Role::Offer => 1,
        Role::List => 2,
        Role::Check => 3,
    });
    out.extend_from_slice(hello.track.as_bytes());
    out.extend_from_slice(&hello.key_id.0);
    out.extend_from_slice(&hello.nonce.0);
    out.extend_from_slice(&hello.node.0);
    out.push(hello.chunk_size.map_or(0, ChunkSize::log2));
    out.extend_from_slice(&hello.chunk_count.unwrap_or(0).to_be_bytes());
}

fn put_layout(layout: Layout, out: &mut Vec<u8>) {
    out.push(layout.chunk_size().log2());
    out.extend_from_slice(&layout.length().to_be_bytes());
}

fn put_name(name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&count_u16(name.len()).to_be_bytes());
    out.extend_from_slice(name.as_bytes());
}

fn put_news(news: &[u32], out: &mut Vec<u8>) {
    out.extend_from_slice(&count_u16(news.len()).to_be_bytes());
    for index in news {
        out.extend_from_slice(&index.to_be_bytes());
    }
}

fn put_answer_head(head: &AnswerHead, out: &mut Vec<u8>) {
    out.push(u8::from(head.pass_over));
    out.extend_from_slice(&head.index.unwrap_or(u32::MAX).to_be_bytes());
    put_news(&head.news, out);
}

fn put_addresses(addresses: &[SocketAddr], out: &mut Vec<u8>) {
    out.extend_from_slice(&count_u16(addresses.len()).to_be_bytes());
    for address in addresses {
        match address.ip() {
            IpAddr::V4(ip) => {
                out.push(4);
                out.extend_from_slice(&ip.octets());
            }
            IpAddr::V6(ip) => {
                out.push(6);
                out.extend_from_slice(&ip.octets());
            }
        }
        out.extend_from_slice(&address.port().to_be_bytes());
    }
}

fn put_manifest_part(part: &ManifestPart, out: &mut Vec<u8>) {
    put_layout(part.layout, out);
    put_name(&part.name, out);
    out.extend_from_slice(&count_u16(part.proof.leaf.len()).to_be_bytes());
    out.extend_from_slice(&part.proof.leaf);
    out.push(u8::try_from(part.proof.siblings.len()).expect("bug: at most twelve"));
    for sibling in &part.proof.siblings {
        out.extend_from_slice(sibling);
    }
    out.extend_from_slice(&part.first.to_be_bytes());
    for checksum in &part.checksums {
        out.extend_from_slice(checksum);
    }
}

fn code_byte(code: RefusalCode) -> u8 {
    match code {
        RefusalCode::Version => 1,
        RefusalCode::UnknownTrack => 2,
        RefusalCode::WrongKey => 3,
        RefusalCode::Busy => 4,
        RefusalCode::AlreadyConnected => 5,
        RefusalCode::WrongLayout => 6,
        RefusalCode::Banned => 7,
        RefusalCode::Stopping => 8,
        RefusalCode::NotOffered => 9,
        RefusalCode::Other(byte) => byte,
    }
}
