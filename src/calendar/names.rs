//! Months and days of the week, as Italians call them.

use chrono::Weekday;

/// «dicembre» for 12.
pub fn month_name(month: u32) -> &'static str {
    let index = usize::try_from(month).unwrap_or_default().wrapping_sub(1);
    MONTHS.get(index).copied().unwrap_or("un mese che non c'è")
}

/// «lunedì».
pub fn weekday_name(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Mon => "lunedì",
        Weekday::Tue => "martedì",
        Weekday::Wed => "mercoledì",
        Weekday::Thu => "giovedì",
        Weekday::Fri => "venerdì",
        Weekday::Sat => "sabato",
        Weekday::Sun => "domenica",
    }
}

/// «lun».
pub fn short_weekday(weekday: Weekday) -> &'static str {
    let name = weekday_name(weekday);
    // The first three letters of each are plain.
    name.get(..3).unwrap_or(name)
}

const MONTHS: [&str; 12] = [
    "gennaio",
    "febbraio",
    "marzo",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "agosto",
    "settembre",
    "ottobre",
    "novembre",
    "dicembre",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_month_and_day_has_its_name_and_no_other_has_one() {
        assert_eq!((month_name(1), month_name(12)), ("gennaio", "dicembre"));
        for none in [0, 13, u32::MAX] {
            assert_eq!(month_name(none), "un mese che non c'è");
        }
        assert_eq!(weekday_name(Weekday::Sun), "domenica");
        assert_eq!(short_weekday(Weekday::Wed), "mer");
    }
}
