//! Folding: different spellings of a word become the same letters.

use icu_casemap::{CaseMapper, CaseMapperBorrowed};
use icu_normalizer::properties::CanonicalCombiningClassMapBorrowed;
use icu_normalizer::{
    ComposingNormalizer, ComposingNormalizerBorrowed, DecomposingNormalizer, DecomposingNormalizerBorrowed,
};
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, Script};
use icu_properties::{
    CodePointMapData, CodePointMapDataBorrowed, CodePointSetData, CodePointSetDataBorrowed,
};

use super::letters::plain;

const DECOMPOSE: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizer::new_nfkd();
const COMPOSE: ComposingNormalizerBorrowed<'static> = ComposingNormalizer::new_nfc();
const COMBINING_CLASS: CanonicalCombiningClassMapBorrowed<'static> =
    CanonicalCombiningClassMapBorrowed::new();
const CASE: CaseMapperBorrowed<'static> = CaseMapper::new();
const CATEGORY: CodePointMapDataBorrowed<'static, GeneralCategory> = CodePointMapData::new();
const SCRIPT: CodePointMapDataBorrowed<'static, Script> = CodePointMapData::new();
const IGNORABLE: CodePointSetDataBorrowed<'static> = CodePointSetData::new::<DefaultIgnorableCodePoint>();

/// Appends the text without case, accents and compatibility forms. Signs become blanks.
/// Punctuation and blanks stay as they are.
pub(super) fn fold(text: &str, folded: &mut String) {
    // Signs are recognised first: the decomposition of № has letters.
    let letters = text.chars().map(|letter| if is_sign(letter) { ' ' } else { letter });
    let letters = DECOMPOSE.normalize_iter(letters.filter(|letter| !IGNORABLE.contains(*letter)));
    // Composed again, so that each Korean syllable and each Japanese letter is one character.
    let composed: String = COMPOSE.normalize_iter(letters.filter(|letter| !is_dropped(*letter))).collect();
    for letter in CASE.fold_string(&composed).chars() {
        match plain(letter) {
            Some(letters) => folded.push_str(letters),
            None => folded.push(digit(letter).unwrap_or(letter)),
        }
    }
}

/// The part of a character in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A letter or digit of a script with blanks between words.
    Letter,
    /// A letter of a script without blanks between words.
    Unspaced,
    /// A mark that belongs to the letter before it.
    Mark,
    /// None: it separates words.
    Separator,
}

/// The part of a folded character.
pub(super) fn part(letter: char) -> Part {
    if letter.is_ascii() {
        return if letter.is_ascii_alphanumeric() { Part::Letter } else { Part::Separator };
    }
    match CATEGORY.get(letter) {
        GeneralCategory::NonspacingMark | GeneralCategory::SpacingMark => Part::Mark,
        GeneralCategory::UppercaseLetter
        | GeneralCategory::LowercaseLetter
        | GeneralCategory::TitlecaseLetter
        | GeneralCategory::ModifierLetter
        | GeneralCategory::OtherLetter
        | GeneralCategory::DecimalNumber
        | GeneralCategory::LetterNumber
        | GeneralCategory::OtherNumber
            if !is_letter_in_name_only(letter) =>
        {
            if is_unspaced(letter) {
                Part::Unspaced
            } else {
                Part::Letter
            }
        }
        _ => Part::Separator,
    }
}

/// Whether the text ends with a letter or digit, or with marks of one.
pub(super) fn ends_in_word(text: &str) -> bool {
    let is_skipped =
        |letter: char| IGNORABLE.contains(letter) || is_dropped(letter) || part(letter) == Part::Mark;
    let last = text.chars().rev().find(|letter| !is_skipped(*letter));
    last.is_some_and(|letter| !is_sign(letter) && letter.is_alphanumeric())
}

fn is_unspaced(letter: char) -> bool {
    match SCRIPT.get(letter) {
        Script::Han
        | Script::Hiragana
        | Script::Katakana
        | Script::Hangul
        | Script::Bopomofo
        | Script::Yi
        | Script::Thai
        | Script::Lao
        | Script::Khmer
        | Script::Myanmar => true,
        // Signs of repetition and length, which several scripts share.
        Script::Common => matches!(letter, '\u{3006}' | '\u{3031}'..='\u{3035}' | '\u{303c}' | '\u{30fc}'),
        _ => false,
    }
}

/// Whether the character is a sign, although its decomposition may have letters, as that of № and ™.
/// Units and radicals of East Asia (㎏, ⾦) are words.
fn is_sign(letter: char) -> bool {
    match CATEGORY.get(letter) {
        GeneralCategory::MathSymbol
        | GeneralCategory::CurrencySymbol
        | GeneralCategory::ModifierSymbol
        | GeneralCategory::OtherSymbol => !('\u{2e80}'..='\u{33ff}').contains(&letter),
        _ => is_letter_in_name_only(letter),
    }
}

/// Whether the character separates words, although Unicode counts it as a letter, a number or nothing:
/// ordinal indicators, apostrophes, the space of no width, fractions and numbers in circles.
const fn is_letter_in_name_only(letter: char) -> bool {
    matches!(
        letter,
        'ª' | 'º'
            | '¼'..='¾'
            | '\u{2b9}'..='\u{2bf}'
            | '\u{2c6}'..='\u{2cf}'
            | '\u{200b}'
            | '\u{2150}'..='\u{215f}'
            | '\u{2189}'
            | '\u{24eb}'..='\u{24ff}'
            | '\u{2776}'..='\u{2793}'
    )
}

/// Whether words lack this character of a decomposed text: accents, the points of Arabic and Hebrew,
/// and the tatweel. Vowel signs, tone marks and marks of sound belong to words. Their combining
/// classes are 0, 7 to 9, and 84 to 132.
fn is_dropped(letter: char) -> bool {
    match COMBINING_CLASS.get_u8(letter) {
        0 => letter == '\u{640}' || CATEGORY.get(letter) == GeneralCategory::EnclosingMark,
        7..=9 | 84..=132 => false,
        _ => true,
    }
}

/// Returns the ASCII digit of the same value. The ten digits of a script follow each other, from zero
/// on. The digits of several scripts may do so, too.
pub(crate) fn digit(letter: char) -> Option<char> {
    let is_digit = |code| CATEGORY.get32(code) == GeneralCategory::DecimalNumber;
    if letter.is_ascii() || !is_digit(u32::from(letter)) {
        return None;
    }
    let before = (0..u32::from(letter)).rev().take_while(|code| is_digit(*code)).count();
    char::from_digit(u32::try_from(before % 10).ok()?, 10)
}
