//! `service,equipe,category,comune,skill`: what responders should have for some calls.

use super::super::Requirement;
use super::row::Row;
use super::{Column, Mistake};

pub(super) fn read(row: &mut Row<'_>) -> Option<Requirement> {
    let service = row.service();
    let equipe = row.text(Column::Equipe);
    let category = row.maybe(Column::Category, |text| text.parse().map_err(|_| Mistake::Category));
    let comune = row.maybe(Column::Comune, |text| {
        let istat = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
        if istat { Ok(text.to_owned()) } else { Err(Mistake::Comune) }
    });
    let skill = row.name(Column::Skill);
    Some(Requirement {
        service: service?,
        equipe: equipe?,
        category: category?,
        comune: comune?,
        skill: skill?,
    })
}

pub(super) fn write(requirement: &Requirement) -> Vec<String> {
    vec![
        requirement.service.as_str().to_owned(),
        requirement.equipe.clone(),
        requirement.category.map_or_else(String::new, |category| category.word().to_owned()),
        requirement.comune.clone().unwrap_or_default(),
        requirement.skill.clone(),
    ]
}
