//! From the people on duty to the ladder that is rung: requirements and policy.

use std::cmp::Reverse;

use super::duty::{Duty, Post};
use super::{Ladder, Need, OnCall, Step};

impl Duty<'_> {
    /// The ladder for a call with this need. Nobody is ever dropped from it.
    pub(super) fn ladder(&self, posts: &[Post<'_>], need: &Need) -> Ladder {
        let policy = self.equipe.policy.map(|row| &self.records.policies[row]);
        let mut ladder = Ladder {
            rounds: policy.and_then(|policy| policy.rounds),
            last_resort: policy.and_then(|policy| policy.last_resort.clone()),
            ..Ladder::default()
        };
        let (reachable, unreachable): (Vec<_>, Vec<_>) =
            posts.iter().partition(|post| !post.phones.is_empty());
        for post in unreachable {
            if !ladder.without_phone.iter().any(|person| person == post.person) {
                ladder.without_phone.push(post.person.to_owned());
            }
        }
        let skills = self.skills_for(need);
        let ranked = self.rank(reachable, &skills);
        if let Some(first) = ranked.first() {
            let lacks = |skill: &&&str| !self.has_skill(first.post.person, skill);
            ladder.missed = skills.iter().filter(lacks).map(|skill| (*skill).to_owned()).collect();
        }
        let mut last = None;
        for post in &ranked {
            let group = (Reverse(post.skills.len()), post.post.step);
            if last.replace(group) != Some(group) {
                let number = post.post.step;
                let ring = policy.and_then(|policy| policy.steps.get(&number).copied());
                ladder.steps.push(Step { number, responders: Vec::new(), ring });
            }
            if let Some(step) = ladder.steps.last_mut() {
                step.responders.push(post.on_call());
            }
        }
        ladder
    }

    /// The skills that count for this need, each once.
    fn skills_for(&self, need: &Need) -> Vec<&str> {
        let mut skills = Vec::new();
        for row in &self.equipe.requirements {
            let requirement = &self.records.requirements[*row];
            if requirement.applies_to(need) && !skills.contains(&requirement.skill.as_str()) {
                skills.push(requirement.skill.as_str());
            }
        }
        skills
    }

    /// Who has all the skills comes first, then who has most of them; the order of the
    /// roster decides among equals.
    fn rank<'p>(&self, posts: Vec<&'p Post<'p>>, skills: &[&'p str]) -> Vec<Ranked<'p>> {
        let mut ranked: Vec<Ranked<'p>> = posts
            .into_iter()
            .enumerate()
            .map(|(place, post)| {
                let has = |skill: &&str| self.has_skill(post.person, skill);
                let skills = skills.iter().copied().filter(has).collect();
                Ranked { post, skills, place, moved_up: false }
            })
            .collect();
        ranked.sort_by_key(|ranked| Reverse(ranked.skills.len())); // stable
        for (place, ranked) in ranked.iter_mut().enumerate() {
            ranked.moved_up = place < ranked.place;
        }
        ranked
    }
}

/// A post with what counts for the call.
struct Ranked<'p> {
    post: &'p Post<'p>,
    skills: Vec<&'p str>,
    /// Its place without requirements.
    place: usize,
    moved_up: bool,
}

impl Ranked<'_> {
    fn on_call(&self) -> OnCall {
        let mut why = self.post.why();
        if self.moved_up {
            let what = if self.skills.len() == 1 { "il requisito" } else { "i requisiti" };
            why.push_str(&format!(", ha {what} {}", self.skills.join(", ")));
        }
        OnCall {
            person: self.post.person.to_owned(),
            phones: self.post.phones.iter().map(|phone| (*phone).clone()).collect(),
            step: self.post.step,
            why,
        }
    }
}
