//! The build script: makes the page ready to send, so that the binary holds each part once, packed, and the server packs
//! nothing. `server/page.rs` includes what it writes.

mod comments;

use comments::without_comment_lines;
use miniz_oxide::deflate::compress_to_vec_zlib;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hasher as _};
use std::path::{Path, PathBuf};

const WEB: &str = "src/web";
const PAGE: &str = "index.html";

/// The best there is; it is done once.
const LEVEL: u8 = 10;

fn main() {
    println!("cargo::rerun-if-changed={WEB}");
    println!("cargo::rerun-if-changed=src/pack");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("Cargo sets OUT_DIR"));
    let names = names_of_parts();
    let mut code = format!(
        "static PAGE: Asset = {};\n\n",
        pack(PAGE, page(&names), &out)
    );
    code.push_str(
        "/// Every file of `src/web` but the page itself, in the order of the alphabet.\n",
    );
    writeln!(code, "pub static ASSETS: [Asset; {}] = [", names.len())
        .expect("a String takes everything");
    for name in &names {
        let part = pack(name, part(name), &out);
        writeln!(code, "    {part},").expect("a String takes everything");
    }
    code.push_str("];\n");
    fs::write(out.join("assets.rs"), code).expect("OUT_DIR can be written to");
}

fn names_of_parts() -> Vec<String> {
    let entries = fs::read_dir(WEB).expect("src/web is a folder");
    let name = |entry: fs::DirEntry| entry.file_name().into_string().expect("a plain name");
    let names = entries.map(|entry| name(entry.expect("an entry of src/web")));
    let mut names: Vec<String> = names.filter(|name| name != PAGE).collect();
    names.sort();
    names
}

/// The page itself, with the version filled in and a link for each script, so that a browser asks for all at once
/// instead of one import after the other.
fn page(names: &[String]) -> Vec<u8> {
    let html = fs::read_to_string(Path::new(WEB).join(PAGE)).expect("the page is a text");
    let scripts = names.iter().filter(|name| name.ends_with(".js"));
    let links =
        scripts.map(|name| format!("<link rel=\"modulepreload\" href=\"/assets/{name}\" />"));
    let links = links.collect::<Vec<_>>().join("\n    ");
    let version = env::var("CARGO_PKG_VERSION").expect("Cargo sets the version");
    let html = html.replace("{{version}}", &version);
    html.replace("{{modulepreload}}", &links).into_bytes()
}

fn part(name: &str) -> Vec<u8> {
    let bytes = fs::read(Path::new(WEB).join(name)).expect("a file of src/web");
    match name.rsplit_once('.') {
        Some((_, "js" | "css")) => {
            let text = String::from_utf8(bytes).expect("a script or style is a text");
            without_comment_lines(&text).into_bytes()
        }
        _ => bytes,
    }
}

/// Writes the file as it is to travel; what says so in Rust. A picture is packed already, and stays as it is.
fn pack(name: &str, plain: Vec<u8>, out: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(&plain);
    let etag = hasher.finish();
    let plain_bytes = plain.len();
    let deflated = compress_to_vec_zlib(&plain, LEVEL);
    let is_deflated = deflated.len() < plain.len();
    let travels = if is_deflated { deflated } else { plain };
    let path = out.join(name);
    fs::write(&path, travels).expect("OUT_DIR can be written to");
    format!(
        "Asset {{ name: {name:?}, bytes: include_bytes!({path:?}), is_deflated: {is_deflated}, \
         plain_bytes: {plain_bytes}, plain: OnceLock::new(), etag: \"\\\"{etag:016x}\\\"\" }}"
    )
}
