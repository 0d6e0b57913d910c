//! Texts of many words, up to the limits.

use std::ops::Range;

use anyhow::ensure;
use hexdesk_domain::limits::{
    MAX_COMMENT_CHARS, MAX_MESSAGE_CHARS, MAX_SEARCH_DETAIL_WORDS, MAX_SEARCH_WORD_CHARS, MAX_SEARCH_WORDS,
    MAX_TAG_CHARS, MAX_TAGS, MAX_TICKET_NAME_CHARS,
};
use hexdesk_domain::{NewComment, Storage, Ticket};

use super::{Texts, expect_found, silent_customer, write};
use crate::cases::ticket_lists::create_all;
use crate::samples::{comment_creation, create_comment, create_shop, new_comment, plain_ticket, ticket_id};

/// The first words of a text are found, up to the limit of different words. Every text has its own
/// limit.
pub(super) async fn are_searched_up_to_the_limits(storage: &dyn Storage) -> anyhow::Result<()> {
    every_text_has_its_own_limit(storage).await?;

    // Repeated words do not count.
    let echo = "echo ".repeat(MAX_SEARCH_WORDS + 10) + "after";
    expect_in_messages(storage, "echo.example.com", &echo, &["after", "echo aft*"], &["before"]).await?;
    // As many words as allowed with as many bytes as possible, and as many words as possible of the
    // maximum length.
    let heavy = heavy_words() + " z y";
    expect_in_messages(storage, "heavy.example.com", &heavy, &["z"], &["y"]).await?;
    let longest = longest_words();
    let last = longest.rsplit(' ').next().unwrap_or_default();
    expect_in_messages(storage, "longest.example.com", &longest, &[last], &["𐐩*"]).await?;

    // As many words as a name can hold.
    let shop = create_shop(storage, "name.example.com").await?.id;
    let customer = silent_customer(storage, shop, 1).await?;
    let name = "n ".repeat(usize::try_from(MAX_TICKET_NAME_CHARS)? / 2 - 1) + "z";
    write(storage, &customer, 1, Texts { name: Some(&name), ..Texts::default() }).await?;
    expect_found(storage, shop, "z n", &[1]).await?;
    full_tickets_are_found(storage).await
}

/// A ticket and a comment with as many words as possible in every place, all as long as possible.
async fn full_tickets_are_found(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = create_shop(storage, "full.example.com").await?.id;
    let customer = silent_customer(storage, shop, 1).await?;
    let message = longest_words();
    let word = |number: usize, chars: usize| format!("{}{number:03}", "𐐩".repeat(chars - 3));
    let words = |numbers: Range<usize>, chars| {
        numbers.map(|number| word(number, chars)).collect::<Vec<_>>().join(" ")
    };
    let (tags, chars) = (usize::try_from(MAX_TAGS)?, usize::try_from(MAX_TAG_CHARS)?);
    let of_each = MAX_SEARCH_DETAIL_WORDS / tags;
    let chars = (chars / of_each - 1).min(MAX_SEARCH_WORD_CHARS);
    let ticket = Ticket {
        tags: (0..tags).map(|tag| words(tag * of_each..(tag + 1) * of_each, chars)).collect(),
        contact_reason: Some("beyond".into()),
        last_message: Some(message.clone()),
        ..plain_ticket(ticket_id(1)?, &customer)
    };
    create_all(storage, std::slice::from_ref(&ticket)).await?;
    let names = words(0..MAX_SEARCH_DETAIL_WORDS, MAX_SEARCH_WORD_CHARS);
    let attachments = Some(format!(r#"[{{"name":"{names} beyond"}}]"#));
    let comment = NewComment { text: message, attachments, ..new_comment(1, &ticket)? };
    create_comment(storage, comment_creation(comment)).await?;
    for chars in [chars, MAX_SEARCH_WORD_CHARS] {
        let last = word(MAX_SEARCH_DETAIL_WORDS - 1, chars);
        expect_found(storage, shop, &format!("{} {last}", word(0, chars)), &[1]).await?;
    }
    expect_found(storage, shop, "beyond", &[]).await
}

async fn every_text_has_its_own_limit(storage: &dyn Storage) -> anyhow::Result<()> {
    let shop = create_shop(storage, "limits.example.com").await?.id;
    let customer = silent_customer(storage, shop, 1).await?;
    let many = numbered(MAX_SEARCH_WORDS - 1);
    let full = format!("{many} last late");
    // Texts at the limit, one after the other. None of them shortens another.
    let other = format!("{} other late", many.replace('w', "v"));
    for (id, texts) in (1..).zip([
        Texts { first_message: Some(&full), ..Texts::default() },
        Texts { comments: &[&full], ..Texts::default() },
        Texts { first_message: Some(&full), comments: &[&other, "next"], ..Texts::default() },
    ]) {
        write(storage, &customer, id, texts).await?;
    }
    for (query, expected) in [
        ("w0 w1999 w3998 last", &[1, 2, 3][..]),
        ("late", &[]),
        ("la*", &[1, 2, 3]),
        ("w3998 v0 v3998 other next", &[3]),
        ("w3998 v0* v399* oth* n*", &[3]),
    ] {
        expect_found(storage, shop, query, expected).await?;
    }
    Ok(())
}

/// Fails unless the queries of `finds` find a first message and a comment with this text, and those
/// of `misses` find nothing.
async fn expect_in_messages(
    storage: &dyn Storage,
    domain: &str,
    text: &str,
    finds: &[&str],
    misses: &[&str],
) -> anyhow::Result<()> {
    ensure!(text.chars().count() <= message_chars(), "the kit's message for {domain} is too long");
    let shop = create_shop(storage, domain).await?.id;
    let customer = silent_customer(storage, shop, 1).await?;
    write(storage, &customer, 1, Texts { first_message: Some(text), ..Texts::default() }).await?;
    write(storage, &customer, 2, Texts { comments: &[text], ..Texts::default() }).await?;
    for (queries, expected) in [(finds, &[1, 2][..]), (misses, &[])] {
        for query in queries {
            expect_found(storage, shop, query, expected).await?;
        }
    }
    Ok(())
}

/// This many different words.
fn numbered(count: usize) -> String {
    let words: Vec<_> = (0..count).map(|number| format!("w{number}")).collect();
    words.join(" ")
}

/// All words of a text except one, each as long as the longest message allows. Each letter has four
/// bytes.
fn heavy_words() -> String {
    let letters = ['𐐨', '𐐩', '𐐪', '𐐫', '𐐬', '𐐭', '𐐮', '𐐯', '𐐰', '𐐱'];
    let digit = |number: usize, place: u32| letters[number / 10_usize.pow(place) % 10];
    let length = (message_chars() / MAX_SEARCH_WORDS - 1).min(MAX_SEARCH_WORD_CHARS);
    let places = 0..u32::try_from(length).unwrap_or_default();
    let words: Vec<_> = (0..MAX_SEARCH_WORDS - 1)
        .map(|number| places.clone().map(|place| digit(number, place.min(4))).collect::<String>())
        .collect();
    words.join(" ")
}

/// As many different words of the maximum length as a message can hold and a search finds. Each letter
/// has four bytes.
fn longest_words() -> String {
    let digits = ['𐐨', '𐐪'];
    let word = |number: usize| -> String {
        (0..MAX_SEARCH_WORD_CHARS).map(|place| digits[number >> place.min(31) & 1]).collect()
    };
    let count = ((message_chars() + 1) / (MAX_SEARCH_WORD_CHARS + 1)).min(MAX_SEARCH_WORDS);
    let words: Vec<_> = (0..count).map(word).collect();
    words.join(" ")
}

/// The characters of the longest text that can be a message and a comment.
fn message_chars() -> usize {
    usize::try_from(MAX_MESSAGE_CHARS.min(MAX_COMMENT_CHARS)).unwrap_or_default()
}
