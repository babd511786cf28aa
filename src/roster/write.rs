//! Writes the roster as CSV.

use super::{Column, Shift, civil};

/// The shifts as [`super::read_csv`] reads them, in their order, losing nothing.
///
/// Times are civil times of each shift's own zone; where such a time exists twice,
/// its offset follows.
pub fn write_csv(shifts: &[Shift]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let in_memory = "writing to memory does not fail, and every row has as many fields";
    writer.write_record(Column::ALL.map(Column::name)).expect(in_memory);
    for shift in shifts {
        let row = [
            shift.service.as_str().to_owned(),
            shift.equipe.clone(),
            shift.step.to_string(),
            shift.person.clone(),
            shift.phone.as_ref().map_or_else(String::new, |phone| phone.reveal().to_owned()),
            civil::write(shift.from(), shift.zone()),
            civil::write(shift.until(), shift.zone()),
        ];
        writer.write_record(row).expect(in_memory);
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}
