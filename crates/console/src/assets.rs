//! The style sheet and the script. Their paths name their digests, so browsers keep them for good.

use std::fmt::Write;
use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use sha2::{Digest, Sha256};

use crate::Failure;

/// A file that is compiled into the binary.
pub(crate) struct Asset {
    content: &'static str,
    content_type: &'static str,
    /// The path, with the digest of the content.
    pub(crate) path: String,
}

impl Asset {
    fn new(extension: &str, content_type: &'static str, content: &'static str) -> Self {
        let mut path = String::from("/assets/console-");
        for byte in Sha256::digest(content).iter().take(8) {
            // Writing to a string cannot fail.
            let _ = write!(path, "{byte:02x}");
        }
        path.push_str(extension);
        Self { content, content_type, path }
    }
}

pub(crate) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new(".css", "text/css; charset=utf-8", include_str!("../assets/console.css")));

pub(crate) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new(".js", "text/javascript; charset=utf-8", include_str!("../assets/console.js"))
});

/// `GET /assets/{name}`: the style sheet or the script.
///
/// # Errors
/// 404 for any other name.
pub(crate) async fn serve(name: web::Path<String>) -> Result<HttpResponse, Failure> {
    let path = format!("/assets/{name}");
    let asset = [&*STYLE, &*SCRIPT].into_iter().find(|asset| asset.path == path);
    let asset = asset.ok_or_else(Failure::page_not_found)?;
    Ok(HttpResponse::Ok()
        .content_type(asset.content_type)
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .body(asset.content))
}
