//! Figures: how many tickets a shop opened, answered and closed each day, how fast, and how many wait.

mod day;
mod read;

pub use day::{Day, DayFigures, FirstAnswer, OpenTickets};
pub use read::{Backlog, FigureDay, Figures, ReadFigures, Waits};
