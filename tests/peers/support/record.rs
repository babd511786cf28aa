//! What the service has on record of a call.

use serde_json::Value;

/// What is on record of a call.
#[derive(Debug)]
pub struct Record {
    /// Its row.
    pub call: Value,
    /// Its case.
    pub case: Value,
}

impl Record {
    /// The kinds of the timeline's entries, in order.
    pub fn kinds(&self) -> Vec<String> {
        words(&self.case["entries"], "kind")
    }

    /// How each ring ended, in order.
    pub fn attempts(&self) -> Vec<String> {
        words(&self.case["attempts"], "outcome")
    }

    /// How the call ended.
    pub fn outcome(&self) -> &str {
        self.call["outcome"].as_str().unwrap()
    }

    /// The keys that were pressed.
    pub fn keys(&self) -> &str {
        self.call["keys"].as_str().unwrap()
    }

    /// Who is in need, the same on call and case.
    pub fn category(&self) -> &str {
        assert_eq!(self.call["category"], self.case["category"]);
        self.call["category"].as_str().unwrap()
    }
}

fn words(list: &Value, field: &str) -> Vec<String> {
    let list = list.as_array().unwrap();
    list.iter().map(|item| item[field].as_str().unwrap_or("open").to_owned()).collect()
}
