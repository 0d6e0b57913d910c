//! The words of a text. They are defined here, so that every store finds the same tickets.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::folding::{Part, fold, part};
use crate::limits::{MAX_SEARCH_WORD_CHARS, MAX_SEARCH_WORDS};

/// Returns the different words of texts in any language, at most the first [`MAX_SEARCH_WORDS`] of
/// them all.
///
/// A word is a run of letters and digits. Everything else separates words. Words have no case, no
/// accents and no strokes, and ASCII digits for those of every script. They are cut at
/// [`MAX_SEARCH_WORD_CHARS`].
///
/// In scripts without blanks between words, such as Chinese, Japanese, Korean and Thai, each two
/// neighbouring characters are a word, and so is the last character of a run. (Korean has blanks, but
/// its endings are written together with the words.)
pub fn search_words<'a>(texts: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    // The outcome says only whether the limit was reached.
    let _ = texts.into_iter().try_for_each(|text| add_words(text, MAX_SEARCH_WORDS, &mut words));
    words
}

/// Adds the words of a text, until there are this many.
pub(super) fn add_words(text: &str, limit: usize, words: &mut BTreeSet<String>) -> ControlFlow<()> {
    let mut add = |word: Cow<'_, str>| {
        if words.len() < limit {
            words.insert(word.into_owned());
            ControlFlow::Continue(())
        } else if words.contains(&*word) {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    each_run(text, &mut |run| match run {
        Run::Word(word) => add(word),
        Run::Unspaced(run) => {
            let mut characters = characters(run).peekable();
            while let Some((start, character)) = characters.next() {
                let next = characters.peek().map_or(0, |(_, next)| next.len());
                add(Cow::Borrowed(cut(&run[start..start + character.len() + next])))?;
            }
            ControlFlow::Continue(())
        }
    })
}

/// Folded letters and digits that follow each other.
#[derive(Debug)]
pub(super) enum Run<'a> {
    /// A word, cut at the limit.
    Word(Cow<'a, str>),
    /// Characters of a script without blanks between words.
    Unspaced(&'a str),
}

/// Calls `found` with each run of a text, in order, until it breaks.
pub(super) fn each_run(text: &str, found: &mut impl FnMut(Run<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
    let (mut rest, mut folded) = (text, String::new());
    // ASCII has no accents, and no letter combines with an ASCII separator. So words of ASCII letters,
    // which are most, are folded on their own, in a tenth of the time.
    loop {
        let separators = rest.bytes().take_while(|byte| is_ascii_separator(*byte)).count();
        rest = &rest[separators..];
        if rest.is_empty() {
            return ControlFlow::Continue(());
        }
        let mut is_ascii = true;
        let end = rest.bytes().position(|byte| {
            is_ascii &= byte.is_ascii();
            is_ascii_separator(byte)
        });
        let (piece, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        if is_ascii {
            let word = &piece[..piece.len().min(MAX_SEARCH_WORD_CHARS)];
            found(Run::Word(Cow::Owned(word.to_ascii_lowercase())))?;
        } else {
            folded.clear();
            fold(piece, &mut folded);
            each_folded_run(&folded, found)?;
        }
    }
}

const fn is_ascii_separator(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric()
}

fn each_folded_run(folded: &str, found: &mut impl FnMut(Run<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
    let mut found = |part: Part, run: &str| match part {
        Part::Letter => found(Run::Word(Cow::Borrowed(cut(run)))),
        Part::Unspaced => found(Run::Unspaced(run)),
        Part::Mark | Part::Separator => ControlFlow::Continue(()),
    };
    let (mut start, mut current) = (0, Part::Separator);
    for (place, letter) in folded.char_indices() {
        match part(letter) {
            // A mark without a letter before it is no word.
            Part::Mark => {}
            part if part == current => {}
            part => {
                found(current, &folded[start..place])?;
                (start, current) = (place, part);
            }
        }
    }
    found(current, &folded[start..])
}

/// The characters of an unspaced run with their places. The marks of a letter belong to it.
pub(super) fn characters(run: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut starts = run.char_indices().filter(|(_, letter)| part(*letter) != Part::Mark).map(|(at, _)| at);
    let mut next = starts.next();
    std::iter::from_fn(move || {
        let start = next?;
        next = starts.next();
        Some((start, &run[start..next.unwrap_or(run.len())]))
    })
}

/// Cuts a word at the limit.
pub(super) fn cut(word: &str) -> &str {
    match word.char_indices().nth(MAX_SEARCH_WORD_CHARS) {
        Some((end, _)) => &word[..end],
        None => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words of a text, in order of their letters.
    fn words(text: &str) -> Vec<String> {
        search_words([text]).into_iter().collect()
    }

    /// Fails unless all spellings have the same words, and these are the expected ones.
    #[track_caller]
    fn assert_words(expected: &[&str], spellings: &[&str]) {
        for spelling in spellings {
            assert_eq!(words(spelling), expected, "{spelling:?}");
        }
    }

    #[test]
    fn words_are_letters_and_digits_without_case_and_accents() {
        assert_words(&["colis", "est", "mon", "ou"], &["Où est MON colis ?", "ou_est-mon\u{200b}colis"]);
        assert_words(&["ada", "com", "example", "lovelace"], &["Ada.Lovelace@example.com"]);
        assert_words(&["1", "23", "33"], &["+33 1-23"]);
        assert_words(&["don", "t"], &["don't", "don’t", "DON\u{2bc}T", "don´t"]);
        assert_words(&["viet"], &["Việt", "viê\u{323}t", "VIET", "vi\u{ad}et", "v\u{34f}iet\u{200d}"]);
        assert_words(&["izmir"], &["İzmir", "IZMIR", "izmir", "ızmır"]);
        assert_words(&["οδοσ"], &["ΟΔΟΣ", "οδός", "ὀδὸς"]);
        assert_words(&["елка", "иод"], &["ёлка Йод", "ЕЛКА иод"]);
        assert_words(&[], &["", " \u{0} -- … 🦀", "\u{301}", "\u{e31}", "ـ", "№ ™ ½ ❶"]);
        assert_words(&["x".repeat(MAX_SEARCH_WORD_CHARS).as_str()], &[&"x".repeat(1_000)]);
        assert_words(&["l".repeat(MAX_SEARCH_WORD_CHARS).as_str()], &[&"Ł".repeat(50)]);
    }

    #[test]
    fn strokes_and_ligatures_are_folded() {
        assert_words(&["lodz"], &["Łódź", "lodz", "ŁO\u{301}DZ"]);
        assert_words(&["strasse"], &["Straße", "STRASSE", "STRAẞE", "ſtraſſe"]);
        assert_words(&["aeon", "oere"], &["ÆON œre", "aeon OERE"]);
        assert_words(&["fine", "ijs", "xii"], &["ﬁne ĳs Ⅻ", "FINE ĲS xii"]);
        assert_words(&["oresund"], &["Øresund", "o\u{338}resund", "Öresund"]);
        assert_words(&["dordevic"], &["Đorđević", "dordevic"]);
        assert_words(&["thor"], &["Þór", "THOR"]);
        assert_words(&["гринок", "казак"], &["ґринок Қазақ", "Гринок казак"]);
    }

    #[test]
    fn signs_separate_words() {
        assert_words(&["12390"], &["№12390", "#12390", "№ 12390", "№１２３９０", "™12390®", "12390€"]);
        assert_words(&["12390", "n"], &["nº12390", "N°12390", "n° 12390"]);
        assert_words(&["5"], &["5½", "5⅓ ₿", "➎5", "5❶"]);
        assert_words(&["kg"], &["㎏", "kg", "ＫＧ"]);
        assert_words(&["h2o", "m2"], &["H₂O m²", "h2o M2"]);
        assert_words(
            &["a", "b"],
            &["a+b", "a＋b", "a×b", "a→b", "a🦀b", "a\u{fe0f}\u{20e3} b", "a¤b", "a`b"],
        );
    }

    #[test]
    fn arabic_and_hebrew_have_no_points() {
        assert_words(&["استرداد"], &["اِسْتِرْدَاد", "اسـتـرداد", "إسترداد", "ٱسترداد", "أسترداد", "آسترداد"]);
        assert_words(&["الي", "مدرسه"], &["إلى مدرسة", "الي مدرسه", "الی مدرسہ"]);
        assert_words(&["سلام"], &["ﺳﻼﻡ", "سَلَام"]);
        assert_words(&["שלום"], &["שָׁלוֹם", "שלום", "שׁלוֹם"]);
    }

    #[test]
    fn digits_of_all_scripts_are_equal() {
        let all = [
            "12390",
            "١٢٣٩٠",
            "۱۲۳۹۰",
            "१२३९०",
            "১২৩৯০",
            "๑๒๓๙๐",
            "１２３９０",
            "𝟏𝟐𝟑𝟗𝟎",
            "𝟷𝟸𝟹𝟿𝟶",
            "၁၂၃၉၀",
            "¹²³⁹⁰",
        ];
        assert_words(&["12390"], &all);
    }

    #[test]
    fn scripts_without_blanks_have_pairs_of_characters() {
        assert_words(&["京都", "東京", "都"], &["東京都"]);
        assert_words(&["京", "東京"], &["東京", "東京。東京"]);
        assert_words(&["カメ", "メラ", "ラ"], &["カメラ", "ｶﾒﾗ"]);
        assert_words(&["ガム", "ム"], &["ガム", "ｶﾞﾑ", "カ\u{3099}ム"]);
        assert_words(&["국어", "어", "한국"], &["한국어", "한국\u{110b}\u{1165}"]);
        assert_words(
            &["12390", "iphone", "号", "手机", "机", "第"],
            &["iPhone手机 第12390号", "ＩＰＨＯＮＥ手机、第１２３９０号"],
        );
        assert_words(&["คืน", "น"], &["คืน"]);
        assert_words(&["ター", "デー", "ー", "ータ"], &["データー"]);
    }

    #[test]
    fn ascii_has_the_words_that_unicode_finds() {
        let around = ["", "a", "Z", "7", "a ", " 7", ".", "'a", "7,", "_", "\r\n"];
        for letter in (0..128_u8).map(char::from) {
            for before in around {
                for after in around {
                    let text = format!("{before}{letter}{after}");
                    let mut folded = String::new();
                    fold(&text, &mut folded);
                    let mut found = BTreeSet::new();
                    let _ = each_folded_run(&folded, &mut |run| {
                        let Run::Word(word) = run else { panic!("{run:?}") };
                        found.insert(word.into_owned());
                        ControlFlow::Continue(())
                    });
                    assert_eq!(search_words([text.as_str()]), found, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn words_are_folded_once() {
        let is_of_large_block = |letter: &char| matches!(letter, '㐀'..='鿿' | '가'..='힣' | '\u{20000}'..);
        let mut digits = 0;
        for letter in ('\0'..=char::MAX).filter(|letter| !is_of_large_block(letter)) {
            let found = words(&letter.to_string());
            digits += usize::from(
                found.iter().all(|word| word.len() == 1 && word.as_bytes()[0].is_ascii_digit())
                    && !found.is_empty(),
            );
            for word in found {
                let again: String = words(&word).concat();
                assert!(
                    words(&word).contains(&word) || again.starts_with(&word),
                    "{letter:?} {word:?} {again:?}"
                );
                assert!(word.chars().all(|letter| part(letter) != Part::Separator), "{letter:?} {word:?}");
            }
        }
        // Seventy scripts have digits.
        assert!(digits > 700, "{digits}");
    }

    #[test]
    fn long_texts_are_cut() {
        let text: Vec<String> = (0..MAX_SEARCH_WORDS + 10).map(|number| number.to_string()).collect();
        assert_eq!(search_words([text.join(" ").as_str(), "late"]).len(), MAX_SEARCH_WORDS);
    }
}
