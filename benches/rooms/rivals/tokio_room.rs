//! The room as somebody would write it with tokio-tungstenite: a task and a bounded queue for each member.
//!
//! `tokio-room PORT [READ_BUFFER_BYTES]`

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config};

/// Messages waiting for a member; one that is further behind is sent away.
const QUEUE_MESSAGES: usize = 256;
const BACKLOG: u32 = 4096;

struct Room {
    state: Utf8Bytes,
    host: Option<String>,
    members: HashMap<String, mpsc::Sender<Utf8Bytes>>,
}

#[derive(Default)]
struct Rooms {
    next_id: AtomicU64,
    by_name: Mutex<HashMap<String, Room>>,
}

impl Rooms {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Room>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let mut numbers = std::env::args().skip(1).map(|it| it.parse::<usize>());
    let Some(Ok(port)) = numbers.next() else {
        return Err(std::io::Error::other("tokio-room PORT [READ_BUFFER_BYTES]"));
    };
    let config = numbers.next().and_then(Result::ok).map(|bytes| {
        let config = WebSocketConfig::default();
        config.read_buffer_size(bytes)
    });
    let listening = TcpSocket::new_v4()?;
    listening.set_reuseaddr(true)?;
    listening.bind((Ipv4Addr::LOCALHOST, port as u16).into())?;
    let listener = listening.listen(BACKLOG)?;
    let rooms = Arc::new(Rooms::default());
    loop {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        tokio::spawn(serve(Arc::clone(&rooms), socket, config));
    }
}

async fn serve(rooms: Arc<Rooms>, socket: TcpStream, config: Option<WebSocketConfig>) {
    let mut room = None;
    #[allow(clippy::result_large_err)] // the library's signature
    let upgrade = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        room = request.uri().path().strip_prefix("/ws/").map(String::from);
        match room {
            Some(_) => Ok(response),
            None => {
                let mut refusal = ErrorResponse::new(None);
                *refusal.status_mut() = StatusCode::NOT_FOUND;
                Err(refusal)
            }
        }
    };
    let Ok(mut socket) = accept_hdr_async_with_config(socket, upgrade, config).await else {
        return;
    };
    let room = room.unwrap_or_default();
    let Some(Ok(Message::Text(hello))) = socket.next().await else {
        return;
    };
    let hello: Value = serde_json::from_str(&hello).unwrap_or_default();
    let is_host = hello["role"] == "host";
    let peer_id = format!("p{}", rooms.next_id.fetch_add(1, Ordering::Relaxed));
    let (queue, queued) = mpsc::channel(QUEUE_MESSAGES);
    let Some(state) = rooms.join(&room, &peer_id, is_host, queue) else {
        let _gone = socket.close(None).await;
        return;
    };
    let peer = json!({"type": "PEER", "peer_id": peer_id}).to_string();
    if socket.send(Message::Text(state)).await.is_ok()
        && socket.send(Message::text(peer)).await.is_ok()
    {
        listen(&rooms, &room, &peer_id, is_host, &mut socket, queued).await;
    }
    rooms.leave(&room, &peer_id);
}

async fn listen(
    rooms: &Rooms,
    room: &str,
    peer_id: &str,
    is_host: bool,
    socket: &mut WebSocketStream<TcpStream>,
    mut queued: mpsc::Receiver<Utf8Bytes>,
) {
    loop {
        tokio::select! {
            text = queued.recv() => match text {
                Some(text) => {
                    if socket.send(Message::Text(text)).await.is_err() {
                        return;
                    }
                }
                None => return, // Sent away.
            },
            message = socket.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    let answer = rooms.hear(room, peer_id, is_host, &text);
                    if let Some(answer) = answer
                        && socket.send(Message::Text(answer)).await.is_err()
                    {
                        return;
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
        }
    }
}

impl Rooms {
    /// The room's state, or `None` when the host's seat is taken.
    fn join(
        &self,
        room: &str,
        peer_id: &str,
        is_host: bool,
        queue: mpsc::Sender<Utf8Bytes>,
    ) -> Option<Utf8Bytes> {
        let mut rooms = self.lock();
        let room = rooms.entry(room.into()).or_insert_with(|| Room {
            state: state(&Value::Null, "PAUSE", &json!(0.0)),
            host: None,
            members: HashMap::new(),
        });
        if is_host {
            if room.host.is_some() {
                return None;
            }
            room.host = Some(peer_id.into());
        }
        room.members.insert(peer_id.into(), queue);
        Some(room.state.clone())
    }

    fn leave(&self, name: &str, peer_id: &str) {
        let mut rooms = self.lock();
        if let Some(room) = rooms.get_mut(name) {
            room.members.remove(peer_id);
            if room.host.as_deref() == Some(peer_id) {
                room.host = None;
            }
            if room.members.is_empty() {
                rooms.remove(name);
            }
        }
    }

    /// Does what a member says; what it gets as an answer.
    fn hear(&self, room: &str, peer_id: &str, is_host: bool, text: &str) -> Option<Utf8Bytes> {
        let message: Value = serde_json::from_str(text).ok()?;
        let mut rooms = self.lock();
        let room = rooms.get_mut(room)?;
        match message["type"].as_str()? {
            "PLAY" | "PAUSE" if !is_host => Some(error("Only host can control")),
            status @ ("PLAY" | "PAUSE") => {
                room.state = state(&message["track_id"], status, &message["offset_sec"]);
                let state = &room.state;
                // A full queue loses its sender, and with it the member.
                room.members
                    .retain(|_, queue| queue.try_send(state.clone()).is_ok());
                None
            }
            "SIGNAL" => {
                let to = message["to"].as_str().unwrap_or_default();
                let Some(queue) = room.members.get(to) else {
                    return Some(error("no such member"));
                };
                let signal = json!({"type": "SIGNAL", "from": peer_id, "blob": message["blob"]});
                if queue.try_send(signal.to_string().into()).is_err() {
                    room.members.remove(to);
                }
                None
            }
            _ => Some(error("unknown type")),
        }
    }
}

fn state(track_id: &Value, status: &str, offset_sec: &Value) -> Utf8Bytes {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    let state = json!({
        "track_id": track_id,
        "status": status,
        "offset_sec": offset_sec,
        "timestamp": now.as_secs_f64(),
    });
    json!({"type": "STATE", "payload": state})
        .to_string()
        .into()
}

fn error(text: &str) -> Utf8Bytes {
    json!({"type": "ERROR", "message": text}).to_string().into()
}
