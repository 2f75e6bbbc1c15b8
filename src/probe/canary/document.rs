//! A JSON document that grants several wishes at once.

use super::super::value::Mark;
use super::super::value::wish::Wish;

/// One document with everything that is wished for, and the marker.
pub(super) fn merged(wishes: &[Wish], mark: &Mark) -> Option<String> {
    let mut whole = serde_json::json!({ "tenantctl": mark.text() });
    let mut count = 0;
    for wish in wishes {
        let Wish::Text(text) = wish else { continue };
        if let Ok(part @ serde_json::Value::Object(_)) = serde_json::from_str(text) {
            merge(&mut whole, part);
            count += 1;
        }
    }
    (count > 0).then(|| whole.to_string())
}

/// What is there already stays.
fn merge(whole: &mut serde_json::Value, part: serde_json::Value) {
    let (Some(into), serde_json::Value::Object(part)) = (whole.as_object_mut(), part) else {
        return;
    };
    for (key, value) in part {
        match into.get_mut(&key) {
            Some(old) => merge(old, value),
            None => {
                into.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_document_for_all_wishes() {
        let wishes = [
            Wish::Text("{\"org\":\"x\"}".to_owned()),
            Wish::Text("{\"meta\":{\"id\":\"1\"}}".to_owned()),
            Wish::Text("{\"meta\":{\"kind\":\"k\"}}".to_owned()),
            Wish::Text("{\"org\":\"y\"}".to_owned()),
        ];
        let mark = Mark {
            side: 'a',
            salt: 1,
            brief: false,
        };
        let whole = merged(&wishes, &mark).unwrap();
        assert_eq!(
            whole,
            "{\"tenantctl\":\"tenantctl-a-1\",\"org\":\"x\",\"meta\":{\"id\":\"1\",\"kind\":\"k\"}}"
        );
        assert_eq!(merged(&[], &mark), None);
    }
}
