//! Certificates made for one test, and a client that speaks TLS with rustls.

use super::http::{Response, read_response};
use super::server::{Client, WATCHDOG, run};
use super::temp::TempFolder;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

pub type TlsSocket = StreamOwned<ClientConnection, TcpStream>;

/// For some names, signed by itself.
pub struct Certificate {
    folder: TempFolder,
}

/// For localhost and 127.0.0.1.
pub const HERE: &str = "basicConstraints = critical, CA:FALSE\n\
                        subjectAltName = DNS:localhost, DNS:party.example.org, IP:127.0.0.1\n";

impl Certificate {
    pub fn new() -> Self {
        Self::with(HERE)
    }

    /// With these extensions, as OpenSSL's configuration has them.
    pub fn with(more: &str) -> Self {
        let folder = TempFolder::new();
        let how = format!(
            "[req]\nprompt = no\ndistinguished_name = name\nx509_extensions = more\n[name]\nCN = jam\n[more]\n{more}"
        );
        folder.write("how.cnf", how.as_bytes());
        let certificate = Self { folder };
        let path = |name: &str| certificate.path(name);
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
        let (how, to, to_key) = (path("how.cnf"), path("cert.pem"), path("key.pem"));
        let mut arguments = vec!["req", "-x509", "-nodes", "-days", "30", "-config", &how];
        arguments.extend(key);
        arguments.extend(["-keyout", &to_key, "-out", &to]);
        run("openssl", &arguments);
        certificate
    }

    /// Another one with the same key, signed by itself, for these two dates.
    pub fn dated(&self, from: &str, to: &str) -> String {
        self.write("index", b"");
        self.write("serial", b"01\n");
        let ca = format!(
            "[ca]\ndefault_ca = this\n[this]\ndatabase = {}\nserial = {}\nnew_certs_dir = {}\ndefault_md = sha256\n\
             policy = any\n[any]\ncommonName = supplied\n",
            self.path("index"),
            self.path("serial"),
            self.folder.path().display()
        );
        let how = fs::read_to_string(self.path("how.cnf")).expect("text");
        let (ca, key) = (self.write("ca.cnf", (ca + &how).as_bytes()), self.key());
        let (request, dated) = (self.path("request.pem"), self.path("dated.pem"));
        let asking = [
            "req", "-new", "-key", &key, "-config", &ca, "-out", &request,
        ];
        run("openssl", &asking);
        let mut signing = vec!["ca", "-batch", "-selfsign", "-notext", "-config", &ca];
        signing.extend(["-extensions", "more", "-keyfile", &key, "-in", &request]);
        signing.extend(["-startdate", from, "-enddate", to, "-out", &dated]);
        run("openssl", &signing);
        dated
    }

    /// A file beside it.
    pub fn path(&self, name: &str) -> String {
        let path: PathBuf = self.folder.join(name);
        path.to_str().expect("text").to_owned()
    }

    pub fn write(&self, name: &str, text: &[u8]) -> String {
        self.folder.write(name, text);
        self.path(name)
    }

    pub fn file(&self) -> String {
        self.path("cert.pem")
    }

    pub fn key(&self) -> String {
        self.path("key.pem")
    }

    /// A connection to `address` that trusts this certificate and no other. The handshake comes with the first byte.
    pub fn connect(&self, address: SocketAddr) -> TlsSocket {
        let socket = TcpStream::connect(address).expect("the server accepts");
        socket.set_read_timeout(Some(WATCHDOG)).expect("a timeout");
        self.connect_on(socket)
    }

    pub fn connect_on(&self, socket: TcpStream) -> TlsSocket {
        let mut trusted = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_file(self.file()).expect("a certificate");
        trusted.add(certificate).expect("one that can be trusted");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(trusted)
            .with_no_client_auth();
        let name = ServerName::try_from("localhost").expect("a name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("a client");
        StreamOwned::new(connection, socket)
    }

    /// GET on a connection that stays open.
    pub fn get(&self, address: SocketAddr, path: &str) -> Response {
        let mut socket = self.connect(address);
        ask(&mut socket, path);
        read_response(&mut socket)
    }

    /// A member of a room over TLS, who has said HELLO with `hello` in it.
    pub fn join(&self, address: SocketAddr, room: &str, hello: &str) -> Client<TlsSocket> {
        let url = format!("ws://localhost/ws/{room}");
        let (socket, _response) =
            tungstenite::client(&url, self.connect(address)).expect("the upgrade is granted");
        let mut client = Client(socket);
        client.say(&format!(r#"{{"type":"HELLO",{hello}}}"#));
        client.hear_next("STATE");
        client
    }
}

/// The head of a GET, whose answer is to be read.
pub fn ask(socket: &mut TlsSocket, path: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    socket.write_all(request.as_bytes()).expect("sent");
}
