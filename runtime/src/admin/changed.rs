//! A change of an endpoint that an operator asks for: `cluster=api&endpoint=db1:5432&drained=true&weight=5`.
//!
//! It owns the form of the question, as it is asked and as it is read, and its answer.

use super::{
    Asked, json,
    query::{decoded, encoded},
    serve::{Answer, fault, over, refused, value},
};
use crate::server::Wish;
use hyper::StatusCode;
use serde_json::json;
use tidegate_core::group::Spec;

/// What an endpoint weighs that weighs what the file says.
pub const AS_THE_FILE: &str = "file";

/// Does what `query` asks for. It is done when every worker goes by it.
pub(super) async fn change(asked: &Asked, query: &str) -> Answer {
    let wish = match read(query) {
        Ok(wish) => wish,
        Err(why) => return fault(StatusCode::BAD_REQUEST, &why),
    };
    match asked.process.change(wish).await {
        Some(Ok(done)) => {
            // Whoever answers this has heard of the change before; one that is stuck is not waited for.
            let _answered = asked.workers.metrics().await;
            let cluster = json::cluster(&done.cluster);
            let told = json!({ "endpoint": done.endpoint, "cluster": cluster });
            value(StatusCode::OK, &told)
        }
        Some(Err(why)) => refused(&why, StatusCode::NOT_FOUND),
        None => over(),
    }
}

/// As [`read`] reads it.
pub(super) fn show(wish: &Wish) -> String {
    let Wish {
        cluster,
        endpoint,
        drained,
        weight,
    } = wish;
    let mut text = format!(
        "cluster={}&endpoint={}",
        encoded(cluster),
        encoded(endpoint)
    );
    if let Some(drained) = drained {
        text += &format!("&drained={drained}");
    }
    match weight {
        None => {}
        Some(None) => text += &format!("&weight={AS_THE_FILE}"),
        Some(Some(weight)) => text += &format!("&weight={weight}"),
    }
    text
}

fn read(query: &str) -> Result<Wish, String> {
    let mut wish = Wish::default();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let value =
            decoded(value).ok_or_else(|| format!("`{part}` is not encoded as a query is"))?;
        match key {
            "cluster" => wish.cluster = value,
            "endpoint" => wish.endpoint = value,
            "drained" => {
                let why = |_| format!("`{value}` is not true or false");
                wish.drained = Some(value.parse().map_err(why)?);
            }
            "weight" => wish.weight = Some(weight(&value)?),
            _ => {
                return Err(format!(
                    "`{key}` is nothing of an endpoint; there are cluster, endpoint, drained, weight"
                ));
            }
        }
    }
    match (&*wish.cluster, &*wish.endpoint) {
        ("", _) | (_, "") => Err("it takes a cluster and an endpoint".to_owned()),
        _ if wish.drained.is_none() && wish.weight.is_none() => {
            Err("it takes what is to change: drained, weight, or both".to_owned())
        }
        _ => Ok(wish),
    }
}

/// So much, or what the file says.
///
/// # Errors
/// It is neither.
pub fn weight(text: &str) -> Result<Option<u32>, String> {
    if text == AS_THE_FILE {
        return Ok(None);
    }
    match text.parse() {
        Ok(weight) if weight <= Spec::MOST_WEIGHT => Ok(Some(weight)),
        Ok(_) | Err(_) => Err(format!(
            "`{text}` is no weight: write a number from 0 to {}, or {AS_THE_FILE} for what the file says",
            Spec::MOST_WEIGHT
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_shown_is_read() {
        let wish = |drained, weight| Wish {
            cluster: "a b&c".to_owned(),
            endpoint: "[::1]:5432".to_owned(),
            drained,
            weight,
        };
        for wish in [
            wish(Some(true), None),
            wish(Some(false), Some(None)),
            wish(None, Some(Some(256))),
        ] {
            assert_eq!(read(&show(&wish)), Ok(wish));
        }
        assert!(read(&show(&wish(None, None))).is_err(), "nothing is wanted");
        for wrong in [
            "",
            "cluster=a",
            "endpoint=a&drained=true",
            "cluster=a&endpoint=b&drained=1",
            "cluster=a&endpoint=b&weight=257",
            "cluster=a&endpoint=b&weight=-1",
            "cluster=a&endpoint=b&weight=",
            "cluster=a&endpoint=%zz&weight=1",
            "cluster=a&endpoint=b&colour=red",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
