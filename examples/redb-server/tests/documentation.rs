//! The whole files shown in `docs/writing-a-storage-adapter.md` equal the files here.

const PAGE: &str = include_str!("../../../docs/writing-a-storage-adapter.md");

#[test]
fn the_page_shows_whole_files_as_they_are() {
    for file in [include_str!("../src/main.rs"), include_str!("../../redb-storage/tests/contract.rs")] {
        assert!(PAGE.contains(&format!("```rust\n{file}```\n")), "the page does not show this:\n{file}");
    }
}
