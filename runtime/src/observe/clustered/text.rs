//! As the text format of Prometheus has it.

use super::{
    CONNECTIONS, CloseCause, Clusters, ERRORS, Ejected, Histogram, MEETINGS, Outcome, POOL,
    REQUESTS, RETRIES, Sum,
};
use crate::observe::{
    histogram::Bounds,
    names::{Family, label_value},
    request::reason,
};

impl Clusters {
    pub(in crate::observe) fn write(&self, out: &mut String) {
        self.histogram(out, &Family::CONNECTS, MEETINGS, |sum| &sum.connects);
        self.counts(
            out,
            &Family::CONNECT_ERRORS,
            &ERRORS.map(CloseCause::word),
            |sum| &sum.errors,
        );
        self.counts(out, &Family::POOL_REQUESTS, &POOL, |sum| &sum.pool);
        self.counts(out, &Family::EJECTIONS, &Ejected::WORDS, |sum| {
            &sum.ejections
        });
        self.counts(out, &Family::CLIENT_OPEN, &["active", "idle"], |sum| {
            &sum.open
        });
        self.histogram(out, &Family::CLIENT_AGE, CONNECTIONS, |sum| &sum.lives);
        self.write_answers(out);
        self.write_retries(out);
        Family::LEARNED.head(out);
        for (cluster, sum) in self.named() {
            if let Some(seconds) = sum.learned {
                Family::LEARNED.sample(out, &cluster, seconds);
            }
        }
    }

    /// Each with its label.
    fn named(&self) -> impl Iterator<Item = (String, &Sum)> {
        let all = self.0.iter();
        all.map(|(name, sum)| (format!("cluster=\"{}\"", label_value(name)), sum))
    }

    fn histogram(
        &self,
        out: &mut String,
        family: &Family,
        bounds: Bounds,
        of: fn(&Sum) -> &Histogram,
    ) {
        family.head(out);
        for (cluster, sum) in self.named() {
            of(sum).write(out, family.name, &cluster, bounds);
        }
    }

    fn counts(&self, out: &mut String, family: &Family, words: &[&str], of: fn(&Sum) -> &[u64]) {
        family.head(out);
        let label = family.labels.last().copied().unwrap_or_default();
        for (cluster, sum) in self.named() {
            for (word, count) in words.iter().zip(of(sum)) {
                family.sample(out, &format!("{cluster},{label}=\"{word}\""), count);
            }
        }
    }

    fn write_answers(&self, out: &mut String) {
        let family = &Family::CLIENT_DURATION;
        family.head(out);
        let labels = |cluster: &str, status: &str, error: &str| {
            format!("{cluster},http_response_status_code=\"{status}\",error_type=\"{error}\"")
        };
        for (cluster, sum) in self.named() {
            for ((status, error), histogram) in &sum.answers {
                let status = match status {
                    0 => String::new(),
                    status => status.to_string(),
                };
                let labels = labels(&cluster, &status, error);
                histogram.write(out, family.name, &labels, REQUESTS);
            }
            if sum.other_answers.count() > 0 {
                let labels = labels(&cluster, "_OTHER", "");
                sum.other_answers.write(out, family.name, &labels, REQUESTS);
            }
        }
    }

    fn write_retries(&self, out: &mut String) {
        let family = &Family::RETRIES;
        family.head(out);
        for (cluster, sum) in self.named() {
            for (rule, counts) in RETRIES.iter().zip(&sum.retries) {
                for (outcome, count) in Outcome::WORDS.iter().zip(counts) {
                    let rule = reason(*rule);
                    let labels = format!("{cluster},reason=\"{rule}\",outcome=\"{outcome}\"");
                    family.sample(out, &labels, count);
                }
            }
        }
        Family::BUDGET.head(out);
        for (cluster, sum) in self.named() {
            // Nobody may send anything again where there is no budget at all.
            let [left, most] = sum.standing.budget;
            let mille = (left * 1_000).checked_div(most).unwrap_or(0);
            let ratio = format!("{}.{:03}", mille / 1_000, mille % 1_000);
            Family::BUDGET.sample(out, &cluster, ratio);
        }
    }
}
