//! How faulty stores cut pages that end by bytes.

use hexdesk_domain::{Page, PageSize, TextBytes};

/// How a faulty store cuts a page that ends by bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PageFault {
    IgnoresBytes,
    EndsBeforeTheEntry,
    LosesTheEntry,
    SkipsTheNext,
    SaysItEnds,
    OmitsLargeEntries,
}

impl PageFault {
    pub(crate) fn page_of<T: TextBytes + Clone, P: Copy>(
        self,
        mut list: Vec<(P, T)>,
        size: PageSize,
    ) -> Page<T, P> {
        if let Self::OmitsLargeEntries = self {
            list.retain(|(_, entry)| entry.text_bytes() <= size.bytes);
        }
        let correct = Page::cut(list.clone(), size);
        let length = correct.entries.len();
        // The page ends by bytes, and the list continues.
        let is_cut = correct.next.is_some() && length < size.entries as usize;
        let shorter =
            || Page::cut(list.clone(), PageSize { entries: size.entries.min(length as u32 - 1), ..size });
        match self {
            Self::IgnoresBytes => Page::cut(list, PageSize::of(size.entries)),
            Self::EndsBeforeTheEntry if is_cut && length > 1 => shorter(),
            Self::LosesTheEntry if is_cut && length > 1 => Page { next: correct.next, ..shorter() },
            Self::SkipsTheNext if is_cut => {
                Page { next: list.get(length).map(|(place, _)| *place), ..correct }
            }
            Self::SaysItEnds if is_cut => Page { next: None, ..correct },
            _ => correct,
        }
    }
}

/// Returns each [`PageFault`] with its sentence about these entries.
macro_rules! page_faults {
    ($entries:literal) => {
        [
            (
                $crate::page_faults::PageFault::IgnoresBytes,
                concat!("Pages of ", $entries, " ignore the bytes."),
            ),
            (
                $crate::page_faults::PageFault::EndsBeforeTheEntry,
                concat!("Pages of ", $entries, " end before the entry that fills them."),
            ),
            (
                $crate::page_faults::PageFault::LosesTheEntry,
                concat!("Pages of ", $entries, " lose the entry that fills them."),
            ),
            (
                $crate::page_faults::PageFault::SkipsTheNext,
                concat!("The page after one that bytes fill skips one of the ", $entries, "."),
            ),
            (
                $crate::page_faults::PageFault::SaysItEnds,
                concat!("Pages of ", $entries, " that bytes fill have no next one."),
            ),
            (
                $crate::page_faults::PageFault::OmitsLargeEntries,
                concat!("Pages of ", $entries, " omit entries that are larger than the page."),
            ),
        ]
    };
}

pub(crate) use page_faults;
