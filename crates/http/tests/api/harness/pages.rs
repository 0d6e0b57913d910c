//! Lists, page by page.

use serde_json::Value;

use super::{Response, Server};

/// Gets the next page as clients do: by the `Link` header. `None` after the last page.
pub(crate) fn next(server: &Server, response: &Response) -> Option<Response> {
    let link = response.header("link")?;
    let path = link.strip_prefix('<').unwrap().split_once(">; rel=\"next\"").unwrap().0;
    Some(server.get(path))
}

/// Gets every page from this path on, and returns the entries of each page.
pub(crate) fn walk(server: &Server, path: &str, member: &str) -> Vec<Vec<Value>> {
    let mut pages = Vec::new();
    let mut page = Some(server.get(path));
    while let Some(response) = page {
        assert_eq!(response.status, 200, "{response:?}");
        let list = response.json();
        assert_eq!(list["next_cursor"].is_null(), response.header("link").is_none(), "{response:?}");
        assert_eq!(list.get("total").is_some(), path.contains("include=total"), "{response:?}");
        pages.push(list[member].as_array().unwrap().clone());
        page = next(server, &response);
    }
    pages
}
